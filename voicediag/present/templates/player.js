// Plays the clips of one piece of evidence in step, sample for sample, and moves a cursor over its picture.
// Without it every clip keeps the browser's own player; nothing here reaches for the network.
(() => {
  "use strict";

  const SECONDS_BEFORE_START = 0.03;
  let context = null;
  let playing = null;

  const decoded = new WeakMap();

  // fetch() of a data: address would need leave in the page's policy; its bytes are here already.
  function decode(audio) {
    if (!decoded.has(audio)) {
      const bytes = Uint8Array.from(atob(audio.src.slice(audio.src.indexOf(",") + 1)), (c) => c.charCodeAt(0));
      decoded.set(audio, context.decodeAudioData(bytes.buffer));
    }
    return decoded.get(audio);
  }

  class Player {
    constructor(root) {
      this.root = root;
      this.from = Number(root.dataset.from);
      this.seconds = Number(root.dataset.to) - this.from;
      this.audios = [...root.querySelectorAll("audio")];
      this.button = root.querySelector(".vd-play");
      this.modes = [...root.querySelectorAll("[data-hear]")];
      this.hear = this.modes.length ? this.modes.find((mode) => mode.ariaPressed === "true").dataset.hear : "0:0";
      this.nodes = [];
      this.picture = root.closest(".vd-evidence")?.querySelector(".vd-picture[data-from]") ?? null;
      this.button.addEventListener("click", () => (playing === this ? this.stop() : this.play(0)));
      for (const mode of this.modes) mode.addEventListener("click", () => this.choose(mode));
      this.picture?.querySelector(".vd-lane").addEventListener("click", (event) => this.seek(event));
      root.querySelector(".vd-controls").hidden = false;
      root.classList.add("vd-live");
    }

    async play(offset) {
      playing?.stop();
      playing = this;
      document.dispatchEvent(new CustomEvent("vd-play", { detail: this }));
      context ??= new AudioContext();
      await context.resume();
      const sounds = await Promise.all(this.audios.map(decode));
      if (playing !== this) return;
      const start = context.currentTime + SECONDS_BEFORE_START;
      this.nodes = sounds.map((buffer) => this.connect(buffer, start, offset));
      this.zero = start - offset;
      this.mix();
      this.button.classList.add("vd-playing");
      this.follow();
    }

    connect(buffer, start, offset) {
      const source = new AudioBufferSourceNode(context, { buffer });
      const gain = new GainNode(context, { gain: 0 });
      const pan = new StereoPannerNode(context);
      source.connect(gain).connect(pan).connect(context.destination);
      source.start(start, Math.min(offset, buffer.duration));
      return { source, gain, pan };
    }

    // "0:-1 1:1" means: the first clip on the left, the second on the right, nothing else.
    mix() {
      for (const { gain } of this.nodes) gain.gain.value = 0;
      for (const part of this.hear.split(" ")) {
        const [clip, side] = part.split(":").map(Number);
        if (!this.nodes[clip]) continue;
        this.nodes[clip].gain.gain.value = 1;
        this.nodes[clip].pan.pan.value = side;
      }
    }

    choose(mode) {
      for (const other of this.modes) other.ariaPressed = String(other === mode);
      this.hear = mode.dataset.hear;
      if (playing === this) this.mix();
      else this.play(0);
    }

    seek(event) {
      const box = event.currentTarget.getBoundingClientRect();
      const from = Number(this.picture.dataset.from);
      const view = Number(this.picture.dataset.to) - from;
      const at = from + (view * (event.clientX - box.left)) / box.width - this.from;
      this.play(Math.max(0, Math.min(at, this.seconds - 0.1)));
    }

    follow() {
      if (playing !== this) return;
      const at = context.currentTime - this.zero;
      if (at >= this.seconds) {
        this.stop();
        return;
      }
      const cursor = this.picture?.querySelector(".vd-cursor");
      if (cursor) {
        const from = Number(this.picture.dataset.from);
        const share = (this.from + Math.max(0, at) - from) / (Number(this.picture.dataset.to) - from);
        cursor.hidden = false;
        cursor.style.left = `${100 * share}%`;
      }
      requestAnimationFrame(() => this.follow());
    }

    stop() {
      if (playing === this) playing = null;
      for (const { source } of this.nodes) source.stop();
      this.nodes = [];
      this.button.classList.remove("vd-playing");
      const cursor = this.picture?.querySelector(".vd-cursor");
      if (cursor) cursor.hidden = true;
    }
  }

  for (const root of document.querySelectorAll(".vd-player:not(.vd-live)")) new Player(root);

  // The session explorer above the cards plays too, and one at a time is enough.
  document.addEventListener("vd-play", (event) => playing !== event.detail && playing?.stop());

  // A link to a card opens what hides it, and paper hides nothing.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll(".vd details")) details.open = true;
  });
})();
