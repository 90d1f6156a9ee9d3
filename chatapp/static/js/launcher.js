// Puts the chat on a page of another application: a button with an unread dot, and a drawer that holds /embed/.
//
//   <script src="https://chat.example.org/static/js/launcher.js" defer data-label="Assistant"></script>
//
// No inline styles or handlers: it works under a strict content security policy. See docs/embedding.md.

(() => {
  const script = document.currentScript;
  const chat = new URL("/embed/", script.src);
  const label = script.dataset.label || "Chat";
  const state = { open: false, expanded: false };

  const style = (element, rules) => Object.assign(element.style, rules);

  const frame = document.createElement("iframe");
  frame.title = label;
  frame.allow = "clipboard-write";
  style(frame, {
    position: "fixed", zIndex: "2147483646", insetBlock: "0", insetInlineEnd: "0", height: "100dvh", border: "0",
    background: "Canvas", boxShadow: "0 0 2rem rgb(0 0 0 / 25%)",
  });

  const button = document.createElement("button");
  button.type = "button";
  style(button, {
    position: "fixed", zIndex: "2147483645", insetBlockEnd: "1.25rem", insetInlineEnd: "1.25rem", padding: "0.75rem 1.25rem",
    border: "0", borderRadius: "2rem", background: "#0f6e66", color: "#fff", font: "500 1rem system-ui, sans-serif",
    cursor: "pointer", boxShadow: "0 0.25rem 1rem rgb(0 0 0 / 25%)",
  });

  const dot = document.createElement("span");
  style(dot, {
    position: "absolute", insetBlockStart: "0", insetInlineEnd: "0", width: "0.875rem", height: "0.875rem",
    borderRadius: "50%", border: "2px solid #fff", background: "#c92a1e",
  });

  const tell = (type) => frame.contentWindow?.postMessage({ type: `chatapp:${type}`, ...state }, chat.origin);

  function show() {
    style(frame, { display: state.open ? "block" : "none", width: state.expanded ? "100vw" : "min(50rem, 100vw)" });
    button.setAttribute("aria-expanded", String(state.open));
  }

  function change(changes) {
    Object.assign(state, changes);
    show();
    tell("state");
    (state.open ? frame : button).focus();
  }

  function setUnread(unread) {
    dot.hidden = !unread;
    dot.style.display = unread ? "block" : "none";
    button.setAttribute("aria-label", unread ? `${label}, new answer` : label);
  }

  button.append(label, dot);
  button.addEventListener("click", () => change({ open: !state.open }));
  frame.addEventListener("load", () => tell("hello"));
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== chat.origin) return;
    const { type, unread } = event.data ?? {};
    if (type === "chatapp:unread") setUnread(unread);
    if (type === "chatapp:close") change({ open: false });
    if (type === "chatapp:expand") change({ expanded: !state.expanded });
  });

  setUnread(0);
  show();
  frame.src = chat.href;
  document.body.append(button, frame);
})();
