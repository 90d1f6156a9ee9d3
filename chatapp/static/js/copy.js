// [data-copy] copies the code of its block, [data-copy-text] the text beside it, [data-copy-message] the whole message.

const SHOWN_FOR = 2000;

const codeOf = (button) => {
  const block = button.closest("[data-block-key]");
  return (block.querySelector("pre code") ?? block.querySelector("pre") ?? block).textContent;
};

const besideOf = (button) => button.parentElement.querySelector("[data-copied-text]").textContent;

const textOf = (button) => {
  const message = button.closest(".message");
  const source = message.querySelector("template.source")?.content.textContent;
  const shown = () => message.querySelector(".blocks").innerText || message.querySelector(".answer-error p")?.innerText;
  return source || shown() || "";
};

// navigator.clipboard exists on HTTPS and localhost only; a server in the local network may have neither.
function copyByHand(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}

async function copy(text) {
  if (!navigator.clipboard) return copyByHand(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-text], [data-copy-message]");
  if (!button) return;
  const text = button.matches("[data-copy]") ? codeOf : button.matches("[data-copy-text]") ? besideOf : textOf;
  const copied = await copy(text(button));
  document.getElementById("status").textContent = copied ? "Copied" : "Could not copy";
  if (!copied) return;
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, SHOWN_FOR);
});
