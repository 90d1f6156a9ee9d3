// Replays an answer at the pace at which it was written. The server gives its frames: when, and the operations of
// js/live.js that a reader was sent then. Waiting for a person is cut short in them.

import { applyOps } from "./live.js";

const STEP = 100; // milliseconds that an arrow key moves
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

class Replay {
  constructor(root) {
    const find = (name) => root.querySelector(`[data-${name}]`);
    this.root = root;
    this.article = root.querySelector(".replayed");
    this.empty = this.article.cloneNode(true);
    [this.play, this.speed, this.position, this.time] = ["play", "speed", "position", "time"].map(find);
    this.problem = find("problem");
    this.now = 0; // milliseconds
    this.shown = 0; // frames
    this.play.addEventListener("click", () => (this.isPlaying ? this.pause() : this.start()));
    find("back").addEventListener("click", () => this.step(this.frames[this.shown - 2]?.ms ?? 0));
    find("next").addEventListener("click", () => this.step(this.frames[this.shown]?.ms ?? this.end));
    this.position.addEventListener("input", () => this.step(Math.min(Number(this.position.value), this.end)));
    root.hidden = false;
  }

  get end() {
    return this.frames.at(-1)?.ms ?? 0;
  }

  get isPlaying() {
    return this.last !== undefined;
  }

  async load() {
    try {
      const response = await fetch(this.root.dataset.replay);
      if (!response.ok) throw new Error(response.statusText);
      this.frames = (await response.json()).frames;
    } catch {
      this.problem.hidden = false;
      return;
    }
    this.position.max = Math.ceil(this.end / STEP) * STEP;
    this.position.step = STEP;
    this.seek(this.end); // all of it, as it stands: whoever wants to see how it came presses Play
    this.root.dataset.ready = "";
  }

  start() {
    if (this.now >= this.end) this.seek(0);
    this.last = performance.now();
    this.play.textContent = "Pause";
    requestAnimationFrame((moment) => this.tick(moment));
  }

  pause() {
    this.last = undefined;
    this.play.textContent = "Play";
  }

  tick(moment) {
    if (!this.isPlaying) return;
    const passed = Math.max(0, moment - this.last) * Number(this.speed.value);
    this.last = moment;
    this.seek(Math.min(this.now + passed, this.end));
    if (this.now >= this.end) this.pause();
    else requestAnimationFrame((next) => this.tick(next));
  }

  step(to) {
    this.pause();
    this.seek(to);
  }

  seek(to) {
    if (!this.frames) return;
    if (to < this.now) this.clear();
    this.now = to;
    while (this.shown < this.frames.length && this.frames[this.shown].ms <= to) {
      applyOps(this.article.querySelector(".blocks"), this.frames[this.shown].ops);
      this.shown += 1;
    }
    this.position.value = to;
    this.position.setAttribute("aria-valuetext", seconds(to));
    this.time.textContent = `${seconds(to)} of ${seconds(this.end)}`;
  }

  clear() {
    const fresh = this.empty.cloneNode(true);
    this.article.replaceWith(fresh);
    this.article = fresh;
    this.shown = 0;
  }
}

// The times of the timeline lead to their place in the replay.
function link(replay) {
  for (const cell of document.querySelectorAll("[data-seek]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Show the answer at this moment";
    button.textContent = cell.textContent;
    button.addEventListener("click", () => {
      replay.step(Math.min(Number(cell.dataset.seek), replay.end));
      replay.root.scrollIntoView({ block: "nearest" });
    });
    cell.replaceChildren(button);
  }
}

const root = document.querySelector("[data-replay]");
if (root) {
  const replay = new Replay(root);
  await replay.load();
  link(replay);
}
