// What a person sees of the recorder: switches, a button, a meter, and what the browser granted.

const FLOOR_DB = -70;
const SAYS = {
  echoCancellation: "Echo cancellation",
  noiseSuppression: "Noise suppression",
  autoGainControl: "Gain control",
};
const PLAYED = {
  nothing: "nothing (only you are recorded)",
  tab: "another tab: any web agent",
  voice: "a test voice, through your loudspeaker",
};

function made(kind, attributes = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element[name] = value;
  element.append(...children);
  return element;
}

// Show the recorder in `root`. `capture` is the module beside this one; `setup` gives the addresses, now or later;
// `keep` is called with {state, path} whenever they change.
export function mount(root, { capture, setup, keep = () => {} }) {
  const switches = capture.PROCESSING.map((name) => made("input", { type: "checkbox", name, className: "vd-switch" }));
  const labels = switches.map((box) => made("label", {}, box, ` ${SAYS[box.name]}`));
  const options = Object.entries(PLAYED).map(([value, text]) => made("option", { value }, text));
  const played = made("select", { name: "played", className: "vd-played" }, ...options);
  const button = made("button", { type: "button", className: "vd-record" }, "Record");
  const status = made("p", { className: "vd-status", role: "status" });
  const meters = ["Microphone", "Played"].map((text) => meter(text));
  const granted = made("dl", { className: "vd-granted" });
  root.classList.add("vd-studio");
  root.replaceChildren(
    made("fieldset", {}, made("legend", {}, "The browser may change what the microphone hears"), ...labels),
    made("label", { className: "vd-choice" }, "The agent plays: ", played),
    made("div", { className: "vd-row" }, button, status),
    ...meters.map((each) => each.row),
    granted,
  );

  let take = null;
  let trouble = null;
  let folder = null;
  const enter = (state, text) => {
    root.dataset.state = state;
    status.textContent = text;
    button.textContent = state === "recording" ? "Stop" : "Record";
    button.disabled = state === "starting" || state === "stopping" || state === "barred";
    for (const each of [...switches, played]) each.disabled = !["idle", "over"].includes(state);
    keep({ state, path: folder });
  };
  const release = (text) => {
    take?.release();
    take = null;
    enter("over", text);
  };
  const hear = ({ levels, told, closed, lost }) => {
    if (levels && root.dataset.state === "recording") {
      meters.forEach((each, at) => each.show(levels.rms[at], levels.peak[at]));
      status.textContent = `Recording ${folder ?? ""}: ${levels.seconds.toFixed(0)} s`;
      root.dataset.seconds = Math.floor(levels.seconds);
    }
    if (lost) trouble = lost;
    if (told?.type === "ended") release([trouble, `Kept: ${told.folder}.`, told.next].filter(Boolean).join(" "));
    else if (told?.type === "refused" && take) release(told.why);
    else if (closed && take) release("The recorder was lost: what was captured until then is kept.");
  };
  const start = async () => {
    enter("starting", "Asking for the microphone …");
    [trouble, folder] = [null, null];
    try {
      const where = await setup();
      const on = switches.filter((box) => box.checked).map((box) => box.name);
      take = await capture.begin({ ...where, on, played: played.value }, (heard) => {
        folder = heard.told?.path ?? folder;
        hear(heard);
      });
      meters[1].row.hidden = played.value === "nothing";
      list(granted, take, on);
      enter("recording", `Recording ${folder ?? ""}`);
    } catch (error) {
      enter("over", capture.meaning(error));
    }
  };
  const stop = () => {
    enter("stopping", "Waiting until all of it has arrived …");
    take.stop();
  };
  button.onclick = () => (take ? stop() : start());
  meters[1].row.hidden = true;
  const barred = capture.noMicrophone();
  enter(barred ? "barred" : "idle", barred ?? "Nothing is recorded yet.");
  return () => take?.stop();
}

function meter(text) {
  const bar = made("meter", { min: FLOOR_DB, max: 0, low: -50, high: -6, optimum: -20, value: FLOOR_DB });
  const numbers = made("output", {}, "");
  const row = made("div", { className: "vd-meter" }, made("span", {}, text), bar, numbers);
  const show = (rms, peak) => {
    const [level, top] = [rms, peak].map((value) => 20 * Math.log10(Math.max(value, 1e-6)));
    bar.value = Math.max(FLOOR_DB, level);
    numbers.textContent = rms > 0 ? `${level.toFixed(1)} dBFS RMS, peak ${top.toFixed(1)}` : "digital silence";
  };
  return { row, show };
}

// What was granted, and what of it was not asked for.
function list(granted, take, on) {
  const terms = [["Rate", `${take.rate_hz} Hz`]];
  for (const [name, text] of Object.entries(SAYS)) {
    const is = take.granted[name];
    const against = typeof is === "boolean" && is !== on.includes(name) ? ", which was not asked for" : "";
    terms.push([text, is === undefined ? "the browser does not say" : `${is ? "on" : "off"}${against}`]);
  }
  terms.push(["Channels of the device", `${take.granted.channelCount ?? "?"}`]);
  granted.replaceChildren(...terms.flatMap(([term, value]) => [made("dt", {}, term), made("dd", {}, value)]));
}
