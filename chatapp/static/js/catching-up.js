// Shows in the open conversation what has happened elsewhere: in another window, on another device, while the machine
// slept. The server is asked whether the last turn still stands as it is shown, and what is different is exchanged.

const thread = () => document.getElementById("composer-form").elements.thread_id.value;
const conversation = () => document.getElementById("conversation");
const place = (article) => Number(article.dataset.place);

let asking = false;
let again = false;

// The end is not shown, or somebody is in the middle of something.
const isBusy = () => conversation().querySelector(".later, .past, .edit[open]") || document.querySelector("form.htmx-request");

function known() {
  const last = [...conversation().querySelectorAll(".message[data-role=assistant]")].at(-1);
  if (!last?.dataset.turnId) return "";
  const { turnId, status, undecided } = last.dataset;
  return [turnId, status, undecided].filter(Boolean).join(" ");
}

async function ask(id) {
  const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
  try {
    const response = await fetch(`/chat/${id}/conversation/?known=${encodeURIComponent(known())}`, { headers });
    return response.status === 200 ? await response.text() : "";
  } catch {
    return ""; // offline still: the next event finds out
  }
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function arrive(element) {
  window.htmx.process(element);
  element.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
}

// Messages that were loaded above stay, if what has come joins them.
function merge(shown, fresh) {
  const [articles, first] = [[...shown.querySelectorAll(":scope > .message")], fresh.querySelector(":scope > .message")];
  const above = articles.filter((article) => first && place(article) < place(first));
  if (!above.length || place(above.at(-1)) < place(first) - 1) {
    shown.querySelector(":scope > .earlier")?.remove();
    shown.prepend(...fresh.querySelectorAll(":scope > .earlier"));
    above.splice(0);
  }
  const old = new Map(articles.filter((article) => !above.includes(article)).map((article) => [article.id, article]));
  for (const article of fresh.querySelectorAll(":scope > .message")) {
    const same = old.get(article.id);
    if (same?.isEqualNode(article)) {
      old.delete(article.id);
      shown.append(same);
    } else {
      shown.append(article);
      arrive(article);
    }
  }
  for (const article of old.values()) article.remove();
  if (!above.length) shown.querySelectorAll(":scope > .earlier").forEach((link) => window.htmx.process(link));
}

function exchangeControls(fresh) {
  const [old, now] = [document.getElementById("composer-controls"), fresh.getElementById("composer-controls")];
  now.removeAttribute("hx-swap-oob");
  old.replaceWith(now);
  window.htmx.process(now);
}

async function catchUp() {
  const id = thread();
  if (!id || isBusy()) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const html = await ask(id);
  asking = false;
  if (html && id === thread() && !isBusy()) {
    const fresh = parse(html);
    merge(conversation(), fresh.getElementById("conversation"));
    exchangeControls(fresh);
    document.dispatchEvent(new CustomEvent("live:grow"));
    document.dispatchEvent(new CustomEvent("conversation:caught-up"));
  }
  if (again) {
    again = false;
    await catchUp();
  }
}

document.addEventListener("page:woke", catchUp);
document.addEventListener("threads:shown", catchUp);
