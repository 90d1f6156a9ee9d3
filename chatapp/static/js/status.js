// Says to screen readers when an answer starts and ends, and brings the composer up to date.

const ENDINGS = {
  failed: "Answer failed",
  cancelled: "Answer stopped",
  awaiting_approval: "Your decision is needed",
  running: "Answer goes on",
};
const RETRY = 2_000;
const CONTROLS = "#composer-controls";
const status = document.getElementById("status");

let timer = 0;

const announce = (text) => {
  status.textContent = text;
};

const isLive = (node) => node.matches?.(".message[data-live]") || node.querySelector(".message[data-live]") !== null;

const isBehind = () => document.querySelector(`${CONTROLS} form`) && !isLive(document);

// Again, when the network or the server is away just now: Stop must not stay after the end.
async function refreshComposer() {
  clearTimeout(timer);
  const thread = document.getElementById("composer-form").elements.thread_id.value;
  if (!thread) return;
  const options = { source: "body", target: CONTROLS, select: CONTROLS, swap: "outerHTML" };
  await window.htmx.ajax("GET", `/chat/${thread}/composer/`, options).catch(() => {});
  if (isBehind()) timer = setTimeout(refreshComposer, RETRY);
}

// The end of an answer tells how things stand. Where another one is being written that may be old news.
function bringUpToDate(composer) {
  if (!composer || isLive(document)) {
    refreshComposer();
    return;
  }
  clearTimeout(timer);
  window.htmx.swap(CONTROLS, composer, { swapStyle: "outerHTML" }, { select: CONTROLS });
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.matches(".message, .conversation") && isLive(event.target)) announce("Answer started");
});

document.addEventListener("live:end", (event) => {
  announce(ENDINGS[event.target.dataset.status] ?? "Answer finished");
  bringUpToDate(event.detail?.composer);
});
