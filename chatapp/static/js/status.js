// Says to screen readers when an answer starts and ends, and brings the page around it up to date.

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

function refreshThreads() {
  const list = document.getElementById("thread-list");
  window.htmx.ajax("GET", list.dataset.source, { source: "body", target: "#thread-list", swap: "outerHTML" });
}

function showTitle() {
  const open = document.querySelector("#thread-list [aria-current] .thread-title");
  if (!open) return;
  document.getElementById("topbar-title").textContent = open.textContent;
  document.title = open.textContent;
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.id === "thread-list") showTitle();
  else if (event.target.matches(".message, .conversation") && isLive(event.target)) announce("Answer started");
});

document.addEventListener("live:end", (event) => {
  announce(ENDINGS[event.target.dataset.status] ?? "Answer finished");
  refreshComposer();
  refreshThreads();
});
