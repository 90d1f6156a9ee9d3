// A page for paper: every diagram is drawn at once, as nobody scrolls to it. The button exists only where there is a
// script to answer it.

import "./diagram.js";

const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => print());

for (const diagram of document.querySelectorAll("mermaid-diagram")) diagram.begin();
