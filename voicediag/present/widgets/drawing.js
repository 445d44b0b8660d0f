// Draws the rows of a timeline onto a canvas. A root cause is a solid bar, a symptom a hatched outline with an arrow
// before its name: colour only repeats what shape and words say.

const AXIS = 22;
const GAP = 8;
const GUTTER = 136;
// Narrower than this, names stand above their rows and not beside them.
const NARROW = 640;
const STRIP = 14;
const MOST_ROWS = 8;
const FONT = "11px";
const TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];
const TONES = ["ink", "muted", "line", "limit", "user", "agent", "card", "tint", "wire", "format", "starvation", "echo"];
const COLOURS = [...TONES, "vad", "latency", "cost"];
const SIGNS = { error: "▲", slip: "▲", interrupted: "✕", flushed: "✕", underrun: "▼", "going-away": "▼", closed: "■" };
const GRID_DB = [-20, -40];
const GRID_HZ = [1_000, 2_000, 4_000, 8_000, 16_000];
const HEIGHTS = { wave: 66, picture: 110, turns: 20, speech: 10, events: 16, flags: 16, finding: 18 };

// What the style sheet says today: light, dark or JupyterLab's.
function palette(root) {
  const probe = root.appendChild(document.createElement("i"));
  const read = (name) => ((probe.style.color = `var(--vd-${name})`), getComputedStyle(probe).color);
  const found = Object.fromEntries(COLOURS.map((name) => [name, read(name)]));
  found.font = `${FONT} ${getComputedStyle(root).fontFamily}`;
  probe.remove();
  return found;
}

function rowsOf(about, width, pictured) {
  const rows = about.tracks.map((track, index) => ({
    kind: pictured ? "picture" : "wave",
    name: track.name,
    track: index,
  }));
  for (const role of ["user", "agent"]) {
    const turns = about.turns.filter((turn) => turn.role === role);
    if (turns.length) rows.push({ kind: "turns", name: `${role} said`, role, turns });
  }
  if (about.speech.length) rows.push({ kind: "speech", name: "provider hears" });
  if (about.events.length) rows.push({ kind: "events", name: "events" });
  if (about.flags.length) rows.push({ kind: "flags", name: "you marked" });
  rows.push(...findingRows(about.findings));
  const strip = width < NARROW ? STRIP : 0;
  let y = AXIS;
  for (const row of rows) {
    row.y = y + strip;
    row.height = HEIGHTS[row.kind];
    y = row.y + row.height + (strip ? 4 : GAP);
  }
  return { rows, height: y, left: strip ? 0 : GUTTER, strip };
}

// A row for each fault, or where those would fill the screen, one of root causes and one of symptoms.
function findingRows(findings) {
  const own = ({ id, by }) => `${by ? "↳ " : ""}${id}`;
  const kind = ({ by }) => (by ? "↳ symptoms" : "root causes");
  const mixed = new Set(findings.map(own)).size > MOST_ROWS;
  const named = mixed ? kind : own;
  return [...new Set(findings.map(named))].map((name) => {
    const these = findings.filter((one) => named(one) === name);
    return { kind: "finding", name, findings: these, root: !these[0].by, mixed };
  });
}

