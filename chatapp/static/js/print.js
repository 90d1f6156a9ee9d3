// The button exists only where there is a script to answer it.

const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => print());
