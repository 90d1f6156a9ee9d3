// The menu of an entry: one for all, opened at the button that asks for it.

import { openThread } from "./sidebar-live.js";
import { rename } from "./sidebar-rename.js";

const menu = document.getElementById("thread-menu");
const MARGIN = 8;

let entry = null; // the one that the menu is about
let next = ""; // what gets the focus when the entry has left the list

const items = () => [...menu.querySelectorAll("[role=menuitem]:not([hidden])")];
const optionsOf = (thread) => thread.querySelector(".thread-options");

function offer(thread) {
  const [isPinned, isArchived] = ["pinned" in thread.dataset, "archived" in thread.dataset];
  const automate = "automatable" in thread.dataset;
  const offered = { rename: true, share: true, automate, pin: !isPinned, unpin: isPinned, archive: !isArchived, unarchive: isArchived };
  for (const item of menu.children) item.hidden = !offered[item.dataset.action];
}

function place(button) {
  const [at, size] = [button.getBoundingClientRect(), menu.getBoundingClientRect()];
  const below = at.bottom + size.height + MARGIN <= innerHeight;
  menu.style.top = `${below ? at.bottom : Math.max(MARGIN, at.top - size.height)}px`;
  menu.style.left = `${Math.min(at.left, innerWidth - size.width - MARGIN)}px`;
}

function open(button) {
  entry = button.closest(".thread");
  offer(entry);
  menu.showPopover();
  place(button);
  button.setAttribute("aria-expanded", "true");
  items()[0].focus({ preventScroll: true });
}

// The page stands beside the chat: never in a frame of another page.
function share() {
  const address = `/chat/${entry.dataset.thread}/share/`;
  if (parent === window) location.assign(address);
  else window.open(address, "_blank", "noopener");
}

// It leads to a page beside the chat as well.
function automate() {
  const form = document.createElement("form");
  form.method = "post";
  form.action = `/chat/${entry.dataset.thread}/automation/`;
  if (parent !== window) Object.assign(form, { target: "_blank", rel: "noopener" });
  document.body.append(form);
  form.submit();
  form.remove();
}

function act(action) {
  const { thread } = entry.dataset;
  if (action.endsWith("archive")) {
    const neighbour = entry.nextElementSibling ?? entry.previousElementSibling;
    next = neighbour?.querySelector(".thread-link").id ?? "history-search";
  }
  const values = { open: openThread() };
  window.htmx.ajax("POST", `/chat/${thread}/${action}/`, { source: "body", values, target: "#notices", swap: "innerHTML" });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".thread-options");
  if (!button) return;
  event.preventDefault();
  open(button);
});

menu.addEventListener("click", (event) => {
  const item = event.target.closest("[data-action]");
  if (!item) return;
  menu.hidePopover();
  if (item.dataset.action === "rename") rename(entry);
  else if (item.dataset.action === "share") share();
  else if (item.dataset.action === "automate") automate();
  else act(item.dataset.action);
});

menu.addEventListener("keydown", (event) => {
  const all = items();
  const at = all.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (to === undefined) return;
  event.preventDefault();
  all.at(to % all.length).focus();
});

menu.addEventListener("toggle", (event) => {
  if (event.newState !== "closed") return;
  if (entry) optionsOf(entry)?.removeAttribute("aria-expanded");
  document.dispatchEvent(new CustomEvent("threads:idle"));
});

// The menu stays with its entry.
function keepUp() {
  if (menu.matches(":popover-open") && entry.isConnected) place(optionsOf(entry));
}

document.getElementById("threads").addEventListener("scroll", keepUp, { passive: true });
addEventListener("resize", keepUp);

document.addEventListener("threads:shown", () => {
  if (next) (document.getElementById(next) ?? document.getElementById("history-search")).focus({ preventScroll: true });
  next = "";
});
