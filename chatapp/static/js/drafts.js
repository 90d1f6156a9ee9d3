// What is typed and not sent, kept per conversation in this browser for the one who typed it.

const PREFIX = "draft:";
const OWNER = "draft-owner";

const UNANSWERED = "unanswered";

const all = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

function forgetAll() {
  for (const key of all()) localStorage.removeItem(key);
  keepUnanswered(null);
}

// Whoever signs in after somebody else does not find what that one has typed.
export function belongTo(owner) {
  if (localStorage.getItem(OWNER) !== owner) forgetAll();
  localStorage.setItem(OWNER, owner);
}

export const draftKey = (thread) => `${PREFIX}${thread || "new"}`;
export const draft = (key) => localStorage.getItem(key) ?? "";

export function keep(key, text) {
  if (/\S/.test(text)) localStorage.setItem(key, text);
  else localStorage.removeItem(key);
}

// What this window has sent without hearing what became of it, also after it was reloaded in the middle.
export const unanswered = () => JSON.parse(sessionStorage.getItem(UNANSWERED));

export function keepUnanswered(question) {
  sessionStorage.setItem(UNANSWERED, JSON.stringify(question));
}
