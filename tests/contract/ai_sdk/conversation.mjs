// Conversations of the AI SDK's own chat with the turns API. Arguments: folder of the packages, URL, secret, thread ids
// as JSON by name. Prints what each conversation came to, as JSON.
const [, , folder, url, secret, given] = process.argv;
const { AbstractChat, DefaultChatTransport, readUIMessageStream } = await import(`${folder}/node_modules/ai/dist/index.js`);

const threads = JSON.parse(given);
const headers = { Authorization: `Bearer ${secret}` };
const address = (thread, what) => `${url}/api/v1/chat/threads/${thread}/${what}`;
const post = (path, body) =>
  fetch(path, { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) });

class State {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage = (message) => this.messages.push(message);
  popMessage = () => this.messages.pop();
  replaceMessage = (index, message) => (this.messages[index] = message);
  snapshot = (thing) => structuredClone(thing);
}

class Chat extends AbstractChat {
  constructor(thread, messages = []) {
    const errors = [];
    const state = Object.assign(new State(), { messages });
    super({ id: thread, state, transport: transport(thread), onError: (error) => errors.push(String(error)) });
    this.errors = errors;
  }
}

function transport(thread) {
  return new DefaultChatTransport({
    api: address(thread, "turns/stream"),
    headers,
    prepareReconnectToStreamRequest: () => ({ api: address(thread, "turns/stream"), headers }),
  });
}

const text = (message) => message.parts.filter((part) => part.type === "text").map((part) => part.text).join("\n\n");
const parts = (message, prefix) => message.parts.filter((part) => part.type.startsWith(prefix));

async function shown(chat, words) {
  const deadline = Date.now() + 30_000;
  while (!(chat.lastMessage?.role === "assistant" && text(chat.lastMessage).includes(words))) {
    if (Date.now() > deadline) throw new Error(`never shown: ${words}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const told = (chat) => ({
  errors: chat.errors,
  status: chat.status,
  messages: chat.messages.map((message) => ({ id: message.id, role: message.role, text: text(message) })),
  tools: parts(chat.lastMessage, "tool-").map(({ type, state, output, input }) => ({ type, state, output, input })),
  turns: parts(chat.lastMessage, "data-turn").map((part) => part.data.status),
});

async function talk() {
  const chat = new Chat(threads.talk);
  await chat.sendMessage({ text: 'hello\n/tool calculate {"expression": "2 + 3"}' });
  const first = told(chat);
  await chat.sendMessage({ text: "and again" });
  return { first, second: told(chat) };
}

async function regenerate() {
  const chat = new Chat(threads.regenerate);
  await chat.sendMessage({ text: "hello" });
  const first = chat.lastMessage.id;
  await chat.regenerate({ messageId: first });
  return { first, ...told(chat) };
}

async function stop() {
  const chat = new Chat(threads.stop);
  const sent = chat.sendMessage({ text: "/slow 1000" });
  await shown(chat, "tick 3 ");
  const partialText = text(chat.lastMessage);
  await chat.stop();
  const { status } = await post(address(threads.stop, "turns/cancel"), { partialText });
  await sent;
  return { partialText, cancelled: status, ...told(chat) };
}

async function resume() {
  const cut = new Chat(threads.resume);
  const sent = cut.sendMessage({ text: "/slow 20" });
  await shown(cut, "tick 3 ");
  await cut.stop();
  await sent;
  const chat = new Chat(threads.resume, cut.messages.slice(0, 1));
  await chat.resumeStream();
  const resumed = told(chat);
  await chat.resumeStream(); // there is nothing any more: 204
  return { resumed, after: told(chat) };
}

async function approve() {
  const chat = new Chat(threads.approve);
  await chat.sendMessage({ text: '/tool rename_thread {"title": "Moon base"}' });
  const asked = told(chat);
  const [call] = parts(chat.lastMessage, "tool-");
  const turn = chat.lastMessage.parts.find((part) => part.type === "data-turn").data.id;
  const { status } = await post(`${url}/api/v1/chat/turns/${turn}/approvals`, { approvalId: call.approval.id, approved: true });
  const stream = await fetch(`${url}/api/v1/chat/turns/${turn}/stream`, { headers });
  await stream.text(); // until it has ended
  const again = new DefaultChatTransport({
    prepareReconnectToStreamRequest: () => ({ api: `${url}/api/v1/chat/turns/${turn}/stream`, headers }),
  });
  let message;
  for await (message of readUIMessageStream({ stream: await again.reconnectToStream({ chatId: threads.approve }) }));
  return { asked, decided: status, text: text(message), tools: parts(message, "tool-").map((part) => part.state) };
}

async function fail() {
  const chat = new Chat(threads.fail);
  await chat.sendMessage({ text: "/fail provider_unavailable" });
  return told(chat);
}

const results = {};
for (const conversation of [talk, regenerate, stop, resume, approve, fail]) results[conversation.name] = await conversation();
console.log(JSON.stringify(results));
