// Tells, as "page:woke", that the page may have missed something: it has come back to the front or online, or the
// machine has slept. Then no event comes at all and only the clock has jumped. `lost`: what was connected before may be
// dead without knowing it.

const TICK = 1_000;
const JUMP = 4_000;

let last = Date.now();

function wake(lost) {
  if (document.visibilityState !== "visible") return;
  document.dispatchEvent(new CustomEvent("page:woke", { detail: { lost } }));
}

document.addEventListener("visibilitychange", () => wake(false));
document.addEventListener("resume", () => wake(true)); // a page that the browser had frozen
addEventListener("online", () => wake(true));
addEventListener("pageshow", (event) => event.persisted && wake(true));

setInterval(() => {
  const slept = Date.now() - last > JUMP;
  last = Date.now();
  if (slept) wake(true);
}, TICK);
