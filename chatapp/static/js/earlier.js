// Messages that arrive above the reader, and other versions of a message, leave the reader where they are.

const scroller = document.getElementById("scroller");

let fromBottom = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.elt.matches?.(".earlier")) fromBottom = scroller.scrollHeight - scroller.scrollTop;
});

document.addEventListener("htmx:afterSettle", () => {
  if (fromBottom === null) return;
  scroller.scrollTop = scroller.scrollHeight - fromBottom;
  fromBottom = null;
});

// Who walks through versions keeps walking: the focus goes to the same button, or the other one at the end.
document.addEventListener("htmx:afterSwap", (event) => {
  const step = event.detail.requestConfig?.triggeringEvent?.target?.closest?.("[data-version]");
  if (!step) return;
  const id = new URL(step.href).searchParams.get("message");
  const steps = [...document.querySelectorAll(`#m-${CSS.escape(id)} [data-version]`)];
  const same = steps.find((each) => each.getAttribute("aria-label") === step.getAttribute("aria-label"));
  (same ?? steps[0])?.focus({ preventScroll: true });
});
