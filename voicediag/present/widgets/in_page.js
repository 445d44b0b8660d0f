// The explorer in a report: its sound is the clips that the report carries, in their own players.

const FROM_MP3 = "Drawn from MP3 clips, which leave out the highest frequencies.";

class Clips {
  constructor(page, tracks) {
    this.link = true;
    this.why = "This report carries the sound round its findings only; voicediag.explore(recording) in a notebook has all of it.";
    this.decoded = new Map();
    this.page = page;
    this.rates = Object.fromEntries(tracks.map(({ name, rate_hz }) => [name, rate_hz]));
  }

  // Looked for when they are asked for: they come after the explorer, and the page may still be on its way.
  get pieces() {
    if (this.found) return this.found;
    const pieces = [...this.page.querySelectorAll(".vd-player")].map((player) => ({
      from: Number(player.dataset.from),
      to: Number(player.dataset.to),
      audios: [...player.querySelectorAll("audio[data-track]")],
    }));
    if (this.page.readyState !== "loading") this.found = pieces;
    return pieces;
  }

  // The piece at a place, of several the one that goes on longest.
  piece(at, track = null) {
    const near = this.pieces.filter(({ from, to, audios }) => at >= from - 0.02 && at < to && (!track || audios.some((audio) => audio.dataset.track === track)));
    return near.sort((a, b) => b.to - a.to)[0];
  }

  spanOf(finding, piece) {
    const shown = document.getElementById(finding.anchor)?.querySelectorAll(":scope > .vd-evidence")[piece];
    const player = shown?.querySelector(".vd-player");
    return player ? [Number(player.dataset.from), Number(player.dataset.to)] : null;
  }

  until(at) {
    return this.piece(at)?.to ?? at;
  }

  async fetch(track, from, _to, context) {
    const piece = this.piece(from, track);
    const audio = piece?.audios.find((one) => one.dataset.track === track);
    if (!audio) return null;
    return { buffer: await this.sound(audio, context), offset: Math.max(0, from - piece.from) };
  }

  // Decoded once for each rate.
  sound(audio, context) {
    const rates = this.decoded.get(audio) ?? new Map();
    this.decoded.set(audio, rates);
    if (!rates.has(context.sampleRate)) {
      const bytes = Uint8Array.from(atob(audio.src.slice(audio.src.indexOf(",") + 1)), (c) => c.charCodeAt(0));
      rates.set(context.sampleRate, context.decodeAudioData(bytes.buffer));
    }
    return rates.get(context.sampleRate);
  }

  // A spectrogram of the clips in view; what lies between them was not kept, and stays empty.
  async picture(track, from, to, columns) {
    const rate_hz = this.rates[track];
    const context = new OfflineAudioContext(1, 1, rate_hz);
    const heard = new Uint8Array(columns);
    let [whole, rows] = [null, 0];
    for (const piece of this.pieces.filter((one) => one.to > from && one.from < to)) {
      const audio = piece.audios.find((one) => one.dataset.track === track);
      if (!audio) continue;
      const samples = (await this.sound(audio, context)).getChannelData(0);
      const [begin, end] = [Math.max(from, piece.from), Math.min(to, piece.to)];
      const first = Math.floor(((begin - from) / (to - from)) * columns);
      const wide = Math.max(1, Math.min(columns, Math.ceil(((end - from) / (to - from)) * columns)) - first);
      const part = samples.subarray(Math.round((begin - piece.from) * rate_hz), Math.round((end - piece.from) * rate_hz));
      if (!part.length) continue;
      const drawn = spectrogram(part, rate_hz, wide);
      rows = drawn.rows;
      whole ??= new Uint8Array(columns * rows);
      for (let row = 0; row < rows; row++) whole.set(drawn.bytes.subarray(row * wide, (row + 1) * wide), row * columns + first);
      heard.fill(1, first, first + wide);
    }
    if (!whole) return { columns: 1, rows: 1, bytes: new Uint8Array(1), heard: new Uint8Array(1), note: this.why };
    return { columns, rows, bytes: whole, heard, note: heard.includes(0) ? `${this.why} ${FROM_MP3}` : FROM_MP3 };
  }
}

for (const section of document.querySelectorAll(".vd-explorer")) {
  const about = JSON.parse(section.querySelector("script").textContent);
  const bytes = Uint8Array.from(atob(about.envelopes), (c) => c.charCodeAt(0));
  inflated(bytes).then((codes) => {
    const root = section.querySelector(".vd-timeline");
    section.classList.add("vd-drawn");
    const clips = new Clips(document, about.tracks);
    root.timeline = new Timeline(root, about, codes, clips, (...asked) => clips.picture(...asked));
  });
}
