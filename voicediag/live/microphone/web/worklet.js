// Microphone and played sound, taken in the same calls and so on one clock, cut into chunks for the Worker.
//
// A chunk is 40 bytes of head and 16-bit samples, all little-endian: sequence (u32), frames (u32), its first frame by
// the context's clock (f64), Date.now() when it was full (f64), when it was sent (f64, the Worker's to fill in), whether
// the played sound follows the microphone's (u32), and four bytes of nothing.

const HEAD_BYTES = 40;
const CHUNK_FRAMES = 1024;
const LEVEL_EVERY = 4;

class Tap extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.inputs = options.processorOptions.played ? 2 : 1;
    this.sequence = 0;
    this.used = 0;
    this.sums = [0, 0];
    this.peaks = [0, 0];
    this.waiting = [];
    this.done = false;
    this.port.onmessage = ({ data, ports }) => (data === "stop" ? this.stop() : this.connect(ports[0]));
    this.begin();
  }

  connect(sink) {
    this.sink = sink;
    for (const chunk of this.waiting.splice(0)) this.sink.postMessage(chunk, [chunk]);
  }

  begin() {
    this.chunk = new ArrayBuffer(HEAD_BYTES + 2 * CHUNK_FRAMES * this.inputs);
    this.samples = Array.from({ length: this.inputs }, (_, track) => (
      new Int16Array(this.chunk, HEAD_BYTES + 2 * track * CHUNK_FRAMES, CHUNK_FRAMES)
    ));
    this.used = 0;
  }

  process(inputs) {
    if (this.done) return false;
    if (this.used === 0) this.frame = currentFrame;
    for (let track = 0; track < this.inputs; track++) this.copy(inputs[track][0], track);
    this.used += 128;
    if (this.used >= CHUNK_FRAMES) this.send();
    return true;
  }

  // An input to which nothing is connected yet, or any more, has no channel: that is silence.
  copy(samples, track) {
    if (!samples) return;
    const out = this.samples[track];
    for (let at = 0; at < samples.length; at++) {
      const value = samples[at];
      out[this.used + at] = Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
      this.sums[track] += value * value;
      this.peaks[track] = Math.max(this.peaks[track], Math.abs(value));
    }
  }

  send() {
    const head = new DataView(this.chunk);
    head.setUint32(0, this.sequence, true);
    head.setUint32(4, this.used, true);
    head.setFloat64(8, this.frame, true);
    head.setFloat64(16, Date.now(), true);
    head.setUint32(32, this.inputs - 1, true);
    const chunk = this.used === CHUNK_FRAMES ? this.chunk : this.shortened();
    if (this.sink) this.sink.postMessage(chunk, [chunk]);
    else this.waiting.push(chunk);
    this.sequence += 1;
    if (this.sequence % LEVEL_EVERY === 0) this.tell();
    this.begin();
  }

  shortened() {
    const short = new Uint8Array(HEAD_BYTES + 2 * this.used * this.inputs);
    short.set(new Uint8Array(this.chunk, 0, HEAD_BYTES));
    this.samples.forEach((samples, track) => {
      const bytes = new Uint8Array(samples.buffer, samples.byteOffset, 2 * this.used);
      short.set(bytes, HEAD_BYTES + track * bytes.length);
    });
    return short.buffer;
  }

  tell() {
    const frames = LEVEL_EVERY * CHUNK_FRAMES;
    const rms = this.sums.map((sum) => Math.sqrt(sum / frames));
    this.port.postMessage({ rms, peak: this.peaks, seconds: (this.sequence * CHUNK_FRAMES) / sampleRate });
    this.sums = [0, 0];
    this.peaks = [0, 0];
  }

  stop() {
    if (this.done) return;
    if (this.used) this.send();
    this.done = true;
    this.sink?.postMessage({ end: this.sequence });
  }
}

registerProcessor("voicediag-tap", Tap);
