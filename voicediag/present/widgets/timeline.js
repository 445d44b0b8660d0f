// The session explorer: a stage, the findings in focus, and what is heard.

const FOCUS_SHARE = 0.6;
const LEAST_FOCUS_S = 4;
const FLAG_VIEW_S = 10;
// A mark comes after what it marks.
const FLAG_LEAD_S = 2;
const DECODED_HZ = 48_000;

class Timeline extends Stage {
  // sound: {fetch(track, from, to, context), until(at), spanOf(finding, piece), why, link}; pictures(track, from, to, columns) where there are any.
  constructor(root, about, codes, sound, pictures = null) {
    super();
    Object.assign(this, { root, about, sound, pictures });
    this.seconds = Math.max(about.seconds, NEAREST_S);
    this.state = { from: 0, to: this.seconds, scale: "linear", focus: -1, flag: -1, selection: null, images: new Map(), close: new Map() };
    this.state.pyramids = pyramids(codes, about.tracks);
    this.pictured = this.looping = this.due = false;
    this.choices = choices(about);
    this.hears = 0;
    this.at = 0;
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.build();
    this.hearing = new Hearing((...asked) => sound.fetch(...asked), () => this.stopped());
    this.listen();
    this.rescale();
    this.lay();
  }

  build() {
    const does = {
      play: () => this.toggle(),
      loop: () => this.toggleLoop(),
      scale: () => this.toggleScale(),
      pictures: this.pictures && (() => this.togglePictures()),
      hear: (index) => this.choose(index),
      zoom: (factor) => this.zoom(factor, 0.5),
      whole: () => this.show(0, this.seconds),
      step: (by) => this.step(by),
      stepFlag: (by) => this.stepFlag(by),
      goTo: (index) => this.goTo(index),
      focus: (index) => this.focus(index),
      hearEvidence: (finding, piece) => this.hearEvidence(finding, piece),
      link: this.sound.link,
    };
    this.does = does;
    this.bar = toolbar(this.about, does);
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.cursor = make("i", { class: "vd-tl-cursor", hidden: true });
    const names = this.about.tracks.map(({ name }) => name).join(", ");
    const { length } = this.about.flags;
    const marked = length ? `, ${length} marked moment${length > 1 ? "s" : ""}` : "";
    const jumps = length ? ", m and Shift+m from mark to mark" : "";
    const label = `Timeline of ${clock(this.seconds)}: ${names}, ${this.about.findings.length} findings${marked}. Arrows move, plus and minus zoom, n and p go from finding to finding${jumps}, space plays.`;
    this.stage = make("div", { class: "vd-tl-stage", tabindex: "0", role: "application", "aria-roledescription": "timeline", "aria-label": label }, this.canvas, this.cursor);
    this.told = make("p", { class: "vd-tl-told", role: "status" });
    this.hint = make("p", { class: "vd-tl-hint", "aria-hidden": "true" });
    this.card = make("div", { class: "vd-tl-card", hidden: true, role: "region", "aria-label": "The finding in focus" });
    const rest = [
      ...(this.about.findings.length ? [table(this.about.findings, does)] : []),
      ...(length ? [flagList(this.about.flags, does)] : []),
    ];
    const lines = make("div", { class: "vd-tl-lines" }, this.told, this.hint);
    this.root.replaceChildren(this.bar.element, this.stage, lines, this.card, ...rest, help());
    this.recolour();
  }


  // --- findings ---

  step(by) {
    const count = this.about.findings.length;
    if (count) this.focus((this.state.focus < 0 && by < 0 ? count - 1 : this.state.focus + by + count) % count);
  }

  focus(index) {
    const finding = this.about.findings[index];
    this.state.focus = index;
    const [from, to] = finding.at;
    const wide = Math.max(LEAST_FOCUS_S, (to - from) / FOCUS_SHARE);
    this.show((from + to - wide) / 2, (from + to + wide) / 2);
    this.at = from;
    this.card.replaceChildren(...card(finding, this.does));
    this.card.hidden = false;
    this.say(`Finding ${index + 1} of ${this.about.findings.length}: ${finding.id}, ${roleOf(finding)}. ${finding.summary}`);
    this.redraw();
  }

  // --- what was marked ---

  stepFlag(by) {
    const count = this.about.flags.length;
    if (count) this.goTo((this.state.flag < 0 && by < 0 ? count - 1 : this.state.flag + by + count) % count);
    else this.say("Nothing was marked in this session.");
  }

  goTo(index) {
    const { at, text } = this.about.flags[index];
    const wide = Math.min(this.state.to - this.state.from, FLAG_VIEW_S);
    this.state.flag = index;
    this.state.focus = -1;
    this.card.hidden = true;
    this.show(at - wide / 2, at + wide / 2);
    this.at = Math.max(0, at - FLAG_LEAD_S);
    this.say(`Mark ${index + 1} of ${this.about.flags.length}, at ${clock(at)}${text ? `: ${text}` : ""}. Space plays from ${FLAG_LEAD_S} s before it.`);
    this.redraw();
  }

