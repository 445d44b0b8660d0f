// Hands every sample of its input to the page, in blocks of a tenth of a second or so.

registerProcessor(
  "taking",
  class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.block = new Float32Array(4096);
      this.size = 0;
    }

    process([[samples]]) {
      if (!samples) return true;
      this.block.set(samples, this.size);
      this.size += samples.length;
      if (this.size === this.block.length) {
        this.port.postMessage(this.block.slice());
        this.size = 0;
      }
      return true;
    }
  },
);
