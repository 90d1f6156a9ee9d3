// What somebody has chosen in this browser. Checkboxes with [data-preference] show and change it, in every window.

// Without a keyboard there is no Shift+Enter.
const DEFAULTS = { enter: !window.matchMedia("(hover: none) and (pointer: coarse)").matches, shortcuts: true };

const kept = (name) => localStorage.getItem(`preference:${name}`);

export const prefers = (name) => (kept(name) === null ? DEFAULTS[name] : kept(name) === "on");

export function onPreferences(listener) {
  document.addEventListener("preferences:changed", listener);
  listener();
}

const changed = () => document.dispatchEvent(new CustomEvent("preferences:changed"));

document.addEventListener("change", (event) => {
  const { preference } = event.target.dataset;
  if (!preference) return;
  localStorage.setItem(`preference:${preference}`, event.target.checked ? "on" : "off");
  changed();
});

addEventListener("storage", (event) => event.key?.startsWith("preference:") && changed());

onPreferences(() => {
  for (const box of document.querySelectorAll("[data-preference]")) box.checked = prefers(box.dataset.preference);
});
