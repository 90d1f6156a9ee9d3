// Renaming an entry where it stands: Enter or leaving the field saves, Escape does not.

const LONGEST = 150;

export function rename(entry) {
  const link = entry.querySelector(".thread-link");
  const [form, field] = [document.createElement("form"), document.createElement("input")];
  const name = link.title;
  form.className = "thread-rename";
  Object.assign(field, { value: name, maxLength: LONGEST, autocomplete: "off", dir: "auto" });
  field.setAttribute("aria-label", "New name");
  form.append(field);
  link.hidden = true;
  link.after(form);
  field.select();
  field.focus();

  let left = false; // taking a field out of the page makes it lose the focus once more

  function leave(save) {
    if (left) return;
    left = true;
    const wanted = field.value.trim();
    const hadFocus = form.contains(document.activeElement);
    form.remove();
    link.hidden = false;
    if (hadFocus) entry.querySelector(".thread-options").focus({ preventScroll: true });
    if (save && wanted && wanted !== name) send(entry, wanted);
    document.dispatchEvent(new CustomEvent("threads:idle"));
  }

  field.addEventListener("blur", () => leave(true));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // the drawer that it stands in stays open
    event.stopPropagation();
    leave(false);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave(true);
  });
}

function send(entry, title) {
  entry.querySelector(".thread-title").textContent = title;
  const target = { source: "body", values: { title }, target: "#notices", swap: "innerHTML" };
  window.htmx.ajax("POST", `/chat/${entry.dataset.thread}/rename/`, target);
}
