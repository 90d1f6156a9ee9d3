// The composer: drafts survive, an error keeps the text, what is too long is told before it is sent.

import { belongTo, draft, draftKey, keep, keepUnanswered, unanswered } from "./drafts.js";

const form = document.getElementById("composer-form");
const field = document.getElementById("composer-text");
const alertLine = document.getElementById("composer-error");
const counter = document.getElementById("composer-count");
const longest = Number(field.dataset.longest);
const grows = CSS.supports("field-sizing", "content");
const LONG = 4000;
const DRAFT_DELAY = 400;

const key = () => draftKey(form.elements.thread_id.value);
const sendButton = () => document.querySelector("#composer-controls button[form=composer-form]");
const isUploading = () => document.querySelector("#composer-files [data-state=uploading]") !== null;
const filesToSend = () => [...document.querySelectorAll("#composer-files [data-file]")].map(({ dataset }) => dataset.file);
const hasText = () => /\S/.test(field.value);

let sent = null; // what the running request carries, and the draft it was typed as
let draftTimer = 0;
let isTooLong = false;

function saveDraft() {
  clearTimeout(draftTimer);
  keep(key(), field.value);
}

function fitHeight() {
  if (grows) return;
  // Measuring costs a layout of the whole text: beyond this length the field has its full height anyway.
  field.style.height = field.textLength > LONG ? "100dvh" : "auto";
  if (field.textLength <= LONG) field.style.height = `${field.scrollHeight}px`;
}

// As the server counts: characters, not the units of JavaScript.
function countCharacters() {
  const near = field.textLength > longest * 0.9;
  const length = near ? [...field.value.trim()].length : 0;
  counter.hidden = !near;
  counter.textContent = near ? `${length.toLocaleString("en")} of ${longest.toLocaleString("en")} characters` : "";
  if (isTooLong === length > longest) return;
  isTooLong = length > longest;
  alertLine.textContent = isTooLong ? `A message has at most ${longest.toLocaleString("en")} characters.` : "";
}

function update() {
  countCharacters();
  const button = sendButton();
  if (button) button.disabled = !hasText() || isTooLong || isUploading();
  fitHeight();
}

function clear({ text, files, draft: written }) {
  if (field.value.startsWith(text)) field.value = field.value.slice(text.length);
  clearTimeout(draftTimer);
  keep(written, "");
  if (hasText()) saveDraft();
  document.dispatchEvent(new CustomEvent("composer:sent", { detail: { files, draft: written } }));
}

// Unlike crypto.randomUUID this exists on a server of the local network that has no HTTPS.
const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

function messageOf(xhr) {
  const page = new DOMParser().parseFromString(xhr.responseText || "", "text/html");
  const said = page.querySelector("[data-error-message]")?.textContent.trim();
  return said || "Your message could not be sent. Please try again.";
}

const isSend = (event) => event.detail.requestConfig?.path === "/chat/send/";

export function send() {
  const button = sendButton();
  if (button && !button.disabled) form.requestSubmit(button);
  else if (hasText() && isUploading()) tell("One moment: your files are still being uploaded.");
}

export function tell(text) {
  alertLine.textContent = text;
}

export { key as currentDraft, update as updateComposer };

field.addEventListener("input", () => {
  update();
  clearTimeout(draftTimer);
  draftTimer = setTimeout(saveDraft, DRAFT_DELAY);
});

document.querySelector(".composer-box").addEventListener("click", (event) => {
  if (!event.target.closest("button, textarea")) field.focus();
});

window.addEventListener("pagehide", saveDraft);

// A message of the person, also one that a form in an answer makes.
const asks = (path) => path === "/chat/send/" || path.endsWith("/reply/");

document.addEventListener("htmx:configRequest", (event) => {
  const { path, parameters } = event.detail;
  if (!asks(path)) return;
  parameters.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (event.target !== form) return;
  // The same text once more after a lost connection is the same question: the server knows it by its key.
  const lost = unanswered();
  sent = { text: field.value, files: filesToSend(), draft: key(), key: lost?.text === field.value ? lost.key : newKey() };
  parameters.key = sent.key;
  keepUnanswered(sent);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isSend(event)) alertLine.textContent = "";
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isSend(event)) return;
  const { successful, xhr } = event.detail;
  if (successful && sent) {
    clear(sent);
    field.focus();
  } else if (!successful) {
    const unreachable = "The server could not be reached. Your text is kept: please try again.";
    alertLine.textContent = xhr.status ? messageOf(xhr) : unreachable;
  }
  if (successful || xhr.status) keepUnanswered(null);
  sent = null;
  update();
});

// The message had arrived after all.
function lookForLost() {
  const lost = unanswered();
  const stored = [...document.querySelectorAll(".message[data-role=user] > .bubble")].at(-1)?.textContent;
  if (!lost || stored?.trim() !== lost.text.trim()) return;
  clear(lost);
  keepUnanswered(null);
  alertLine.textContent = "";
  update();
}

document.addEventListener("conversation:caught-up", lookForLost);

// The controls have been exchanged: Send for Stop, or back.
for (const name of ["htmx:afterSettle", "htmx:oobAfterSwap", "conversation:caught-up"]) {
  document.addEventListener(name, update);
}

// A question that a link elsewhere has brought joins what was being written, once.
function takeIn(asked) {
  const written = draft(key());
  field.value = written && !written.includes(asked) ? `${written}\n\n${asked}` : written || asked;
  const address = new URL(location.href);
  address.searchParams.delete("ask");
  history.replaceState(history.state, "", address);
  saveDraft();
  field.focus();
  field.setSelectionRange(field.textLength, field.textLength);
}

belongTo(field.dataset.owner);
if (new URLSearchParams(location.search).has("ask")) takeIn(field.value);
else if (!field.value) field.value = draft(key());
lookForLost();
update();