  letGo() {
    if (this.hearing.playing) this.hearing.stop();
    else if (this.state.selection) this.state.selection = null;
    else if (this.state.focus >= 0) {
      this.state.focus = -1;
      this.card.hidden = true;
    } else if (this.state.flag >= 0) this.state.flag = -1;
    else this.show(0, this.seconds);
    this.redraw();
  }

  say(text) {
    this.told.textContent = text;
  }

  // --- sound ---

  async hear(from, to = null) {
    const end = Math.min(to ?? Infinity, this.sound.until(from));
    this.at = from;
    this.place();
    this.hearing.stop();
    if (!(end > from)) {
      this.say(this.sound.why);
      return;
    }
    document.dispatchEvent(new CustomEvent("vd-play", { detail: this }));
    const heard = this.hearing.play({ from, to: end, parts: this.choices[this.hears].parts, loop: () => this.looping });
    this.bar.play.classList.add("vd-playing");
    this.bar.play.textContent = "Stop";
    this.follow();
    try {
      if ((await heard) === false) this.say(this.sound.why);
    } catch (error) {
      this.hearing.stop();
      this.say(`This could not be played: ${error.message}`);
    }
  }

  // Where a finding, or a piece of its evidence, is heard.
  spanOf(finding, piece = 0) {
    return this.sound.spanOf(finding, piece) ?? finding.evidence[piece].span;
  }

  hearEvidence(finding, piece) {
    const [from, to] = this.spanOf(finding, piece);
    if (from < this.state.from || to > this.state.to) this.show(from - 1, Math.max(to, from + 2) + 1);
    this.hear(from, to);
  }

  toggle() {
    if (this.hearing.playing) this.hearing.stop();
    else this.hear(...this.chosen());
  }

  // What a loop goes round in, and what space plays.
  chosen() {
    const finding = this.about.findings[this.state.focus];
    if (this.state.selection) return this.state.selection;
    if (finding) return this.spanOf(finding);
    return this.looping ? [this.state.from, this.state.to] : [Math.max(this.at, 0) < this.seconds - 0.05 ? this.at : 0];
  }

  toggleLoop() {
    this.looping = !this.looping;
    this.bar.loop.setAttribute("aria-pressed", String(this.looping));
    if (this.looping) this.hear(...this.chosen());
  }

  choose(index) {
    this.hears = index;
    this.bar.hear.forEach((one, place) => one.setAttribute("aria-pressed", String(place === index)));
    if (this.hearing.playing) this.hear(this.hearing.position ?? this.at, this.looping ? this.chosen()[1] : null);
  }

  stopped() {
    this.bar.play.classList.remove("vd-playing");
    this.bar.play.textContent = "Play";
  }

  follow() {
    if (!this.hearing.playing) return;
    this.at = this.hearing.position ?? this.at;
    this.place();
    requestAnimationFrame(() => this.follow());
  }

  place() {
    if (!this.layout) return;
    const x = this.x(this.at);
    this.cursor.hidden = x < this.layout.left || x > this.layout.width;
    this.cursor.style.transform = `translateX(${x}px)`;
  }

  // --- how it is shown ---

  toggleScale() {
    this.state.scale = this.state.scale === "linear" ? "dBFS" : "linear";
    this.bar.scale.setAttribute("aria-pressed", String(this.state.scale === "dBFS"));
    this.rescale();
    this.redraw();
  }

  rescale() {
    this.state.heights = heights(this.state.scale, this.about.full);
  }

  togglePictures() {
    this.pictured = !this.pictured;
    this.bar.pictures.setAttribute("aria-pressed", String(this.pictured));
    this.lay();
    if (this.pictured) this.askPictures();
  }

  // Once the view rests: the samples in it, or those that a report carries.
  askSamples() {
    clearTimeout(this.looking);
    this.looking = setTimeout(async () => {
      const { from, to } = this.state;
      this.decoder ??= new OfflineAudioContext(1, 1, DECODED_HZ);
      for (const { name } of this.about.tracks) {
        for (const start of [from, (from + to) / 2]) {
          const found = await this.sound.fetch(name, start, to, this.decoder).catch(() => null);
          if (!found) continue;
          const { sampleRate: rate_hz } = found.buffer;
          this.state.close.set(name, { at: start - found.offset, rate_hz, values: found.buffer.getChannelData(0) });
          break;
        }
      }
      this.redraw();
    }, 150);
  }

  // Once the view rests: a picture of what is in it, from whoever has the samples.
  askPictures() {
    clearTimeout(this.asking);
    this.asking = setTimeout(async () => {
      const { from, to } = this.state;
      const columns = Math.round(this.layout.width - this.layout.left);
      for (const { name } of this.about.tracks) {
        const image = await this.pictures(name, from, to, columns).catch((error) => ({ why: `This could not be drawn: ${error.message}` }));
        if (image.why || image.note) this.say(image.why || image.note);
        if (!image.why) this.state.images.set(name, { from, to, canvas: coloured(image) });
        this.redraw();
      }
    }, 150);
  }
}
