// What every page has that captures: its states, a start and a stop, and an end, however it comes. It knows no dial.

export const SAYS = {
  echoCancellation: "Echo cancellation",
  noiseSuppression: "Noise suppression",
  autoGainControl: "Gain control",
};
const BUSY = ["starting", "stopping", "checking", "barred"];
const AT_REST = ["idle", "over"];
const AWAY = "The connection is broken: what is captured meanwhile is kept, and goes on its way when it is back.";

// `on` has what the page does beside: state(state), levels(levels), told(told, page), which answers whether that was all,
// and lost(), what is said where the sink is gone. `locked` cannot be changed while it captures.
export function frame(root, { capture, setup, keep, status, button, labels, switches, locked = [], played, began, on = {} }) {
  let take = null;
  let trouble = null;
  let folder = null;
  const page = { enter, release, start, stop, kept, fail: (why) => (trouble = why), running: () => take };

  function enter(state, text) {
    root.dataset.state = state;
    status.textContent = text;
    button.textContent = state === "recording" ? labels.stop : labels.start;
    button.disabled = BUSY.includes(state);
    for (const each of [...switches, ...locked]) each.disabled = !AT_REST.includes(state);
    on.state?.(state);
    keep({ state, path: folder });
  }

  function kept() {
    return [trouble, `Kept: ${folder}`].filter(Boolean).join(" ");
  }

  function release(text) {
    take?.release();
    take = null;
    enter("over", text);
  }

  function hear({ levels, told, closed, lost, away }) {
    const recording = root.dataset.state === "recording";
    if (levels && recording) {
      root.dataset.seconds = Math.floor(levels.seconds);
      on.levels(levels, folder);
    }
    if (lost) trouble = lost;
    if (away !== undefined) root.dataset.away = away;
    if (away !== undefined && recording) status.textContent = away ? AWAY : "The connection is back.";
    folder = told?.path ?? folder;
    if (told && on.told?.(told, page)) return;
    if (told?.type === "ended") release([trouble, `Kept: ${told.folder}.`, told.next].filter(Boolean).join(" "));
    else if (told?.type === "refused" && take) release(told.why);
    else if (closed && take) release(on.lost?.(page) ?? "The recorder was lost: what was captured until then is kept.");
  }

  // `again` is the token of a session that goes on.
  async function start(again = null) {
    enter("starting", again ? "Going on with the conversation …" : "Asking for the microphone …");
    [trouble, folder] = [null, null];
    try {
      const where = await setup();
      const wanted = switches.filter((box) => box.checked).map((box) => box.name);
      take = await capture.begin({ ...where, on: wanted, played: played(), again }, hear);
      enter("recording", began(take, wanted, again));
      return true;
    } catch (error) {
      enter("over", capture.meaning(error));
      return false;
    }
  }

  function stop() {
    if (!take || root.dataset.state !== "recording") return;
    enter("stopping", "Waiting until all of it has arrived …");
    take.stop();
  }

  button.onclick = () => (take ? stop() : start());
  const barred = capture.noMicrophone();
  enter(barred ? "barred" : "idle", barred ?? labels.idle);
  return page;
}

// What the browser does to the microphone although it was asked not to, or does not although it was asked to.
export function against(granted, on) {
  const wrong = Object.keys(SAYS).filter((name) => typeof granted[name] === "boolean" && granted[name] !== on.includes(name));
  return wrong.map((name) => [name, granted[name] ? "on, which was not asked for" : "off, though it was asked for"]);
}
