// Files for the question that is being written: by the button, dropped, or pasted. Each goes up at once and shows how far
// it is; what the server has is a chip that it made (_composer_files.html). Files stay with the draft.

import { currentDraft, tell, updateComposer } from "./composer.js";
import { draft, keep } from "./drafts.js";
import { shrunk } from "./image-shrink.js";

const ADDRESS = "/chat/files/";
const UNREACHABLE = "The server could not be reached.";
const composer = document.getElementById("composer");
const list = document.getElementById("composer-files");
const button = document.getElementById("attach");
const field = document.getElementById("composer-text");
const status = document.getElementById("status");
const dropZone = document.getElementById("main");
const largest = Number(list.dataset.largest);

const chips = () => [...list.querySelectorAll("[data-file]")];
const ids = () => chips().map((chip) => chip.dataset.file);
const draftKey = () => `${currentDraft()}:files`;
const megabytes = (bytes) => `${Math.round(bytes / 1024 ** 2)} MB`;

function changed() {
  keep(draftKey(), ids().join(" "));
  updateComposer();
}

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function arrive(chip) {
  window.htmx.process(chip);
  return chip;
}

function reasonOf(xhr) {
  const said = parse(xhr.responseText || "").querySelector("[data-error-message]")?.textContent.trim();
  return xhr.status ? said || "The file could not be stored." : UNREACHABLE;
}

// A file on its way. It can be stopped, and tried again when it did not arrive.
class Upload {
  constructor(file) {
    this.file = file;
    this.chip = make("li", "file");
    this.chip.append(make("span", "file-text"), this.control("refresh-cw", "Try again"), this.control("x", "Remove"));
    const [text, again, remove] = this.chip.children;
    this.note = make("span", "file-note");
    this.bar = make("progress", "");
    this.bar.ariaLabel = `Uploading ${file.name}`;
    text.append(make("span", "file-name", file.name), this.bar, this.note);
    this.again = again;
    again.addEventListener("click", () => this.start());
    remove.addEventListener("click", () => this.drop());
    list.append(this.chip);
    this.start();
  }

  control(name, label) {
    const control = make("button", "icon-button");
    control.type = "button";
    control.title = label;
    control.ariaLabel = `${label}: ${this.file.name}`;
    const icon = button.querySelector("svg").cloneNode(true);
    const use = icon.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
    control.append(icon);
    return control;
  }

  async start() {
    this.chip.dataset.state = "uploading";
    this.again.hidden = true;
    this.bar.hidden = false;
    this.bar.removeAttribute("value");
    this.note.textContent = "";
    updateComposer();
    const file = await shrunk(this.file);
    if (!this.chip.isConnected) return;
    if (file.size > largest) this.fail(`Too large: a file may have at most ${megabytes(largest)}.`, false);
    else if (!file.size) this.fail("The file is empty.", false);
    else this.send(file);
  }

  send(file) {
    const form = new FormData();
    form.append("file", file, this.file.name);
    const xhr = (this.xhr = new XMLHttpRequest());
    xhr.upload.onprogress = ({ loaded, total }) => {
      this.bar.value = loaded / total;
    };
    xhr.onload = () => this.end(xhr);
    xhr.onerror = () => this.fail(UNREACHABLE, true);
    xhr.open("POST", ADDRESS);
    xhr.setRequestHeader("HX-Request", "true");
    xhr.setRequestHeader("HX-Current-URL", location.href);
    xhr.send(form);
  }

  end(xhr) {
    const elsewhere = xhr.getResponseHeader("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    else if (xhr.status !== 201) this.fail(reasonOf(xhr), xhr.status >= 500);
    else {
      const chip = parse(xhr.responseText).querySelector("li");
      this.chip.replaceWith(chip);
      arrive(chip);
      status.textContent = `${this.file.name} is attached`;
      changed();
    }
  }

  fail(reason, mayHelp) {
    this.chip.dataset.state = "failed";
    this.bar.hidden = true;
    this.again.hidden = !mayHelp;
    this.note.textContent = reason;
    status.textContent = `${this.file.name}: ${reason}`;
    updateComposer();
  }

  drop() {
    this.xhr?.abort();
    this.chip.remove();
    field.focus();
    updateComposer();
  }
}

function add(files) {
  for (const file of files) new Upload(file);
  tell("");
  field.focus();
}

function choose() {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.addEventListener("change", () => add(input.files));
  input.click();
}

function remove(chip) {
  const id = chip.dataset.file;
  const neighbour = chip.nextElementSibling ?? chip.previousElementSibling;
  chip.remove();
  (neighbour?.querySelector("[data-remove-file]") ?? field).focus();
  status.textContent = "File removed";
  changed();
  fetch(`${ADDRESS}${id}/remove/`, { method: "POST", headers: { "HX-Request": "true" } }).catch(() => {});
}

// Files that belong to the draft of this conversation, from an earlier visit.
async function restore() {
  const kept = draft(draftKey()).split(" ").filter(Boolean);
  if (!kept.length || chips().length) return;
  const query = new URLSearchParams(kept.map((id) => ["file", id]));
  const response = await fetch(`${ADDRESS}?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return;
  const present = new Set(ids());
  for (const chip of parse(await response.text()).querySelectorAll("li")) {
    if (!present.has(chip.dataset.file)) list.append(arrive(chip));
  }
  changed();
}

const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
let inside = 0;

function hover(count) {
  inside = count;
  composer.toggleAttribute("data-dropping", inside > 0);
}

dropZone.addEventListener("dragenter", (event) => hasFiles(event) && hover(inside + 1));
dropZone.addEventListener("dragleave", (event) => hasFiles(event) && hover(Math.max(0, inside - 1)));
dropZone.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
dropZone.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  hover(0);
  add(event.dataTransfer.files);
});

// What a table or a text processor copies is a picture as well: then the text is meant.
field.addEventListener("paste", (event) => {
  const { files, types } = event.clipboardData;
  if (!files.length || types.includes("text/plain")) return;
  event.preventDefault();
  add(files);
});

list.addEventListener("click", (event) => {
  const control = event.target.closest("[data-remove-file]");
  if (control) remove(control.closest("[data-file]"));
});

document.addEventListener("composer:sent", ({ detail }) => {
  for (const chip of chips()) if (detail.files.includes(chip.dataset.file)) chip.remove();
  keep(`${detail.draft}:files`, "");
  if (chips().length) changed();
  else updateComposer();
});

composer.dataset.scripted = "";
button.hidden = false;
button.addEventListener("click", choose);
restore();
