// Plays what comes from the Worker, in order, and tells what it did: a cushion before it starts, silence at once when it
// is flushed.
//
// A piece is the position of its first sample (f64) and 16-bit samples, little-endian, at the context's rate. What was
// done is told as lists: a word, the frame of the context's clock, a position, and a number of samples.

const HEAD_BYTES = 8;
const CUSHION_S = 0.1;
// The longest answers take a minute or two; what lies beyond is no answer but a fault, and memory is bounded.
const MOST_S = 300;
const TELL_FRAMES = 1024;

class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = [];
    this.queued = 0;
    this.sounding = false;
    this.waitsSince = null;
    this.drySince = null;
    this.turnEnds = false;
    this.log = [];
    this.run = null;
    this.toldAt = 0;
    this.port.onmessage = ({ ports }) => {
      this.sink = ports[0];
      this.sink.onmessage = ({ data }) => this.take(data);
    };
  }

  take(data) {
    if (data.type === "flush") this.flush();
    else if (data.type === "turn-ended") this.endTurn();
    else this.enqueue(data);
  }

  enqueue(data) {
    const samples = new Int16Array(data, HEAD_BYTES);
    this.queue.push({ position: new DataView(data).getFloat64(0, true), samples, at: 0 });
    this.queued += samples.length;
    this.turnEnds = false;
    this.waitsSince ??= currentFrame;
    // What is oldest goes: the newest is what the user waits for.
    while (this.queued > MOST_S * sampleRate) this.drop(this.queue.shift());
  }

  process(_, [[out]]) {
    if (!this.sounding && this.mayStart()) this.start();
    let filled = 0;
    while (this.sounding && filled < out.length && this.queue.length) filled += this.copy(out, filled);
    if (this.sounding && filled < out.length) this.runDry(filled);
    if (currentFrame - this.toldAt >= TELL_FRAMES) this.tell();
    return true;
  }

  copy(out, filled) {
    const piece = this.queue[0];
    const many = Math.min(out.length - filled, piece.samples.length - piece.at);
    for (let at = 0; at < many; at++) out[filled + at] = piece.samples[piece.at + at] / 32768;
    this.played(currentFrame + filled, piece.position + piece.at, many);
    piece.at += many;
    this.queued -= many;
    if (piece.at === piece.samples.length) this.queue.shift();
    return many;
  }

  // Runs that follow each other without a seam are told as one.
  played(frame, position, many) {
    const run = this.run;
    if (run && run[1] + run[3] === frame && run[2] + run[3] === position) run[3] += many;
    else this.log.push((this.run = ["played", frame, position, many]));
  }

  mayStart() {
    if (!this.queue.length) return false;
    return this.turnEnds || this.queued >= CUSHION_S * sampleRate || currentFrame - this.waitsSince >= CUSHION_S * sampleRate;
  }

  start() {
    this.sounding = true;
    if (this.drySince === null) return;
    this.log.push(["underrun", this.drySince, this.queue[0].position, currentFrame - this.drySince]);
    this.drySince = null;
  }

  runDry(filled) {
    this.sounding = false;
    this.waitsSince = null;
    if (!this.turnEnds) this.drySince = currentFrame + filled;
  }

  // The agent has said all: silence after it is no underrun.
  endTurn() {
    this.turnEnds = true;
    this.drySince = null;
  }

  flush() {
    for (const piece of this.queue.splice(0)) this.drop(piece);
    this.sounding = false;
    this.waitsSince = this.drySince = null;
    this.log.push(["silent", currentFrame, 0, 0]);
    this.tell();
  }

  drop(piece) {
    const left = piece.samples.length - piece.at;
    this.queued -= left;
    if (left) this.log.push(["flushed", currentFrame, piece.position + piece.at, left]);
  }

  tell() {
    this.toldAt = currentFrame;
    this.run = null;
    if (this.log.length) this.sink.postMessage({ type: "player", log: this.log.splice(0) });
  }
}

registerProcessor("voicediag-player", Player);
