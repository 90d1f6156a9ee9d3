// The sidebar is a popover drawer on a phone, with no script at all. Here: closing it on a wide screen, remembered,
// and links that look like buttons answering to the space bar as buttons do.

const root = document.documentElement;
const wide = window.matchMedia("(min-width: 48.0625rem)");
const KEY = "sidebar";

if (wide.matches && localStorage.getItem(KEY) === "closed") root.dataset.sidebar = "closed";

document.addEventListener("click", (event) => {
  if (!wide.matches || !event.target.closest("[data-sidebar-toggle]")) return;
  event.preventDefault();
  const closed = root.dataset.sidebar !== "closed";
  root.dataset.sidebar = closed ? "closed" : "open";
  localStorage.setItem(KEY, root.dataset.sidebar);
  const other = closed ? ".topbar [data-sidebar-toggle]" : ".sidebar [data-sidebar-toggle]";
  document.querySelector(other).focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches("a[role=button]")) return;
  event.preventDefault();
  event.target.click();
});

// A drawer left open would cover the page when the window grows.
wide.addEventListener("change", () => {
  const sidebar = document.getElementById("sidebar");
  if (sidebar.matches(":popover-open")) sidebar.hidePopover();
});
