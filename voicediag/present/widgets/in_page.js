// The explorer in a report: its sound is the clips that the report carries, in their own players.

class Clips {
  constructor(page) {
    this.link = true;
    this.why = "This report carries the sound round its findings only; voicediag.explore(recording) in a notebook plays all of it.";
    this.decoded = new Map();
    this.page = page;
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
    if (!this.decoded.has(audio)) {
      const bytes = Uint8Array.from(atob(audio.src.slice(audio.src.indexOf(",") + 1)), (c) => c.charCodeAt(0));
      this.decoded.set(audio, context.decodeAudioData(bytes.buffer));
    }
    return { buffer: await this.decoded.get(audio), offset: Math.max(0, from - piece.from) };
  }
}

for (const section of document.querySelectorAll(".vd-explorer")) {
  const about = JSON.parse(section.querySelector("script").textContent);
  const bytes = Uint8Array.from(atob(about.envelopes), (c) => c.charCodeAt(0));
  inflated(bytes).then((codes) => {
    const root = section.querySelector(".vd-timeline");
    section.classList.add("vd-drawn");
    root.timeline = new Timeline(root, about, codes, new Clips(document));
  });
}
