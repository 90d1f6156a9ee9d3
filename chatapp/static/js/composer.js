// The composer: Enter sends, drafts survive, an error keeps the text.

const form = document.getElementById("composer-form");
const field = document.getElementById("composer-text");
const alertLine = document.getElementById("composer-error");
const grows = CSS.supports("field-sizing", "content");
const LONG = 4000;
const DRAFT_DELAY = 400;

const threadId = () => form.elements.thread_id.value;
const draftKey = () => `draft:${threadId() || "new"}`;
const sendButton = () => document.querySelector("#composer-controls button[form=composer-form]");
const hasText = () => /\S/.test(field.value);

let sent = null; // what the running request carries, and the draft it was typed as
let draftTimer = 0;

function saveDraft() {
  clearTimeout(draftTimer);
  if (hasText()) localStorage.setItem(draftKey(), field.value);
  else localStorage.removeItem(draftKey());
}

function fitHeight() {
  if (grows) return;
  // Measuring costs a layout of the whole text: beyond this length the field has its full height anyway.
  field.style.height = field.textLength > LONG ? "100dvh" : "auto";
  if (field.textLength <= LONG) field.style.height = `${field.scrollHeight}px`;
}

function update() {
  const button = sendButton();
  if (button) button.disabled = !hasText();
  fitHeight();
}

function clear() {
  field.value = field.value.startsWith(sent.text) ? field.value.slice(sent.text.length) : field.value;
  clearTimeout(draftTimer);
  localStorage.removeItem(sent.draft);
  if (hasText()) saveDraft();
}

function messageOf(xhr) {
  const page = new DOMParser().parseFromString(xhr.responseText || "", "text/html");
  const said = page.querySelector("[data-error-message]")?.textContent.trim();
  return said || "Your message could not be sent. Please try again.";
}

const isSend = (event) => event.detail.requestConfig?.path === "/chat/send/";

field.addEventListener("input", () => {
  update();
  clearTimeout(draftTimer);
  draftTimer = setTimeout(saveDraft, DRAFT_DELAY);
});

field.addEventListener("keydown", (event) => {
  // 229: the Enter that ends the composition of a word in Safari.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  const button = sendButton();
  if (button && hasText()) form.requestSubmit(button);
});

document.querySelector(".composer-box").addEventListener("click", (event) => {
  if (!event.target.closest("button, textarea")) field.focus();
});

window.addEventListener("pagehide", saveDraft);

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.path !== "/chat/send/") return;
  event.detail.parameters.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isSend(event)) return;
  alertLine.textContent = "";
  if (event.target === form) sent = { text: field.value, draft: draftKey() };
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isSend(event)) return;
  if (event.detail.successful && sent) {
    clear();
    field.focus();
  } else if (!event.detail.successful) {
    alertLine.textContent = event.detail.xhr.status
      ? messageOf(event.detail.xhr)
      : "The server could not be reached. Your text is kept: please try again.";
  }
  sent = null;
  update();
});

// The controls have been exchanged: Send for Stop, or back.
document.addEventListener("htmx:afterSettle", update);
document.addEventListener("htmx:oobAfterSwap", update);

if (!field.value) field.value = localStorage.getItem(draftKey()) || "";
update();
