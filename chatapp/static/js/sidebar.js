// The sidebar is a popover drawer on a phone, with no script at all. Here: closing it on a wide screen, remembered, the
// focus in the drawer, and links that look like buttons answering to the space bar as buttons do.

const root = document.documentElement;
const wide = window.matchMedia("(min-width: 48.0625rem)");
const KEY = location.pathname.startsWith("/embed/") ? "sidebar:embed" : "sidebar";
const YEAR = 365 * 24 * 60 * 60;

if (wide.matches && localStorage.getItem(KEY) === "closed") root.dataset.sidebar = "closed";

// The server groups the list by the days of this zone. A page that came without it is put right by sidebar-live.js.
const zone = `timezone=${encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone)}`;
if (!document.cookie.split("; ").includes(zone)) {
  document.cookie = `${zone}; path=/; max-age=${YEAR}; samesite=lax`;
  if (document.cookie.includes(zone)) root.dataset.zoneIsNew = "";
}

document.addEventListener("click", (event) => {
  if (!wide.matches || !event.target.closest("[data-sidebar-toggle]")) return;
  event.preventDefault();
  const closed = root.dataset.sidebar !== "closed";
  root.dataset.sidebar = closed ? "closed" : "open";
  localStorage.setItem(KEY, root.dataset.sidebar);
  const other = closed ? ".topbar [data-sidebar-toggle]" : ".sidebar [data-sidebar-toggle]";
  document.querySelector(other).focus();
});

// The drawer takes the focus, and gives it back unless somebody has taken it elsewhere.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.id !== "sidebar") return;
    const opened = event.newState === "open";
    const button = document.querySelector(`${opened ? ".sidebar" : ".topbar"} [data-sidebar-toggle]`);
    const focused = document.activeElement;
    if (opened || focused === document.body || event.target.contains(focused)) button.focus({ preventScroll: true });
  },
  true, // toggle does not bubble
);

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
