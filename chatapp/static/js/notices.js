// Notices in the corner: they leave by themselves unless somebody reads or reaches them, and tell what went wrong.

const WITH_UNDO = 20_000;
const PLAIN = 6_000;
const region = document.getElementById("notices");
const FAILED = "That did not work. Please try again.";

let timer = 0;

// In the top layer, last of all, so that the drawer of a phone does not cover it.
region.popover = "manual";

function stay() {
  clearTimeout(timer);
}

function leave() {
  stay();
  if (!region.querySelector(".notice")) return;
  timer = setTimeout(clear, region.querySelector(".notice-undo") ? WITH_UNDO : PLAIN);
}

function clear() {
  region.replaceChildren();
  region.hidePopover();
}

function show() {
  region.hidePopover();
  if (region.querySelector(".notice")) region.showPopover();
  leave();
}

function tell(text) {
  const [notice, line] = [document.createElement("div"), document.createElement("p")];
  notice.className = "notice notice-error";
  line.textContent = text;
  notice.append(line);
  region.replaceChildren(notice);
  show();
}

function reasonOf(xhr) {
  const page = new DOMParser().parseFromString(xhr?.responseText || "", "text/html");
  return page.querySelector("[data-error-message]")?.textContent.trim() || FAILED;
}

// The composer tells by itself what has become of a message.
function isOurs({ requestConfig }) {
  return requestConfig?.verb === "post" && requestConfig.target?.id === "notices";
}

region.addEventListener("click", (event) => {
  if (!event.target.closest("[data-dismiss]")) return;
  clear();
  document.getElementById("composer-text").focus();
});
for (const name of ["pointerenter", "focusin"]) region.addEventListener(name, stay);
for (const name of ["pointerleave", "focusout"]) region.addEventListener(name, leave);

document.addEventListener("htmx:afterSwap", (event) => event.target === region && show());
document.addEventListener("htmx:responseError", (event) => isOurs(event.detail) && tell(reasonOf(event.detail.xhr)));
document.addEventListener("htmx:sendError", (event) => isOurs(event.detail) && tell(FAILED));

// What came with the page is said as well: a live region tells only of what changes in it.
const first = region.querySelector(".notice p");
if (first) document.getElementById("status").textContent = first.textContent;
show();
