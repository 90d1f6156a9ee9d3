// [data-expand] names the row below that holds more: fetched when it is opened for the first time, in place of going to
// the page that the link leads to.

function expand(link) {
  const row = document.getElementById(link.dataset.expand);
  const opened = row.hidden;
  row.hidden = !opened;
  link.setAttribute("aria-expanded", opened);
  if (opened && !row.dataset.fetched) {
    row.dataset.fetched = "";
    htmx.ajax("GET", link.getAttribute("href"), { target: row.firstElementChild, swap: "innerHTML" });
  }
}

for (const link of document.querySelectorAll("[data-expand]")) {
  link.setAttribute("aria-expanded", "false");
  link.setAttribute("aria-controls", link.dataset.expand);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-expand]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  expand(link);
});

// A role of button promises that the space bar works.
document.addEventListener("keydown", (event) => {
  const link = event.key === " " && event.target.closest("[data-expand]");
  if (!link) return;
  event.preventDefault();
  expand(link);
});

// What could not be fetched is asked for again.
document.addEventListener("htmx:afterRequest", (event) => {
  const row = event.detail.target?.closest(".expansion");
  if (row && !event.detail.successful) {
    delete row.dataset.fetched;
    row.firstElementChild.textContent = "This could not be loaded. Close the row and open it again.";
  }
});
