// An OpenID Connect provider whose people are decided over HTTP, and which lies on demand: node provider.mjs PORT REDIRECT BACK
import { createHash, generateKeyPairSync } from "node:crypto";
import { pathToFileURL } from "node:url";

const load = name => import(pathToFileURL(`${process.cwd()}/node_modules/${name}`));
const { Provider } = await load("oidc-provider/lib/index.js");
const { SignJWT, UnsecuredJWT, decodeJwt, importJWK } = await load("jose/dist/webapi/index.js");

const [port, redirect, back] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const key = { ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), use: "sig" };
const secret = "a client's secret: 100% of it";
// Who signs in next, what is said of them, and how the next answer lies.
const wish = { sub: "ana-1", claims: {}, lie: {}, refusal: "" };
const asked = [];

const provider = new Provider(issuer, {
  clients: [
    { client_id: "chat", client_secret: secret, redirect_uris: [redirect], post_logout_redirect_uris: [back] },
    { client_id: "public", token_endpoint_auth_method: "none", redirect_uris: [redirect] },
  ],
  jwks: { keys: [key] },
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email", "email_verified"] },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...wish.claims }) }),
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});

async function lying(token) {
  const { alg, part, claims } = wish.lie;
  const said = { ...decodeJwt(token), ...claims };
  if (part) return token.split(".").map((text, n) => (n === 1 ? Buffer.from(JSON.stringify(said)).toString("base64url") : text)).join(".");
  if (alg === "none") return new UnsecuredJWT(said).encode();
  if (alg === "HS256") return new SignJWT(said).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
  const kid = createHash("sha256").update(JSON.stringify({ e: key.e, kty: key.kty, n: key.n })).digest("base64url");
  return new SignJWT(said).setProtectedHeader({ alg: "RS256", kid }).sign(await importJWK(key, "RS256"));
}

async function read(stream) {
  let text = "";
  for await (const piece of stream) text += piece;
  return JSON.parse(text);
}

provider.use(async (ctx, next) => {
  if (ctx.path === "/wish") {
    Object.assign(wish, { lie: {}, claims: {}, refusal: "" }, await read(ctx.req));
    ctx.body = asked.splice(0);
    return;
  }
  asked.push(ctx.path);
  if (ctx.path.startsWith("/interaction/")) {
    const { prompt } = await provider.interactionDetails(ctx.req, ctx.res);
    const result = wish.refusal
      ? { error: wish.refusal, error_description: "<b>a long story</b>" }
      : { login: { accountId: wish.sub }, consent: {} };
    ctx.assert(prompt.name === "login", 400, prompt.name);
    return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
  }
  await next();
  if (ctx.path === "/token" && ctx.body?.id_token && Object.keys(wish.lie).length) {
    ctx.body = { ...ctx.body, id_token: await lying(ctx.body.id_token) };
  }
  if (ctx.path === wish.lie.path) Object.assign(ctx, { status: 200, body: wish.lie.body });
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
