// Envelopes as voicediag.measure.envelope writes them: two codes of 8 bits a step, each on a logarithmic curve.

const MU = 255;
const STEPS = 126;
const AT_FULL_SCALE = 127;
const TIMES = 4;
const FEWEST = 1_000;
const FLOOR_DB = -66;

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Int8Array(await new Response(stream).arrayBuffer());
}

// How loud a code is, linear; its sign is the sample's.
function linearOf(code) {
  const size = Math.expm1((Math.min(Math.abs(code), STEPS) / STEPS) * Math.log1p(MU)) / MU;
  return code < 0 ? -size : size;
}

function decibelsOf(code) {
  return code ? 20 * Math.log10(Math.abs(linearOf(code))) : -Infinity;
}

// How far from the middle of its row a value is drawn: 1 is the edge.
function heightOf(value, scale, full) {
  if (scale === "linear") return Math.max(-1, Math.min(1, value / full));
  return Math.sign(value) * Math.max(0, 1 - (20 * Math.log10(Math.abs(value) || 1e-9)) / FLOOR_DB);
}

// The same for each code, from -127 on.
function heights(scale, full) {
  return Float32Array.from({ length: 255 }, (_, place) => heightOf(linearOf(place - 127), scale, full));
}

// The same envelope in coarser and coarser steps, so that a picture never reads many more steps than it has pixels.
class Pyramid {
  constructor(low, high, { start_s, step_s }) {
    this.start_s = start_s;
    this.levels = [{ low, high, step_s }];
    while (this.levels.at(-1).low.length > FEWEST) this.levels.push(coarser(this.levels.at(-1)));
  }

  // The coarsest level of which a step is no wider than a pixel, or else the finest.
  at(secondsPerPixel) {
    return this.levels.findLast(({ step_s }) => step_s <= secondsPerPixel) ?? this.levels[0];
  }

  // The lowest and the highest code of the step at a time.
  codesAt(seconds) {
    const { low, high, step_s } = this.levels[0];
    const step = Math.floor((seconds - this.start_s) / step_s);
    return step >= 0 && step < low.length ? [low[step], high[step]] : null;
  }

  get atFullScale() {
    const { low, high } = this.levels[0];
    let steps = 0;
    for (let step = 0; step < low.length; step++) {
      if (high[step] === AT_FULL_SCALE || low[step] === -AT_FULL_SCALE) steps++;
    }
    return steps;
  }
}

function coarser({ low, high, step_s }) {
  const length = Math.ceil(low.length / TIMES);
  const lows = new Int8Array(length).fill(AT_FULL_SCALE);
  const highs = new Int8Array(length).fill(-AT_FULL_SCALE);
  for (let step = 0; step < low.length; step++) {
    const place = Math.floor(step / TIMES);
    if (low[step] < lows[place]) lows[place] = low[step];
    if (high[step] > highs[place]) highs[place] = high[step];
  }
  return { low: lows, high: highs, step_s: step_s * TIMES };
}

function pyramids(codes, tracks) {
  let place = 0;
  const taken = (count) => codes.subarray(place, (place += count));
  return tracks.map((track) => new Pyramid(taken(track.steps), taken(track.steps), track));
}
