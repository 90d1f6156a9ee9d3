// Shows answers while they are written. `applyOps` is the counterpart of chatapp/web/render/live.py; a follower keeps
// every element with `data-live` (the address of a running turn's event stream) up to date.

const QUIET = 20_000; // without a sign of life for so long, a page connects anew: the server gives one more often
const FIRST_DELAY = 500;
const LONGEST_DELAY = 2_000; // a page that is looked at shows the truth within three seconds of a server's return
const UNSEEN_DELAY = 30_000;

const tails = new WeakMap(); // holder of an open part -> its HTML

export function applyOps(container, ops) {
  for (const op of ops) {
    if ("calls" in op) {
      showCalls(container.parentElement.querySelector(":scope > .calls"), op.calls);
      continue;
    }
    if ("open" in op) container.insertAdjacentHTML("beforeend", op.open);
    const block = container.lastElementChild;
    if ("text" in op) growText(block.querySelector("code"), op);
    if ("tail" in op || op.settle) growTail(block.querySelector(":scope > [data-tail]"), op);
    if ("close" in op) close(block, op.close);
  }
  container.dispatchEvent(new CustomEvent("live:grow", { bubbles: true }));
}

// What somebody is typing in a card survives that another card changes.
function showCalls(holder, html) {
  patch(holder, parse(html));
  globalThis.htmx?.process(holder);
}

function growText(code, { text, keep }) {
  if (keep === undefined && code.firstChild) code.firstChild.appendData(text);
  else code.textContent = keep === undefined ? text : code.textContent.slice(0, keep) + text;
}

function growTail(holder, { tail, keep, settle }) {
  if (tail !== undefined) {
    const html = (tails.get(holder) ?? "").slice(0, keep) + tail;
    tails.set(holder, html);
    patch(holder, parse(html));
  }
  if (settle) {
    holder.before(...holder.childNodes);
    tails.delete(holder);
  }
}

function close(block, html) {
  if (html) {
    block.replaceWith(parse(html));
    return;
  }
  block.querySelector(":scope > [data-tail]")?.remove();
  block.dataset.blockStatus = "complete";
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// Makes the children of `live` equal those of `fresh` and touches only what differs, so that a selection, the focus
// and the scroll position of a table survive.
function patch(live, fresh) {
  let [old, now] = [live.firstChild, fresh.firstChild];
  while (old && now) {
    const [oldNext, nowNext] = [old.nextSibling, now.nextSibling];
    if (!old.isEqualNode(now)) {
      if (!old.cloneNode(false).isEqualNode(now.cloneNode(false))) replace(old, now);
      else patch(old, now);
    }
    [old, now] = [oldNext, nowNext];
  }
  while (old) {
    const next = old.nextSibling;
    old.remove();
    old = next;
  }
  if (now) append(live, now);
}

// What is the same stays in place: a drawn diagram, a selection, the place one has scrolled to.
function become(element, final) {
  for (const name of element.getAttributeNames()) element.removeAttribute(name);
  for (const name of final.getAttributeNames()) element.setAttribute(name, final.getAttribute(name));
  patch(element, final);
}

function replace(old, now) {
  if (old.nodeType === Node.TEXT_NODE && now.nodeType === Node.TEXT_NODE) old.data = now.data;
  else old.replaceWith(now);
}

function append(live, now) {
  while (now) {
    const next = now.nextSibling;
    live.append(now);
    now = next;
  }
}

// Is among `followers` as long as its element is in the page and not at its end.
class Follower {
  constructor(element) {
    this.element = element;
    this.url = new URL(element.dataset.live, location.href);
    this.last = Number(this.url.searchParams.get("after") ?? 0);
    this.delay = FIRST_DELAY;
    this.connect();
  }

  get article() {
    return this.element.closest("article") ?? this.element;
  }

  connect() {
    clearTimeout(this.timer);
    this.source?.close();
    if (!this.element.isConnected) {
      followers.delete(this);
      return;
    }
    followers.add(this);
    if (this.last) this.url.searchParams.set("after", this.last);
    this.seen = Date.now();
    this.source = new EventSource(this.url);
    this.source.onopen = () => this.alive();
    this.source.onmessage = (event) => this.grow(event);
    this.source.onerror = () => this.lose();
    this.source.addEventListener("ping", () => this.alive());
    this.source.addEventListener("composer", (event) => {
      this.composer = event.data;
    });
    this.source.addEventListener("end", (event) => this.end(event.data));
  }

  alive() {
    this.seen = Date.now();
    this.delay = FIRST_DELAY;
    delete this.article.dataset.connection;
    if (!this.element.isConnected) this.connect();
  }

  grow(event) {
    this.alive();
    const id = Number(event.lastEventId);
    if (id <= this.last) return;
    this.last = id;
    try {
      applyOps(this.element.querySelector(".blocks"), JSON.parse(event.data));
    } catch (error) {
      this.giveUp(error);
    }
  }

  // The server has it all: whatever went wrong here, a reload shows it.
  giveUp(error) {
    this.source.close();
    followers.delete(this);
    this.article.dataset.connection = "broken";
    const panel = document.createElement("p");
    panel.className = "unavailable";
    panel.innerHTML = 'This answer cannot be shown here. <a href="">Try again</a>';
    this.article.append(panel);
    console.error(error);
  }

  lose() {
    this.source.close();
    this.article.dataset.connection = "lost";
    clearTimeout(this.timer);
    // Not all at once: many pages may have lost the same server.
    const delay = document.visibilityState === "visible" ? this.delay : UNSEEN_DELAY;
    this.timer = setTimeout(() => this.connect(), delay * (0.75 + Math.random() / 2));
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
  }

  get isClosed() {
    return this.source.readyState === EventSource.CLOSED;
  }

  get isSilent() {
    return !this.isClosed && Date.now() - this.seen >= QUIET;
  }

  end(html) {
    this.source.close();
    followers.delete(this);
    const article = this.article;
    become(article, parse(html).firstElementChild);
    globalThis.htmx?.process(article);
    if (article.dataset.live) new Follower(article); // it waits for a person: then it goes on
    const detail = { composer: this.composer };
    article.dispatchEvent(new CustomEvent("live:end", { bubbles: true, detail }));
  }
}

const followers = new Set();
const followed = new WeakSet();

function follow(root) {
  for (const follower of [...followers].filter(({ element }) => !element.isConnected)) follower.connect();
  for (const element of [root, ...root.querySelectorAll("[data-live]")]) {
    if (!element.dataset?.live || followed.has(element)) continue;
    followed.add(element);
    new Follower(element);
  }
}

function reconnect(isNeeded) {
  if (document.visibilityState !== "visible") return;
  for (const follower of [...followers].filter(isNeeded)) follower.connect();
}

document.addEventListener("page:woke", ({ detail }) => {
  reconnect((follower) => detail.lost || follower.isClosed || follower.isSilent);
});
setInterval(() => reconnect((follower) => follower.isSilent), 1_000);
document.addEventListener("htmx:load", (event) => follow(event.target));
follow(document);
