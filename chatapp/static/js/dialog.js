// A <dialog> that htmx fetches opens as it arrives. Its form closes it when the server has accepted it; otherwise it
// stays, with what was written and the reason.

function open(dialog) {
  dialog.showModal();
  dialog.addEventListener("close", () => dialog.remove());
  dialog.querySelectorAll("[data-counted]").forEach(count);
}

function count(field) {
  field.closest("form").querySelector("[data-counter]").textContent = field.value.length.toLocaleString("en");
}

function complain(dialog, xhr) {
  const page = new DOMParser().parseFromString(xhr?.responseText || "", "text/html");
  const said = page.querySelector("[data-error-message]")?.textContent.trim();
  const text = xhr?.status ? said || "This could not be saved. Please try again." : "The server could not be reached.";
  dialog.querySelector(".form-error").textContent = text;
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.matches?.("dialog")) open(event.target);
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-counted]")) count(event.target);
});

document.addEventListener("click", (event) => {
  event.target.closest("[data-close]")?.closest("dialog").close();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const dialog = event.target.closest?.("dialog");
  if (!dialog || event.detail.requestConfig.verb !== "post") return;
  if (!event.detail.successful) {
    complain(dialog, event.detail.xhr);
    return;
  }
  dialog.close();
  document.getElementById("status").textContent = "Thank you for the feedback";
});
