// The keys of the composer: Enter, as one prefers it, and the arrow up to the last question.

import { send } from "./composer.js";
import { onPreferences, prefers } from "./preferences.js";

const field = document.getElementById("composer-text");

function sends(event) {
  if (event.ctrlKey || event.metaKey) return true;
  return event.shiftKey !== prefers("enter");
}

function editLast() {
  const editor = [...document.querySelectorAll(".message[data-role=user] .edit")].at(-1);
  // It cannot be edited while an answer is being written: then the style sheet hides it.
  if (!editor?.checkVisibility()) return false;
  editor.open = true;
  return true;
}

field.addEventListener("keydown", (event) => {
  // 229: the Enter that ends the composition of a word in Safari.
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && sends(event)) {
    event.preventDefault();
    send();
  }
  const isPlain = !(event.shiftKey || event.ctrlKey || event.altKey || event.metaKey);
  if (event.key === "ArrowUp" && isPlain && !field.value && editLast()) event.preventDefault();
});

onPreferences(() => {
  field.enterKeyHint = prefers("enter") ? "send" : "enter";
});
