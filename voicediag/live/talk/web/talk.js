// A conversation as a person sees it: a button, the dials beside it, and what came of it.

const TYPED_INTO = "input, select, textarea, button, summary, a";

// Show the studio in `root`. `capture`, `frame` and `dials` are the modules beside this one; `setup` gives the addresses,
// now or later; `keep` is called with {state, path} whenever they change.
export function mount(root, { capture, frame: { SAYS, against, frame }, dials, setup, keep = () => {} }) {
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

  const show = (state) => {
    [state.mic, state.speaker].forEach((track, at) => meters[at].show(track));
    lamp.show(state.echo);
    strip.show(state);
    clock.textContent = minutes(state.at_s);
    captions.show(state.captions);
    bill.textContent = billed(state.cost, root.dataset.provider);
    if (state.flush_ms !== null) root.dataset.flushMs = state.flush_ms.toFixed(1);
  };
  const told = (message, page) => {
    if (message.type === "state") show(message);
    else if (message.type === "recording") opened(message);
    else if (message.type === "lost") {
      page.fail(`The agent is gone: ${message.why}.`);
      page.stop();
    } else if (message.type === "ended") {
      page.running().release({ listening: true });
      page.enter("checking", `${page.kept()}. Looking at it …`);
    } else if (message.type === "checked") {
      diagnosis.show(message);
      page.release(page.kept());
    } else return false;
    return true;
  };
  const opened = (told) => {
    root.dataset.provider = told.provider;
    partner.textContent = told.provider === "emulator" ? `an emulated ${told.speaks}, as ${told.model}` : `${told.provider}, ${told.model}`;
    remember(told.resume);
  };
  // Where the page is loaded anew, it finds here what to go on with.
  let place = null;
  const remember = (token) => {
    try {
      const on = switches.filter((box) => box.checked).map((box) => box.name);
      if (place && token) sessionStorage.setItem(place, JSON.stringify({ token, on }));
      else if (place) sessionStorage.removeItem(place);
    } catch {
      // Without a storage a page that is loaded anew begins anew.
    }
  };
  const before = async () => {
    place = `vd-talk ${(await setup()).stream}`;
    try {
      return JSON.parse(sessionStorage.getItem(place));
    } catch {
      return null;
    }
  };
  const page = frame(root, {
    capture,
    setup,
    keep,
    status,
    button,
    switches,
    labels: {
      start: "Start talking",
      stop: "Stop",
      idle: "Press Start talking. Nothing leaves this machine but what the agent has to hear.",
    },
    played: () => "agent",
    began: (take, on, again) => {
      // From here on the space bar marks and does not stop.
      root.focus({ preventScroll: true });
      const unasked = against(take.granted, on).map(([name, how]) => ` ${SAYS[name]} is ${how}.`).join("");
      return again ? `The conversation goes on. Click anywhere if the clock stands still.${unasked}` : `Talk: the agent hears you.${unasked}`;
    },
    on: {
      told,
      state: (state) => {
        flag.disabled = state !== "recording";
        if (state === "starting") diagnosis.element.hidden = true;
        if (state === "starting") captions.clear();
        if (state === "over" || state === "checking") remember(null);
      },
      levels: (levels) => {
        meters.forEach((each, at) => each.live(levels.rms[at], levels.peak[at]));
      },
      lost: (page) => (root.dataset.state === "checking" ? page.kept() : "The studio was lost: what was captured until then is kept."),
    },
  });
  const mark = () => {
    if (root.dataset.state !== "recording") return;
    page.running().say({ type: "mark" });
    root.dataset.marks = Number(root.dataset.marks ?? 0) + 1;
    status.textContent = `Marked at ${clock.textContent}.`;
  };
  flag.onclick = mark;
  root.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest(TYPED_INTO)) return;
    event.preventDefault();
    event.stopPropagation();
    mark();
  });
  const goOn = (left) => {
    if (!left || root.dataset.state !== "idle") return;
    for (const box of switches) box.checked = left.on.includes(box.name);
    page.start(left.token);
  };
  before().then(goOn);
  return page.stop;
}

const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function billed({ usd, whole, tokens, date }, provider) {
  if (!tokens && usd === null) return "Cost so far: nothing was counted yet.";
  const sum = usd === null ? `${tokens} tokens of a model without a known price` : `$${usd.toFixed(4)}${whole ? "" : " and what has no known price"}`;
  return `Cost so far: ${sum}, at the prices of ${date}${provider === "emulator" ? ", if the service were real" : ""}.`;
}
