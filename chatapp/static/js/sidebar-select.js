// Choosing several conversations: how many are chosen, all of a group at once, Escape to leave.

const chosen = () => document.querySelectorAll("#thread-list input[type=checkbox]:checked");
const boxesOf = (group) => [
  ...document.querySelectorAll(`#thread-list [data-group="${CSS.escape(group)}"] input[type=checkbox]`),
];

function count() {
  const form = document.getElementById("bulk-form");
  if (!form) return;
  const number = chosen().length;
  document.getElementById("bulk-count").textContent = `${number} selected`;
  form.querySelector("button").disabled = number === 0;
  for (const button of document.querySelectorAll("[data-select-group]")) button.hidden = false;
}

document.addEventListener("change", (event) => {
  if (event.target.form?.id === "bulk-form") count();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-select-group]");
  if (!button) return;
  const boxes = boxesOf(button.closest("[data-group]").dataset.group);
  const all = boxes.every((box) => box.checked);
  for (const box of boxes) box.checked = !all;
  count();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !document.getElementById("bulk-form") || !event.target.closest("#thread-list")) return;
  event.preventDefault();
  document.getElementById("history-select").click();
});

document.addEventListener("threads:shown", count);
count();
