// What is in view, and what wheel, pointer and keys make of it. What a click or a key means beyond that, the Timeline
// knows that stands on this.

const NEAREST_S = 0.02;
const STEP = 0.12;
// Where less is shown, steps of 10 ms are wider than pixels, and whoever has the samples is asked for them.
const CLOSE_S = 2;
const DRAG_PX = 4;

class Stage {
  listen() {
    const { stage } = this;
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.press(event));
    stage.addEventListener("pointermove", (event) => (this.pressed ? this.drag(event) : this.hover(event)));
    stage.addEventListener("pointerup", (event) => this.release(event));
    stage.addEventListener("pointercancel", () => (this.pressed = null));
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.watches = new ResizeObserver(() => this.lay());
    this.watches.observe(stage);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    this.themes = new MutationObserver(() => this.recolour());
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
    document.addEventListener("vd-play", (event) => event.detail !== this && this.hearing.stop());
  }

  close() {
    this.hearing.stop();
    this.watches.disconnect();
    this.themes.disconnect();
  }

  // --- what is in view ---

  lay() {
    const width = this.stage.clientWidth;
    if (!width) return;
    this.layout = { width, ...rowsOf(this.about, width, this.pictured) };
    this.state.rows = this.layout.rows;
    this.canvas.style.height = `${this.layout.height}px`;
    this.canvas.style.width = `${width}px`;
    this.draw();
  }

  recolour() {
    this.colours = palette(this.root);
    this.redraw();
  }

  redraw() {
    if (this.due || !this.layout) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.draw();
    });
  }

  draw() {
    this.drawing ??= new Drawing(this.canvas, this.about);
    this.drawing.draw(this.state, this.layout, this.colours, this.ratio);
    this.place();
    if (!this.drawn) performance.mark("vd-timeline");
    this.drawn = true;
  }

  show(from, to) {
    const length = Math.min(this.seconds, Math.max(NEAREST_S, to - from));
    const begin = Math.max(0, Math.min(from, this.seconds - length));
    const changed = begin !== this.state.from || begin + length !== this.state.to;
    Object.assign(this.state, { from: begin, to: begin + length });
    if (changed) this.redraw();
    if (changed && this.pictured) this.askPictures();
    if (changed && length <= CLOSE_S) this.askSamples();
    return changed;
  }

  zoom(factor, share) {
    const { from, to } = this.state;
    const length = Math.min(this.seconds, Math.max(NEAREST_S, (to - from) * factor));
    const held = from + share * (to - from);
    return this.show(held - share * length, held + (1 - share) * length);
  }

  move(share) {
    const { from, to } = this.state;
    return this.show(from + share * (to - from), to + share * (to - from));
  }

  x(seconds) {
    const { left, width } = this.layout;
    return left + ((seconds - this.state.from) / (this.state.to - this.state.from)) * (width - left);
  }

  secondsAt(x) {
    const { left, width } = this.layout;
    const share = Math.max(0, Math.min(1, (x - left) / (width - left)));
    return this.state.from + share * (this.state.to - this.state.from);
  }

  // --- pointer, wheel, keys ---

  wheel(event) {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    // A page that is being read scrolls on; who has clicked the timeline, or holds Ctrl, zooms.
    if (!event.ctrlKey && !event.metaKey && !this.stage.contains(document.activeElement)) {
      this.say("Click once, or hold Ctrl, and the wheel zooms.", true);
      return;
    }
    const { left, width } = this.layout;
    const x = event.clientX - this.stage.getBoundingClientRect().left;
    const turned = event.deltaMode ? 33 * event.deltaY : event.deltaY;
    const share = Math.max(0, Math.min(1, (x - left) / (width - left)));
    const changed = sideways ? this.move((event.deltaX || event.deltaY) / width) : this.zoom(1.0018 ** turned, share);
    if (changed || event.ctrlKey) event.preventDefault();
  }

  press(event) {
    if (event.button) return;
    const box = this.stage.getBoundingClientRect();
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    const x = event.clientX - box.left;
    this.pressed = { x, y: event.clientY - box.top, from: this.state.from, chooses: event.shiftKey, at: this.secondsAt(x), moved: false };
  }

  drag(event) {
    const { pressed } = this;
    const x = event.clientX - this.stage.getBoundingClientRect().left;
    if (Math.abs(x - pressed.x) > DRAG_PX) pressed.moved = true;
    if (!pressed.moved) return;
    if (pressed.chooses) {
      const at = this.secondsAt(x);
      this.state.selection = [Math.min(at, pressed.at), Math.max(at, pressed.at)];
      this.redraw();
      return;
    }
    const length = this.state.to - this.state.from;
    const from = pressed.from - ((x - pressed.x) / (this.layout.width - this.layout.left)) * length;
    this.show(from, from + length);
  }

  release() {
    const { pressed } = this;
    this.pressed = null;
    if (!pressed) return;
    if (!pressed.moved) this.click(pressed);
    else if (pressed.chooses) {
      const [from, to] = this.state.selection;
      this.say(`Chosen: ${clock(from)} to ${clock(to)}. Space plays it, l loops it.`);
      this.at = from;
      this.place();
    }
  }

  click({ x, y, at }) {
    const flag = this.flagAt(x, y);
    if (flag >= 0) {
      this.goTo(flag);
      return;
    }
    const hit = this.findingAt(x, y);
    if (hit >= 0) {
      this.focus(hit);
      this.hear(...this.spanOf(this.about.findings[hit]));
      return;
    }
    if (x >= this.layout.left) this.hear(at, this.state.selection && at < this.state.selection[1] && at >= this.state.selection[0] ? this.state.selection[1] : null);
  }

  findingAt(x, y) {
    const row = this.layout.rows.find((one) => one.kind === "finding" && y >= one.y - 4 && y <= one.y + one.height + 4);
    if (!row) return -1;
    const slack = (4 * (this.state.to - this.state.from)) / this.layout.width;
    const at = this.secondsAt(x);
    const near = (finding) => finding.spans.some(([from, to]) => at >= from - slack && at <= to + slack);
    const found = x < this.layout.left ? row.findings[0] : row.findings.find(near);
    return found ? this.about.findings.indexOf(found) : -1;
  }

  flagAt(x, y) {
    const row = this.layout.rows.find((one) => one.kind === "flags" && y >= one.y - 4 && y <= one.y + one.height + 4);
    return row ? this.about.flags.findIndex(({ at }) => x >= this.x(at) - 4 && x <= this.x(at) + 12) : -1;
  }

  hover(event) {
    const box = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const row = this.layout?.rows.find((one) => y >= one.y - 3 && y <= one.y + one.height + 3);
    const at = this.secondsAt(x);
    this.hint.textContent = x < this.layout?.left ? "" : [clock(at), row ? this.under(row, at, x, y) : ""].filter(Boolean).join("  ");
    const pointed = (row?.kind === "finding" && this.findingAt(x, y) >= 0) || (row?.kind === "flags" && this.flagAt(x, y) >= 0);
    this.stage.style.cursor = pointed ? "pointer" : "";
  }

  under(row, at, x, y) {
    const slack = (4 * (this.state.to - this.state.from)) / this.layout.width;
    if (row.kind === "wave" || row.kind === "picture") {
      const codes = this.state.pyramids[row.track].codesAt(at);
      const peak = codes ? Math.max(...codes.map(Math.abs)) : 0;
      return `${row.name} ${peak ? `peak ${decibelsOf(peak).toFixed(1).replace("-", "−")} dBFS` : "digital silence"}${peak === AT_FULL_SCALE ? ", at full scale" : ""}`;
    }
    if (row.kind === "turns") {
      const turn = row.turns.find(({ span }) => at >= span[0] - slack && at <= span[1] + slack);
      return turn ? `${row.role}: “${turn.text}”${turn.told ? ` (${turn.told})` : ""}` : "";
    }
    if (row.kind === "events") {
      const event = this.about.events.find((one) => Math.abs(one.at - at) <= slack);
      return event ? `${clock(event.at)} ${event.text}` : "";
    }
    if (row.kind === "flags") {
      const flag = this.about.flags[this.flagAt(x, y)];
      return flag ? `${clock(flag.at)} marked${flag.text ? `: ${flag.text}` : ""}` : "";
    }
    const hit = row.kind === "finding" ? this.findingAt(x, y) : -1;
    return hit >= 0 ? `${this.about.findings[hit].id}, ${roleOf(this.about.findings[hit])}` : "";
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 0.5 : STEP;
    const keys = {
      ArrowLeft: () => this.move(-far),
      ArrowRight: () => this.move(far),
      "+": () => this.zoom(1 / 1.6, 0.5),
      "=": () => this.zoom(1 / 1.6, 0.5),
      "-": () => this.zoom(1.6, 0.5),
      Home: () => this.show(0, this.state.to - this.state.from),
      End: () => this.show(this.seconds, this.seconds + this.state.to - this.state.from),
      0: () => this.show(0, this.seconds),
      n: () => this.step(1),
      p: () => this.step(-1),
      m: () => this.stepFlag(1),
      M: () => this.stepFlag(-1),
      l: () => this.toggleLoop(),
      s: () => this.toggleScale(),
      " ": () => this.toggle(),
      Escape: () => this.letGo(),
    };
    // Space and Enter on a button press the button.
    const act = event.key === " " && event.target.closest("button, summary, a") ? null : keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}
