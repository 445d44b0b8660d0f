// Plays what was recorded, as loud as it was recorded: nothing here turns a level up or evens it out.
// Where sound comes from is the face's affair: `fetch(track, from, to)` answers {buffer, offset} or null.

const PIECE_S = 8;
const AHEAD_S = 3;
const SECONDS_BEFORE_START = 0.04;

class Hearing {
  constructor(fetch, onEnd) {
    this.fetch = fetch;
    this.onEnd = onEnd;
    this.run = null;
  }

  get playing() {
    return this.run !== null;
  }

  // parts: [{track, pan}]; loop is asked at the end of each round. False where there is nothing to hear.
  async play({ from, to, parts, loop }) {
    this.stop();
    const run = (this.run = { sources: new Set(), laid: [] });
    this.context ??= new AudioContext();
    await this.context.resume();
    let at = from;
    let when = 0;
    while (this.run === run) {
      const end = Math.min(to, at + PIECE_S);
      const sounds = await Promise.all(parts.map(({ track }) => this.fetch(track, at, end, this.context)));
      if (this.run !== run) return true;
      if (!sounds.some(Boolean)) {
        if (at === from) return this.stop() ?? false;
        break;
      }
      when = Math.max(when, this.context.currentTime + SECONDS_BEFORE_START);
      sounds.forEach((sound, index) => sound && this.lay(run, sound, parts[index].pan, when, end - at));
      run.laid.push({ when, at, end });
      if (run.laid.length > 64) run.laid.shift();
      when += end - at;
      at = end;
      if (at >= to - 1e-3) {
        // Whether it begins anew is known only when it is about to end.
        await this.until(run, when - Math.min(0.25, (to - from) / 2));
        if (this.run !== run || !loop()) break;
        at = from;
      } else await this.until(run, when - AHEAD_S);
    }
    await this.until(run, when);
    if (this.run === run) this.stop();
    return true;
  }

  lay(run, { buffer, offset }, pan, when, seconds) {
    if (offset >= buffer.duration) return;
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(new StereoPannerNode(this.context, { pan })).connect(this.context.destination);
    source.start(when, offset, seconds);
    run.sources.add(source);
    source.onended = () => run.sources.delete(source);
  }

  async until(run, when) {
    while (this.run === run && this.context.currentTime < when) {
      await new Promise((done) => setTimeout(done, Math.min(100, 1_000 * (when - this.context.currentTime) + 1)));
    }
  }

  // The place that is heard now, in seconds of the session; null before the first sound.
  get position() {
    if (!this.run || !this.context) return null;
    const now = this.context.currentTime;
    const piece = this.run.laid.findLast(({ when }) => when <= now);
    return piece ? Math.min(piece.end, piece.at + now - piece.when) : null;
  }

  stop() {
    const run = this.run;
    this.run = null;
    if (!run) return;
    for (const source of run.sources) source.stop();
    this.onEnd();
  }
}
