// A conversation as a person sees it: a button, the dials beside it, and what came of it.

const SAYS = {
  echoCancellation: "Echo cancellation",
  noiseSuppression: "Noise suppression",
  autoGainControl: "Gain control",
};
const TYPED_INTO = "input, select, textarea, button, summary, a";

// Show the studio in `root`. `capture` and `dials` are the modules beside this one; `setup` gives the addresses, now or
// later; `keep` is called with {state, path} whenever they change.
export function mount(root, { capture, dials, setup, keep = () => {} }) {
  const { made } = dials;
  const switches = capture.PROCESSING.map((name) => made("input", { type: "checkbox", name, className: "vd-switch" }));
  const button = made("button", { type: "button", className: "vd-start" }, "Start talking");
  const flag = made("button", { type: "button", className: "vd-mark", disabled: true, title: "Space" }, "⚑ Mark this moment");
  const clock = made("span", { className: "vd-clock", role: "timer" }, "0:00");
  const partner = made("span", { className: "vd-partner" });
  const status = made("p", { className: "vd-status", role: "status" });
  const meters = [dials.meter("Microphone", { judged: true }), dials.meter("Loudspeaker", { judged: false })];
  const [lamp, strip, captions, diagnosis] = [dials.light(), dials.strip(), dials.captions(), dials.diagnosis()];
  const bill = made("p", { className: "vd-bill" });
  const panel = (title, ...children) => made("section", { className: "vd-panel", "aria-label": title }, made("h3", {}, title), ...children);
  root.classList.add("vd-talk");
  root.tabIndex = 0;
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", "voicediag studio");
  // JupyterLab would take the keys for its own commands.
  root.dataset.lmSuppressShortcuts = "true";
  root.replaceChildren(
    made("header", { className: "vd-head" }, button, clock, partner, flag),
    status,
    made(
      "details",
      { className: "vd-options" },
      made("summary", {}, "What the browser may do to the microphone"),
      made("div", {}, ...switches.map((box) => made("label", {}, box, ` ${SAYS[box.name]}`))),
      made("p", { className: "vd-quiet" }, "All off: you see what is there. Without headphones the agent may hear itself; switch echo cancellation on and compare."),
    ),
    made("div", { className: "vd-dials" }, panel("Levels", ...meters.map((each) => each.element)), panel("Echo", lamp.element)),
    panel("Turns, and how long answers took", strip.element),
    panel("Captions", captions.element),
    bill,
    diagnosis.element,
  );

  let take = null;
  let trouble = null;
  let folder = null;
  const enter = (state, text) => {
    root.dataset.state = state;
    status.textContent = text;
    const talking = state === "recording";
    button.textContent = talking ? "Stop" : "Start talking";
    button.disabled = ["starting", "stopping", "checking", "barred"].includes(state);
    flag.disabled = !talking;
    for (const box of switches) box.disabled = !["idle", "over"].includes(state);
    keep({ state, path: folder });
  };
  const show = (state) => {
    [state.mic, state.speaker].forEach((track, at) => meters[at].show(track));
    lamp.show(state.echo);
    strip.show(state);
    captions.show(state.captions);
    bill.textContent = billed(state.cost, root.dataset.provider);
    if (state.flush_ms !== null) root.dataset.flushMs = state.flush_ms.toFixed(1);
  };
  const release = (text) => {
    take?.release();
    take = null;
    enter("over", text);
  };
  const hear = ({ levels, told, closed, lost }) => {
    if (levels && root.dataset.state === "recording") {
      meters.forEach((each, at) => each.live(levels.rms[at], levels.peak[at]));
      clock.textContent = minutes(levels.seconds);
      root.dataset.seconds = Math.floor(levels.seconds);
    }
    if (lost) trouble = lost;
    if (told?.type === "state") show(told);
    else if (told?.type === "lost") leave(`The agent is gone: ${told.why}.`);
    else if (told?.type === "ended") ended();
    else if (told?.type === "checked") checked(told);
    else if (told?.type === "refused" && take) release(told.why);
    else if (closed && take) release(root.dataset.state === "checking" ? kept() : "The studio was lost: what was captured until then is kept.");
  };
  const opened = (told) => {
    folder = told.path;
    root.dataset.provider = told.provider;
    partner.textContent = told.provider === "emulator" ? `an emulated ${told.speaks}, as ${told.model}` : `${told.provider}, ${told.model}`;
  };
  const start = async () => {
    enter("starting", "Asking for the microphone …");
    [trouble, folder] = [null, null];
    diagnosis.element.hidden = true;
    captions.clear();
    try {
      const where = await setup();
      const on = switches.filter((box) => box.checked).map((box) => box.name);
      take = await capture.begin({ ...where, on, played: "agent" }, (heard) => {
        if (heard.told?.type === "recording") opened(heard.told);
        hear(heard);
      });
      enter("recording", `Talk: the agent hears you.${against(take.granted, on)}`);
      // From here on the space bar marks and does not stop.
      root.focus({ preventScroll: true });
    } catch (error) {
      enter("over", capture.meaning(error));
    }
  };
  const kept = () => [trouble, `Kept: ${folder}`].filter(Boolean).join(" ");
  const ended = () => {
    take.release({ listening: true });
    enter("checking", `${kept()}. Looking at it …`);
  };
  const checked = (told) => {
    diagnosis.show(told);
    release(kept());
  };
  function stop() {
    if (!take || root.dataset.state !== "recording") return;
    enter("stopping", "Waiting until all of it has arrived …");
    take.stop();
  }
  function leave(why) {
    trouble = why;
    stop();
  }
  const mark = () => {
    if (root.dataset.state !== "recording") return;
    take.say({ type: "mark" });
    root.dataset.marks = Number(root.dataset.marks ?? 0) + 1;
    status.textContent = `Marked at ${clock.textContent}.`;
  };
  button.onclick = () => (take ? stop() : start());
  flag.onclick = mark;
  root.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest(TYPED_INTO)) return;
    event.preventDefault();
    event.stopPropagation();
    mark();
  });
  const barred = capture.noMicrophone();
  enter(barred ? "barred" : "idle", barred ?? "Press Start talking. Nothing leaves this machine but what the agent has to hear.");
  return () => take?.stop();
}

const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function billed({ usd, whole, tokens, date }, provider) {
  if (!tokens && usd === null) return "Cost so far: nothing was counted yet.";
  const sum = usd === null ? `${tokens} tokens of a model without a known price` : `$${usd.toFixed(4)}${whole ? "" : " and what has no known price"}`;
  return `Cost so far: ${sum}, at the prices of ${date}${provider === "emulator" ? ", if the service were real" : ""}.`;
}

// What the browser does to the microphone although it was asked not to, or does not although it was asked to.
function against(granted, on) {
  const wrong = Object.keys(SAYS).filter((name) => typeof granted[name] === "boolean" && granted[name] !== on.includes(name));
  return wrong.map((name) => ` ${SAYS[name]} is ${granted[name] ? "on, which was not asked for" : "off, though it was asked for"}.`).join("");
}
