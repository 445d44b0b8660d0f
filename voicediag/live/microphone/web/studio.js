// What a person sees of the recorder: switches, a button, a meter, and what the browser granted.

const FLOOR_DB = -70;
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

// Show the recorder in `root`. `capture` and `frame` are the modules beside this one; `setup` gives the addresses, now or
// later; `keep` is called with {state, path} whenever they change.
export function mount(root, { capture, frame: { SAYS, against, frame }, setup, keep = () => {} }) {
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

  const page = frame(root, {
    capture,
    setup,
    keep,
    status,
    button,
    switches,
    locked: [played],
    labels: { start: "Record", stop: "Stop", idle: "Nothing is recorded yet." },
    played: () => played.value,
    began: (take, on) => {
      meters[1].row.hidden = played.value === "nothing";
      list(granted, take, SAYS, new Map(against(take.granted, on)));
      return "Recording …";
    },
    on: {
      levels: (levels, folder) => {
        meters.forEach((each, at) => each.show(levels.rms[at], levels.peak[at]));
        status.textContent = `Recording ${folder ?? ""}: ${levels.seconds.toFixed(0)} s`;
      },
    },
  });
  meters[1].row.hidden = true;
  return page.stop;
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
function list(granted, take, says, wrong) {
  const terms = [["Rate", `${take.rate_hz} Hz`]];
  for (const [name, text] of Object.entries(says)) {
    const is = take.granted[name];
    terms.push([text, wrong.get(name) ?? (is === undefined ? "the browser does not say" : is ? "on" : "off")]);
  }
  terms.push(["Channels of the device", `${take.granted.channelCount ?? "?"}`]);
  granted.replaceChildren(...terms.flatMap(([term, value]) => [made("dt", {}, term), made("dd", {}, value)]));
}
