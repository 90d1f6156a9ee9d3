// Follows the growing answer while the reader is at the bottom, and stays put once the reader has scrolled up.

const scroller = document.getElementById("scroller");
const jump = document.getElementById("jump");
const NEAR = 64;

let following = true;
let lastTop = 0;

const distance = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;

function toBottom() {
  following = true;
  scroller.scrollTop = scroller.scrollHeight;
}

function keepUp() {
  if (following) scroller.scrollTop = scroller.scrollHeight;
  jump.hidden = following;
}

scroller.addEventListener(
  "scroll",
  () => {
    // Growth also moves the bottom away: only a move upward by the reader ends following.
    if (scroller.scrollTop < lastTop || !following) following = distance() < NEAR;
    lastTop = scroller.scrollTop;
    jump.hidden = following;
  },
  { passive: true },
);

jump.addEventListener("click", () => {
  toBottom();
  document.getElementById("composer-text").focus();
});

document.addEventListener("live:grow", keepUp);
document.addEventListener("htmx:afterSwap", (event) => {
  // What is only fetched, an earlier message or another version, moves nobody.
  if (event.detail.requestConfig?.verb === "post" && event.target.closest(".conversation")) toBottom();
});

// Who opens something wants to see it, not the end.
scroller.addEventListener("click", (event) => {
  if (event.target.closest("summary")) following = false;
});

// Everything else that changes heights: diagrams, the composer growing, the phone's keyboard.
const heights = new ResizeObserver(keepUp);
heights.observe(scroller);
heights.observe(scroller.firstElementChild);

if (location.hash.startsWith("#m-")) following = false;
keepUp();
