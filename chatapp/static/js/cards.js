// The forms in answers. <answer-form> counts what is answered, lets Send only when all is, keeps what was picked and what
// was typed apart, and searches long lists. Without script the form is sent as it is, and the server looks.

class AnswerForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.questions = [...this.querySelectorAll(".question")];
    this.querySelectorAll(".choice-search").forEach((search) => search.removeAttribute("hidden"));
    this.addEventListener("input", this);
    this.addEventListener("keydown", this);
    this.addEventListener("toggle", this, true);
    this.update();
  }

  handleEvent(event) {
    const field = event.target;
    if (event.type === "toggle") {
      if (field.open) field.querySelector("input").focus();
      return;
    }
    const isSearch = field.matches(".choice-search");
    if (event.type === "keydown") {
      if (isSearch && event.key === "Enter") event.preventDefault();
      return;
    }
    if (isSearch) search(field);
    else this.exclude(field);
    this.update();
  }

  // What was picked and what was typed cannot both be meant.
  exclude(field) {
    const question = field.closest(".question");
    if (field.matches("[type=text]")) {
      if (!/\S/.test(field.value)) return;
      for (const option of question.querySelectorAll("input:checked")) option.checked = false;
    } else {
      const own = question.querySelector("[type=text]");
      if (own) own.value = "";
      question.querySelector(".own-answer")?.removeAttribute("open");
    }
  }

  update() {
    const answered = this.questions.filter(isAnswered).length;
    const count = this.questions.length;
    const text = `${answered} of ${count} answered`;
    const progress = this.querySelector(".progress");
    if (progress.textContent !== text) progress.textContent = text;
    this.querySelector("button[type=submit]").disabled = answered < count;
  }
}

function isAnswered(question) {
  const own = question.querySelector("[type=text]");
  return question.querySelector("input:checked") !== null || /\S/.test(own?.value ?? "");
}

function search(field) {
  const list = field.nextElementSibling;
  const words = field.value.toLocaleLowerCase().split(/\s+/);
  const options = [...list.querySelectorAll(".pill")];
  for (const option of options) {
    const text = option.textContent.toLocaleLowerCase();
    const isPicked = option.querySelector("input").checked;
    option.hidden = !isPicked && !words.every((word) => text.includes(word));
  }
  list.querySelector(".choices-none").hidden = options.some((option) => !option.hidden);
}

customElements.define("answer-form", AnswerForm);

function messageOf(xhr) {
  if (!xhr.status) return "The server could not be reached. Please try again.";
  const page = new DOMParser().parseFromString(xhr.responseText || "", "text/html");
  return page.querySelector("[data-error-message]")?.textContent.trim() || "This did not work. Please try again.";
}

const problemOf = (event) => event.target.closest?.(".block-card form")?.querySelector("[role=alert]");

document.addEventListener("htmx:beforeRequest", (event) => {
  const problem = problemOf(event);
  if (problem) problem.textContent = "";
});

document.addEventListener("htmx:afterRequest", (event) => {
  const problem = problemOf(event);
  if (problem && !event.detail.successful) problem.textContent = messageOf(event.detail.xhr);
});
