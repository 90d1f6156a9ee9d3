// The editor of the last question is a <details>: here it takes the focus when it opens, and Escape closes it.

document.addEventListener(
  "toggle",
  (event) => {
    if (!event.target.matches?.(".edit[open]")) return;
    const field = event.target.querySelector("textarea");
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  },
  true, // toggle does not bubble
);

document.addEventListener("keydown", (event) => {
  const editor = event.key === "Escape" && event.target.closest(".edit[open]");
  if (!editor) return;
  editor.open = false;
  editor.querySelector("summary").focus();
});
