// Keeps the list of conversations true. A visible page asks for the list's revision, one row of one table, and fetches
// the list when it is another one. What one window learns it tells the others at once.

const ANSWERING = 2_000; // milliseconds between questions while an answer is being written
const IDLE = 10_000;
const QUIET = 30_000; // while nobody has touched the page for a while
const WHILE = 120_000;
const CHANGES = /^\/chat\/(send\/$|messages\/.*\/reply\/$|turns\/.*\/approvals\/)/; // what is posted in a conversation

const root = document.documentElement;
const others = "BroadcastChannel" in window ? new BroadcastChannel("threads") : null;
const list = () => document.getElementById("thread-list");
const part = () => document.getElementById("thread-part");

export const openThread = () => document.getElementById("composer-form").elements.thread_id.value;

let timer = 0;
let touched = Date.now();
let stale = false; // the list has changed while somebody was working in it
let unseen = false; // an answer has ended in the open conversation while nobody looked

// A closed drawer is a visible document too: embed.js tells.
const isWatched = () => document.visibilityState === "visible" && root.dataset.drawer !== "closed";
const isBusy = () => document.querySelector(".thread-rename, #bulk-form, #thread-menu:popover-open") !== null;

async function ask(url, options = {}) {
  try {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const response = await fetch(url, { headers, ...options });
    if (response.headers.has("HX-Redirect")) location.reload(); // signed out in another window
    return response.ok ? await response.text() : null;
  } catch {
    return null; // offline: the next question finds out
  }
}

export async function refresh({ forced = false } = {}) {
  if (isBusy() && !forced) {
    stale = true;
    return;
  }
  stale = false;
  const [old, thread] = [part(), openThread()];
  const whole = forced || !old.dataset.end || thread !== list().dataset.thread;
  const url = new URL(old.dataset.source, location.href);
  if (thread) url.searchParams.set("thread", thread);
  url.searchParams.delete("select");
  if (!whole) url.searchParams.set("through", old.dataset.end);
  const html = await ask(url);
  if (html === null || part() !== old || (isBusy() && !forced)) return;
  exchange(whole ? list() : old, html);
  // The first part has grown beyond what one answer holds: what follows no longer joins it.
  if (!whole && part().dataset.end !== old.dataset.end) await refresh({ forced: true });
  others?.postMessage(part().dataset.revision);
}

function exchange(old, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  const focused = old.contains(document.activeElement) && document.activeElement.id;
  old.replaceWith(fresh);
  window.htmx.process(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  shown();
}

// A conversation that has moved up since the page below was fetched is listed there as well.
function dropDoubles() {
  const seen = new Set();
  for (const entry of list().querySelectorAll(".thread")) {
    if (seen.has(entry.dataset.thread)) entry.remove();
    seen.add(entry.dataset.thread);
  }
  for (const group of list().querySelectorAll(".thread-group")) if (!group.querySelector(".thread")) group.remove();
}

function showTitle() {
  const open = list().querySelector("[aria-current=page] .thread-title");
  if (!open || !openThread()) return;
  document.getElementById("topbar-title").textContent = open.textContent;
  document.title = open.textContent;
}

// A new chat has become a conversation.
function offerShare() {
  const link = document.getElementById("topbar-share");
  link.hidden = !openThread();
  link.href = `/chat/${openThread()}/share/`;
}

function shown() {
  dropDoubles();
  offerShare();
  showTitle();
  document.dispatchEvent(new CustomEvent("threads:shown", { detail: { unread: Number(part().dataset.unread) } }));
}

async function check() {
  schedule();
  const revision = await ask("/chat/threads/revision/");
  const known = part().dataset.revision;
  if (!revision || revision === known) return;
  // Somebody else has signed in: nothing on this page is theirs.
  if (revision.split("-")[0] !== known.split("-")[0]) location.reload();
  else await refresh();
  schedule();
}

function pause() {
  if (list().querySelector(".activity")) return ANSWERING;
  return Date.now() - touched < WHILE ? IDLE : QUIET;
}

function schedule() {
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(check, pause());
}

function touch() {
  const wasQuiet = Date.now() - touched >= WHILE;
  touched = Date.now();
  if (wasQuiet) look();
}

async function tellSeen() {
  if (!unseen || !isWatched()) return;
  unseen = false;
  await ask(`/chat/${openThread()}/seen/`, { method: "POST", headers: { "HX-Request": "true" } });
}

async function look() {
  if (document.visibilityState !== "visible") return;
  await tellSeen();
  await check();
}

document.addEventListener("live:end", async () => {
  unseen = true;
  await tellSeen();
  await refresh();
});

document.addEventListener("htmx:afterRequest", async (event) => {
  const { path, verb } = event.detail.requestConfig ?? {};
  if (verb !== "post" || !event.detail.successful || !CHANGES.test(path)) return;
  await refresh();
  schedule();
});

document.addEventListener("threads-changed", () => refresh({ forced: true }));
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.closest?.(".threads")) shown();
});
document.addEventListener("threads:idle", () => {
  if (stale) refresh();
});
for (const name of ["pointerdown", "pointermove", "keydown"]) addEventListener(name, touch, { passive: true });
document.addEventListener("page:woke", look);
document.addEventListener("drawer:shown", look);
if (others) others.onmessage = (event) => event.data !== part().dataset.revision && look();

if ("zoneIsNew" in root.dataset) refresh();
shown();
schedule();
