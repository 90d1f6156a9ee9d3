// <mermaid-diagram> holds the source of a diagram and shows it drawn. The drawing is done in a frame that has no origin,
// no network and no way into this page; it exists only once the diagram is complete and near the window. All of it is
// in a shadow tree: the document is the same before and after, live and on reload.

const FRAME = "/diagram/";
const NEAR = "600px";
const HIGHEST = 4000;

const SHADOW = `<p class="note" role="status" hidden></p><div class="drawing" hidden></div><slot></slot>`;
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { display: block; }
  .note { margin: 0; padding: 0.875rem 1rem; color: var(--text-soft); font-size: 0.875rem; }
  .note.failed { color: var(--danger); }
  .drawing { padding: 1rem; }
  iframe { display: block; width: 100%; height: 8rem; border: 0; }
  iframe:not([data-drawn]) { visibility: hidden; }
  [hidden] { display: none; }
`);

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const heights = new Map(); // by source: a diagram that is drawn again has its height from the start

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : prefersDark.matches;
}

class MermaidDiagram extends HTMLElement {
  connectedCallback() {
    if (!this.shadowRoot) {
      this.attachShadow({ mode: "open" }).innerHTML = SHADOW;
      this.shadowRoot.adoptedStyleSheets = [sheet];
    }
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    this.near = new IntersectionObserver(([entry]) => entry.isIntersecting && this.begin(), { rootMargin: NEAR });
    this.state = new MutationObserver(() => this.update());
    this.state.observe(this.block, { attributeFilter: ["data-block-status", "data-show-source"] });
    this.theme = new MutationObserver(() => this.draw());
    this.theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    prefersDark.addEventListener("change", () => this.draw(), { signal });
    addEventListener("message", (event) => this.hear(event), { signal });
    this.update();
  }

  disconnectedCallback() {
    this.leaving.abort();
    for (const observer of [this.near, this.state, this.theme]) observer.disconnect();
    this.frame?.remove();
    this.frame = undefined;
  }

  get block() {
    return this.closest("[data-block-key]");
  }

  get source() {
    return this.querySelector("code").textContent;
  }

  part(name) {
    return this.shadowRoot.querySelector(name);
  }

  update() {
    const complete = this.block.dataset.blockStatus === "complete";
    const asSource = complete && ("showSource" in this.block.dataset || this.failed);
    this.part(".drawing").hidden = !complete || asSource;
    this.part("slot").hidden = !asSource;
    if (!complete) this.note("The diagram is drawn when it is complete…");
    else if (!this.failed) this.note("");
    if (complete) this.near.observe(this);
  }

  note(text, failed = false) {
    const line = this.part(".note");
    line.textContent = text;
    line.hidden = !text;
    line.classList.toggle("failed", failed);
  }

  begin() {
    if (this.frame) return;
    this.frame = document.createElement("iframe");
    this.frame.sandbox = "allow-scripts";
    this.frame.title = "Diagram";
    this.frame.style.height = heights.has(this.source) ? `${heights.get(this.source)}px` : "";
    this.frame.src = FRAME;
    this.part(".drawing").append(this.frame);
  }

  draw() {
    if (!this.frame || !this.ready) return;
    this.frame.style.colorScheme = isDark() ? "dark" : "light";
    this.frame.contentWindow.postMessage({ source: this.source, dark: isDark() }, "*"); // it has no origin to name
  }

  hear({ source, data }) {
    if (!this.frame || source !== this.frame.contentWindow) return;
    if (data.ready) {
      this.ready = true;
      this.draw();
    } else if (data.height > 0) {
      this.frame.dataset.drawn = ""; // before, its parts are strewn about while they are measured
      heights.set(this.source, Math.min(data.height, HIGHEST));
      this.frame.style.height = `${heights.get(this.source)}px`;
    } else if (data.error) {
      this.failed = true;
      this.note(`This diagram could not be drawn. ${data.error}`, true);
      this.update();
    }
  }
}

customElements.define("mermaid-diagram", MermaidDiagram);
