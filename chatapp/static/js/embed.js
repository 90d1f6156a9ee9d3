// The chat in a frame: tells the page around it what it needs to know, if that page is one of those allowed. The page
// begins with "chatapp:hello"; its origin is then the only one that anything is sent to. See docs/embedding.md.

const root = document.documentElement;
const shell = document.querySelector("[data-parents], .shell, [data-signed-out]");
const allowed = [location.origin, ...(shell?.dataset.parents ?? "").split(" ").filter(Boolean)];
const expand = document.getElementById("embed-expand");

let origin = "";
let unread = 0;

function tell(type, more = {}) {
  if (origin) window.parent.postMessage({ type: `chatapp:${type}`, ...more }, origin);
}

function setDrawer(isOpen) {
  root.dataset.drawer = isOpen ? "open" : "closed";
  if (isOpen) document.dispatchEvent(new CustomEvent("drawer:shown"));
}

function setExpanded(isExpanded) {
  if (!expand) return;
  expand.setAttribute("aria-pressed", String(isExpanded));
  expand.title = isExpanded ? "Collapse" : "Expand";
}

addEventListener("message", (event) => {
  if (event.source !== window.parent || window.parent === window || !allowed.includes(event.origin)) return;
  const { type, open, expanded } = event.data ?? {};
  if (type !== "chatapp:hello" && type !== "chatapp:state") return;
  origin = event.origin;
  setDrawer(Boolean(open));
  setExpanded(Boolean(expanded));
  tell("unread", { unread });
});

document.addEventListener("threads:shown", (event) => {
  unread = event.detail.unread;
  tell("unread", { unread });
});

expand?.addEventListener("click", () => tell("expand"));
document.getElementById("embed-close")?.addEventListener("click", () => tell("close"));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && event.target.matches("body, #composer-text")) tell("close");
});

// Somebody has signed in, in the other tab.
if (document.querySelector("[data-signed-out]")) {
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && location.reload());
  addEventListener("focus", () => location.reload());
}
