// The explorer in a notebook: the kernel has the samples, and is asked for those that are heard or looked at.

const PATIENCE_MS = 20_000;

class Kernel {
  constructor(model, about) {
    this.model = model;
    this.seconds = about.seconds;
    this.why = "There is no sound here.";
    this.link = false;
    this.waiting = new Map();
    this.kept = new Map();
    this.asked = 0;
    this.answer = (message, buffers) => {
      const waits = this.waiting.get(message?.id);
      this.waiting.delete(message?.id);
      waits?.({ ...message, bytes: buffers?.[0] });
    };
    model.on("msg:custom", this.answer);
  }

  close() {
    this.model.off("msg:custom", this.answer);
  }

  ask(what) {
    const id = `${Date.now()}-${++this.asked}`;
    return new Promise((done) => {
      this.waiting.set(id, done);
      setTimeout(() => this.waiting.delete(id) && done({ why: "The kernel does not answer: is it busy, or was it restarted?" }), PATIENCE_MS);
      this.model.send({ ...what, id });
    });
  }

  until() {
    return this.seconds;
  }

  spanOf() {
    return null;
  }

  // What was fetched last stays, so that a loop is asked for once.
  fetch(track, from, to, context) {
    const key = `${track} ${from} ${to}`;
    if (!this.kept.has(key)) {
      if (this.kept.size >= 8) this.kept.delete(this.kept.keys().next().value);
      this.kept.set(key, this.fetched(track, from, to, context).catch((error) => {
        this.kept.delete(key);
        throw error;
      }));
    }
    return this.kept.get(key);
  }

  async fetched(track, from, to, context) {
    const { bytes, why } = await this.ask({ ask: "sound", track, from, to });
    if (why) throw new Error(why);
    // decodeAudioData takes the buffer away, and it may be a part of a larger one.
    const wav = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    return { buffer: await context.decodeAudioData(wav), offset: 0 };
  }

  async picture(track, from, to, columns) {
    const answer = await this.ask({ ask: "picture", track, from, to, columns });
    if (answer.why) return answer;
    const { buffer, byteOffset, byteLength } = answer.bytes;
    return { ...answer, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  }
}

async function render({ model, el }) {
  const about = model.get("about");
  const packed = model.get("envelopes");
  const root = document.createElement("div");
  root.className = "vd vd-inline vd-timeline";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Session explorer");
  el.append(root);
  const codes = await inflated(packed);
  const kernel = new Kernel(model, about);
  root.timeline = new Timeline(root, about, codes, kernel, (...asked) => kernel.picture(...asked));
  return () => {
    root.timeline.close();
    kernel.close();
  };
}

export default { render };
