// Runs in the frame without an origin (chatapp/web/pages/diagrams.py): draws the diagram that its page sends, and tells
// the page how high it is or why it could not be drawn.

const LONGEST = 50_000;
const FIXED = ["secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges", "suppressErrorRendering", "htmlLabels"];
const LOOKS = ["theme", "themeCSS", "fontFamily", "altFontFamily", "darkMode"];

let drawn = 0;

const tell = (message) => parent.postMessage(message, "*");

function configure(dark) {
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    suppressErrorRendering: true,
    maxTextSize: LONGEST,
    maxEdges: 500,
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    theme: dark ? "dark" : "default",
    fontFamily: "ui-sans-serif, system-ui, sans-serif",
    secure: [...FIXED, ...LOOKS],
  });
}

// Tags in labels are text, and pictures are not loaded. Mermaid sees to the first, but only after its measuring has put
// them into the page; the policy of this page stops the rest. Nothing is left for it to stop. A sign without width
// behind the "<" takes it the meaning of a tag, however often Mermaid decodes and parses it; an entity would not last.
const NO_WIDTH = "\u2060";

function harmless(source) {
  const text = source.replace(/<<\w+>>|<br\s*\/?>|<(?=[a-z/!?])/gi, (found) => (found === "<" ? `<${NO_WIDTH}` : found));
  // An icon is a class name to Mermaid, put between quotes as it is.
  const plain = text.replace(/::icon\([^)\n]*["'`<>=][^)\n]*\)/g, "");
  // A menu of links is opened by a handler that Mermaid writes into the picture; links lead nowhere from here anyway.
  const deaf = plain.replace(/^[ \t]*links?[ \t]+[^:\n]+:.*$/gim, "");
  return deaf.replace(/@\{[^}]*\}/g, (shape) => shape.replace(/\bimg\b/gi, "picture"));
}

function reason(error) {
  const text = String(error?.message ?? error);
  return text.split("\n")[0].slice(0, 200);
}

async function draw({ source, dark }) {
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  configure(dark);
  drawn += 1;
  const number = drawn;
  try {
    const { svg } = await mermaid.render(`diagram-${number}`, harmless(source));
    if (number === drawn) document.body.innerHTML = svg;
    tellHeight();
  } catch (error) {
    tell({ error: reason(error) });
  }
}

function tellHeight() {
  const picture = document.querySelector("body > svg");
  if (picture) tell({ height: Math.ceil(picture.getBoundingClientRect().height) });
}

addEventListener("message", (event) => {
  if (event.source === parent && typeof event.data?.source === "string") draw(event.data);
});
addEventListener("resize", tellHeight);
tell({ ready: true });