function clock(seconds, step = 0.01) {
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  if (seconds < 60 && step < 60) return `${seconds.toFixed(digits)} s`;
  const whole = Number(seconds.toFixed(digits));
  const rest = (whole % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

class Drawing {
  constructor(canvas, about) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: true });
    this.about = about;
  }

  // state: from, to, pyramids, heights, rows, focus, selection, images
  draw(state, { width, height, left, strip }, colours, ratio) {
    const { context: pen, canvas } = this;
    Object.assign(this, { state, colours, left, strip, width, ratio, shown: width - left });
    const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== tall) canvas.height = tall;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = colours.font;
    pen.textBaseline = "middle";
    this.axis(height);
    if (state.selection) this.shade(state.selection, height, colours.user, 0.16);
    const focus = this.about.findings[state.focus];
    if (focus) for (const span of focus.spans) this.shade(span, height, colours[focus.cause], 0.1);
    for (const row of state.rows) {
      pen.save();
      pen.beginPath();
      pen.rect(left, row.y - 2, this.shown, row.height + 4);
      pen.clip();
      this[row.kind](row);
      pen.restore();
      this.name(row);
    }
    this.poles(height);
  }

  // What was marked, across all rows: to see what sounded then.
  poles(height) {
    const { context: pen, colours, state } = this;
    pen.strokeStyle = colours.ink;
    pen.setLineDash([2, 3]);
    this.about.flags.forEach(({ at }, index) => {
      const x = Math.round(this.x(at)) + 0.5;
      if (x < this.left || x > this.width) return;
      pen.globalAlpha = index === state.flag ? 1 : 0.45;
      pen.lineWidth = index === state.flag ? 1.5 : 1;
      pen.beginPath();
      pen.moveTo(x, AXIS - 5);
      pen.lineTo(x, height);
      pen.stroke();
    });
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  x(seconds) {
    return this.left + ((seconds - this.state.from) / (this.state.to - this.state.from)) * this.shown;
  }

  axis(height) {
    const { context: pen, colours } = this;
    const { from, to } = this.state;
    const step = TICKS.find((one) => ((to - from) / one) * 76 <= this.shown) ?? TICKS.at(-1);
    for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) {
      const x = Math.round(this.x(tick)) + 0.5;
      pen.fillStyle = colours.line;
      pen.fillRect(x - 0.5, AXIS - 5, 1, height - AXIS);
      pen.fillStyle = colours.muted;
      const text = clock(Math.max(0, tick), step);
      const room = pen.measureText(text).width;
      pen.fillText(text, Math.max(this.left, Math.min(x - room / 2, this.width - room)), 8);
    }
  }

  shade([from, to], height, colour, alpha) {
    const x = this.x(from);
    const width = Math.max(1, this.x(to) - x);
    if (x > this.width || x + width < this.left) return;
    const begin = Math.max(this.left, x);
    this.context.globalAlpha = alpha;
    this.context.fillStyle = colour;
    this.context.fillRect(begin, AXIS - 5, Math.min(this.width, x + width) - begin, height);
    this.context.globalAlpha = 1;
  }

  name(row) {
    const { context: pen, colours } = this;
    const detail = this.strip ? "" : row.kind === "wave" ? this.scaleName() : row.kind === "picture" ? "spectrogram" : "";
    pen.fillStyle = colours.ink;
    pen.font = row.root ? `600 ${colours.font}` : colours.font;
    pen.textAlign = this.strip ? "left" : "right";
    const middle = row.y + row.height / 2 - (detail ? 7 : 0);
    pen.fillText(row.name, this.strip ? 0 : this.left - 8, this.strip ? row.y - STRIP / 2 : middle, this.strip ? this.width : GUTTER - 8);
    pen.font = colours.font;
    pen.fillStyle = colours.muted;
    if (detail) pen.fillText(detail, this.left - 8, middle + 14);
    pen.textAlign = "left";
  }

  scaleName() {
    return this.state.scale === "linear" ? `± ${this.about.full}` : `dBFS, to −${-FLOOR_DB}`;
  }

  wave(row) {
    const { context: pen, colours, state } = this;
    const track = this.about.tracks[row.track];
    const { low, high, step_s } = state.pyramids[row.track].at((state.to - state.from) / this.shown);
    const [middle, half] = [row.y + row.height / 2, row.height / 2];
    this.grid(row, middle, half);
    const first = Math.max(0, Math.floor((state.from - track.start_s) / step_s));
    const last = Math.min(low.length, Math.ceil((state.to - track.start_s) / step_s));
    const wide = (step_s / (state.to - state.from)) * this.shown;
    const begin = this.x(track.start_s);
    // One rectangle a column of pixels: a path of them is twenty times slower to fill.
    const pixel = 1 / this.ratio;
    const snapped = (x) => Math.floor(x * this.ratio) * pixel;
    const clipped = [];
    const closer = state.to - state.from <= CLOSE_S && state.close.get(track.name);
    pen.fillStyle = colours[track.role];
    pen.globalAlpha = closer ? 0.2 : 1;
    for (let step = first; step < last; ) {
      const x = snapped(begin + step * wide);
      const next = Math.max(x + pixel, snapped(begin + (step + 1) * wide));
      let [lowest, highest] = [low[step], high[step]];
      for (step++; step < last && begin + step * wide < next; step++) {
        if (low[step] < lowest) lowest = low[step];
        if (high[step] > highest) highest = high[step];
      }
      const top = middle - half * state.heights[highest + 127];
      pen.fillRect(x, top, next - x, Math.max(half * (state.heights[highest + 127] - state.heights[lowest + 127]), 0.75));
      if (highest === AT_FULL_SCALE || lowest === -AT_FULL_SCALE) clipped.push(x);
    }
    pen.globalAlpha = 1;
    if (closer) this.samples(closer, middle, half, colours[track.role]);
    pen.fillStyle = colours.limit;
    for (const at of clipped) {
      pen.fillRect(at - 0.5, row.y - 2, Math.max(wide, 2), 4);
      pen.fillRect(at - 0.5, row.y + row.height - 2, Math.max(wide, 2), 4);
    }
  }

  // The samples themselves, joined; of those that share a pixel the lowest and the highest.
  samples({ at, rate_hz, values }, middle, half, colour) {
    const { context: pen, state } = this;
    const step = Math.max(1, Math.floor((rate_hz * (state.to - state.from)) / this.shown));
    const last = Math.min(values.length, Math.ceil((state.to - at) * rate_hz) + step);
    const y = (value) => middle - half * heightOf(value, state.scale, this.about.full);
    pen.beginPath();
    for (let first = Math.max(0, Math.floor((state.from - at) * rate_hz) - step); first < last; first += step) {
      const some = values.subarray(first, first + step);
      const x = this.x(at + first / rate_hz);
      pen.lineTo(x, y(Math.min(...some)));
      if (step > 1) pen.lineTo(x, y(Math.max(...some)));
    }
    pen.strokeStyle = colour;
    pen.lineWidth = 1.2;
    pen.stroke();
  }

  grid(row, middle, half) {
    const { context: pen, colours } = this;
    pen.fillStyle = colours.line;
    pen.fillRect(this.left, middle - 0.5, this.shown, 1);
    if (this.state.scale === "linear") return;
    for (const level of GRID_DB) {
      const away = half * (1 - level / FLOOR_DB);
      for (const y of [middle - away, middle + away]) pen.fillRect(this.left, y, this.shown, 0.5);
    }
  }

  picture(row) {
    const { context: pen, colours } = this;
    const track = this.about.tracks[row.track];
    pen.fillStyle = colours.tint;
    pen.fillRect(this.left, row.y, this.shown, row.height);
    const image = this.state.images.get(track.name);
    if (!image) return;
    const x = this.x(image.from);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(image.canvas, x, row.y, this.x(image.to) - x, row.height);
    pen.fillStyle = "#fff";
    pen.shadowColor = "#000";
    pen.shadowBlur = 3;
    const least = (14 * track.rate_hz) / 2 / row.height;
    for (const hz of GRID_HZ.filter((one) => one >= least && one < track.rate_hz / 2)) {
      const y = row.y + row.height * (1 - hz / (track.rate_hz / 2));
      pen.fillRect(this.left, y, 6, 1);
      pen.fillText(`${hz / 1_000} kHz`, this.left + 9, y);
    }
    pen.shadowBlur = 0;
  }

  turns(row) {
    const { context: pen, colours } = this;
    for (const { span, text } of row.turns) {
      const [x, width] = this.bar(span, 3);
      if (width === 0) continue;
      pen.fillStyle = colours.tint;
      pen.fillRect(x, row.y, width - 1, row.height);
      pen.fillStyle = colours[row.role];
      pen.fillRect(x, row.y, width - 1, 2.5);
      if (width > 26) this.words(text, Math.max(x, this.left) + 3, row, x + width - 4);
    }
  }

  words(text, x, row, end) {
    const { context: pen, colours } = this;
    const some = text.slice(0, 300);
    const room = end - x;
    const whole = pen.measureText(some).width;
    if (room < 16) return;
    pen.fillStyle = colours.ink;
    pen.fillText(whole <= room ? some : `${some.slice(0, Math.floor((some.length * (room - 9)) / whole))}…`, x, row.y + row.height / 2 + 1.5);
  }

  speech(row) {
    for (const span of this.about.speech) {
      const [x, width] = this.bar(span, 2);
      if (width) this.box(x, row.y + 1, width, row.height - 2, this.colours.vad, true);
    }
  }

  events(row) {
    const { context: pen, colours } = this;
    let free = -Infinity;
    for (const { at, kind, text } of this.about.events) {
      const x = this.x(at);
      if (x < this.left - 200 || x > this.width) continue;
      const loud = kind in SIGNS;
      pen.fillStyle = loud ? colours.limit : colours.muted;
      pen.fillRect(x - 0.5, row.y, 1, row.height);
      if (x < free) continue;
      const told = loud ? `${SIGNS[kind]} ${text.split(":")[0]}` : text.split(":")[0];
      pen.fillText(told, x + 3, row.y + row.height / 2);
      free = x + pen.measureText(told).width + 12;
    }
  }

  // A pole and a pennant each, so that no colour is needed; the words beside it where there is room.
  flags(row) {
    const { context: pen, colours } = this;
    let free = -Infinity;
    this.about.flags.forEach(({ at, text }, index) => {
      const x = this.x(at);
      if (x < this.left - 200 || x > this.width) return;
      pen.fillStyle = colours.ink;
      pen.fillRect(x - 0.75, row.y, 1.5, row.height);
      pen.beginPath();
      pen.moveTo(x, row.y);
      pen.lineTo(x + 9, row.y + 4);
      pen.lineTo(x, row.y + 8);
      pen.fill();
      if (x < free) return;
      const told = text ? `${index + 1}: ${text.slice(0, 60)}` : `${index + 1}`;
      pen.fillText(told, x + 12, row.y + row.height / 2);
      free = x + pen.measureText(told).width + 20;
    });
  }

  finding(row) {
    const { context: pen, colours } = this;
    pen.fillStyle = colours.line;
    pen.fillRect(this.left, row.y + row.height / 2, this.shown, 0.75);
    let free = -Infinity;
    for (const finding of row.findings) {
      const focused = this.about.findings[this.state.focus] === finding;
      const inset = focused ? 0 : 3;
      let drawn = -Infinity;
      for (const span of finding.spans) {
        const [x, width] = this.bar(span, 4);
        // A thousand gaps within a pixel are one bar.
        if (width === 0 || x + width <= drawn + 0.5) continue;
        drawn = x + width;
        this.box(x, row.y + inset, width, row.height - 2 * inset, colours[finding.cause], row.root);
      }
      if (row.mixed && drawn > free && drawn < this.width) {
        pen.fillStyle = colours.ink;
        pen.fillText(finding.id, drawn + 4, row.y + row.height / 2);
        free = drawn + 16 + pen.measureText(finding.id).width;
      }
    }
  }

  // Where a span lies; no width where it is out of sight.
  bar([from, to], least) {
    const x = this.x(from);
    const width = Math.max(least, this.x(to) - x);
    return x > this.width || x + width < this.left ? [x, 0] : [x, width];
  }

  box(x, y, width, height, colour, solid) {
    const { context: pen } = this;
    const begin = Math.max(this.left - 2, x);
    const room = Math.min(this.width + 2, x + width) - begin;
    pen.fillStyle = pen.strokeStyle = colour;
    if (solid) {
      pen.fillRect(begin, y, room, height);
      return;
    }
    pen.lineWidth = 1.25;
    pen.beginPath();
    pen.rect(begin + 0.6, y + 0.6, Math.max(0.5, room - 1.2), height - 1.2);
    pen.stroke();
    pen.save();
    pen.beginPath();
    pen.rect(begin, y, room, height);
    pen.clip();
    pen.beginPath();
    for (let at = begin - height; at < begin + room; at += 5) {
      pen.moveTo(at, y + height);
      pen.lineTo(at + height, y);
    }
    pen.stroke();
    pen.restore();
  }
}
