// A new chat and the conversation that it has become are one document with two addresses. htmx loads the page of the
// other one when somebody goes back or forward, but hears of that only from DOMContentLoaded on: before, the address
// would change and the page stay, and what is asked there would begin another conversation.

const ADDRESS = /^\/(?:chat|embed)\/(?:([0-9a-f-]{36})\/)?$/i;

document.addEventListener("DOMContentLoaded", () => {
  const address = location.pathname.match(ADDRESS);
  const shown = document.getElementById("composer-form").elements.thread_id.value;
  if (address && (address[1] ?? "").toLowerCase() !== shown) location.reload();
});
