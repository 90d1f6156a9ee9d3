// The switches in the head of a block: [data-wrap] breaks the long lines of code, [data-source] shows what a diagram is
// drawn from.

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-wrap], button[data-source]");
  if (!button) return;
  const pressed = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", pressed);
  if (button.matches("[data-source]")) button.closest("[data-block-key]").toggleAttribute("data-show-source", pressed);
});
