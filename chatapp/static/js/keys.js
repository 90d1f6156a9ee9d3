// The keys of the chat. They have two modifiers, so that they fight neither browsers nor screen readers, are listed in a
// dialog, and can be turned off there.

import { onPreferences, prefers } from "./preferences.js";

const dialog = document.getElementById("keys");
const button = document.getElementById("keys-button");
const field = document.getElementById("composer-text");
const wide = window.matchMedia("(min-width: 48.0625rem)");
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const MODIFIER = isMac ? "Control" : "Alt"; // Option types characters

const find = (selector) => document.querySelector(selector);
const links = () => [...document.querySelectorAll("#thread-list a.thread-link")];

function showSidebar() {
  const sidebar = document.getElementById("sidebar");
  if (sidebar.checkVisibility()) return;
  if (wide.matches) find(".topbar [data-sidebar-toggle]").click();
  else sidebar.showPopover();
}

function search() {
  showSidebar();
  document.getElementById("history-search").focus();
}

function walk(step) {
  const all = links();
  const at = all.findIndex((link) => link.ariaCurrent === "page");
  const to = at < 0 ? (step > 0 ? 0 : -1) : at + step;
  if (to >= 0) all[to]?.click();
}

const show = () => dialog.open || dialog.showModal();

const ACTIONS = {
  new: () => find(".new-chat").click(),
  search,
  message: () => field.focus(),
  stop: () => find("#composer-controls form button")?.click(),
  copy: () => [...document.querySelectorAll(".message[data-role=assistant] [data-copy-message]")].at(-1)?.click(),
  previous: () => walk(-1),
  next: () => walk(1),
  keys: show,
};

const shortcuts = new Map(
  [...dialog.querySelectorAll("[data-key]")].map(({ dataset }) => [dataset.key, ACTIONS[dataset.shortcut]]),
);
const SHOWN_ON = { new: ".new-chat", search: "#history-search", message: "#composer-text", keys: "#keys-button" };

// On a keyboard without Latin letters the place of the key counts.
const letterOf = ({ key, code }) => (/^[a-z]$/i.test(key) ? key.toUpperCase() : code.replace(/^Key/, ""));
const isTyping = ({ target }) => target.closest("input, textarea, select, [contenteditable]") !== null;

function actionOf(event) {
  if (event.metaKey || event.getModifierState("AltGraph")) return undefined;
  if (event.key === "?" && !event.ctrlKey && !event.altKey && !isTyping(event)) return show;
  const modified = event.shiftKey && event.altKey !== isMac && event.ctrlKey === isMac;
  return modified ? shortcuts.get(letterOf(event)) : undefined;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || !prefers("shortcuts")) return;
  const action = actionOf(event);
  if (!action || (find("dialog[open]") && action !== show)) return;
  event.preventDefault();
  action();
});

button.hidden = false;
button.addEventListener("click", show);
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-keys-close]")) dialog.close();
});

// The card with the usage is closed as menus are.
document.addEventListener("keydown", (event) => {
  const usage = event.key === "Escape" && find(".usage[open]");
  if (!usage) return;
  event.preventDefault();
  usage.open = false;
  if (usage.contains(document.activeElement)) usage.querySelector("summary").focus();
});

onPreferences(() => {
  for (const key of dialog.querySelectorAll("[data-modifier]")) key.textContent = MODIFIER;
  for (const line of dialog.querySelectorAll("[data-shortcut]")) line.toggleAttribute("data-off", !prefers("shortcuts"));
  for (const line of dialog.querySelectorAll("[data-when]")) {
    line.hidden = (line.dataset.when === "enter") !== prefers("enter");
  }
  for (const { dataset } of dialog.querySelectorAll("[data-key]")) {
    const control = SHOWN_ON[dataset.shortcut] && find(SHOWN_ON[dataset.shortcut]);
    if (control) control.ariaKeyShortcuts = prefers("shortcuts") ? `${MODIFIER}+Shift+${dataset.key}` : null;
  }
});
