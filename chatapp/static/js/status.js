// Says to screen readers when an answer starts and ends, and brings the composer up to date.

const ENDINGS = { failed: "Answer failed", cancelled: "Answer stopped" };
const status = document.getElementById("status");

const announce = (text) => {
  status.textContent = text;
};

const isLive = (node) => node.matches(".message[data-live]") || node.querySelector(".message[data-live]") !== null;

function refreshComposer() {
  const thread = document.getElementById("composer-form").elements.thread_id.value;
  if (!thread) return;
  const part = "#composer-controls";
  window.htmx.ajax("GET", `/chat/${thread}/composer/`, { source: "body", target: part, select: part, swap: "outerHTML" });
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.matches(".message, .conversation") && isLive(event.target)) announce("Answer started");
});

document.addEventListener("live:end", (event) => {
  announce(ENDINGS[event.target.dataset.status] ?? "Answer finished");
  refreshComposer();
});
