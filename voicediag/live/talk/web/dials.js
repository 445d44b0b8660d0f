// What a conversation shows: meters, the echo's light, the strip of turns, captions, and the diagnosis. Each dial has an
// `element` and is shown what there is to show; none of them knows where it comes from.

const FLOOR_DB = -70;
// Speech at a phone's microphone sits at 0.05 to 0.3 of full scale; below half of that it is starved.
const BAND_DB = [-26, -10.5];
const STARVED_DB = -32;
const SHOWN_S = 30;
const SVG = "http://www.w3.org/2000/svg";

export function made(kind, attributes = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

function drawn(kind, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

const percent = (db) => Math.max(0, Math.min(100, (100 * (db - FLOOR_DB)) / -FLOOR_DB));
const linear = (db) => 10 ** (db / 20);
const dbfs = (db) => (db === null ? "digital silence" : `${db.toFixed(1)} dBFS`.replace("-", "−"));

// Its sign and words for the level of speech, told in shape and text as well as colour.
export function verdictOf(speech_db) {
  if (speech_db === null) return ["wait", "no speech measured yet"];
  const level = `speech at ${linear(speech_db).toFixed(speech_db < STARVED_DB ? 3 : 2)}`;
  if (speech_db < STARVED_DB) return ["bad", `${level}: starved, it should sit at 0.05 to 0.3`];
  if (speech_db < BAND_DB[0]) return ["warn", `${level}: quiet, it should sit at 0.05 to 0.3`];
  if (speech_db > BAND_DB[1]) return ["warn", `${level}: loud, it should sit at 0.05 to 0.3`];
  return ["good", `${level}: within 0.05 to 0.3`];
}

const SIGNS = { wait: "…", good: "✓", warn: "!", bad: "✕" };

export function meter(label, { judged }) {
  const band = made("div", { className: "vd-band", title: "where speech belongs: 0.05 to 0.3 of full scale" });
  const [fill, peak, floor, speech] = ["fill", "peak", "floor", "speech"].map((name) => made("div", { className: `vd-${name}` }));
  const scale = made("div", { className: "vd-scale", role: "meter", "aria-label": label, "aria-valuemin": FLOOR_DB, "aria-valuemax": 0 });
  const numbers = made("span", { className: "vd-numbers" }, "–");
  const verdict = made("p", { className: "vd-verdict" });
  scale.append(...(judged ? [band] : []), fill, floor, peak, ...(judged ? [speech] : []));
  for (const db of [-60, -40, -20]) {
    const tick = made("span", { className: "vd-tick" }, `${db}`.replace("-", "−"));
    tick.style.left = `${percent(db)}%`;
    scale.append(tick);
  }
  band.style.left = `${percent(BAND_DB[0])}%`;
  band.style.width = `${percent(BAND_DB[1]) - percent(BAND_DB[0])}%`;
  const element = made("div", { className: "vd-meter" }, made("span", { className: "vd-label" }, label), scale, numbers, verdict);
  const place = (mark, db) => {
    mark.hidden = db === null;
    if (db !== null) mark.style.left = `${percent(db)}%`;
  };
  const live = (rms, top) => {
    const [rms_db, peak_db] = [rms, top].map((value) => (value > 1e-5 ? 20 * Math.log10(value) : null));
    fill.style.width = `${rms_db === null ? 0 : percent(rms_db)}%`;
    place(peak, peak_db);
    numbers.textContent = rms_db === null ? "silence" : `${dbfs(rms_db)}, peak ${peak_db.toFixed(1).replace("-", "−")}`;
    scale.setAttribute("aria-valuenow", (rms_db ?? FLOOR_DB).toFixed(0));
    scale.setAttribute("aria-valuetext", numbers.textContent);
  };
  const show = ({ floor_dbfs, speech_dbov, clipped }) => {
    place(floor, floor_dbfs);
    place(speech, speech_dbov);
    const [kind, words] = judged ? verdictOf(speech_dbov) : ["", ""];
    const told = [words, floor_dbfs !== null && judged ? `floor ${dbfs(floor_dbfs)}` : "", clipped ? `${clipped} samples clipped` : judged ? "not clipped" : ""];
    verdict.dataset.kind = clipped ? "bad" : kind;
    verdict.dataset.sign = SIGNS[clipped ? "bad" : kind] ?? "";
    verdict.textContent = told.filter(Boolean).join(" · ");
  };
  return { element, live, show };
}

export function light() {
  const lamp = made("div", { className: "vd-lamp", "aria-hidden": "true" });
  const [title, detail] = [made("strong"), made("p")];
  const element = made("div", { className: "vd-light", role: "status", "aria-label": "Echo" }, lamp, made("div", {}, title, detail));
  const tell = (verdict, sign, words, more) => {
    if (element.dataset.verdict === verdict && detail.textContent === more) return;
    element.dataset.verdict = verdict;
    [lamp.textContent, title.textContent, detail.textContent] = [sign, words, more];
  };
  const show = ({ verdict, delay_ms, erl_db, far_end_s, first_s }) => {
    if (verdict === "echo") {
      const loss = erl_db === null ? "" : `, ${erl_db.toFixed(0)} dB below what was played`;
      tell("echo", "↺", "Echo: the agent hears itself", `It comes back after ${delay_ms.toFixed(0)} ms${loss}. Wear headphones, or switch echo cancellation on.`);
    } else if (verdict === "clear") tell("clear", "✓", "No echo so far", `In ${far_end_s.toFixed(1)} s of the agent’s speech.`);
    else tell("unjudged", "?", "Not judged yet", `${(far_end_s ?? 0).toFixed(1)} of ${first_s ?? 2} s of the agent’s speech so far.`);
  };
  show({ verdict: "unjudged" });
  return { element, show };
}

const LANES = { mic: ["Mic", 26], agent: ["Agent", 62] };
const LANE_PX = 16;
const LEFT_PX = 52;
const HEIGHT_PX = 98;

export function strip() {
  const svg = drawn("svg", { height: HEIGHT_PX, width: "100%", role: "img", "aria-label": "Who sounded when, in the last half minute" });
  const element = made("div", { className: "vd-strip" });
  element.append(svg);
  const show = ({ at_s, lanes, waits, marks }) => {
    const width = Math.max(240, element.clientWidth);
    const from_s = Math.max(0, at_s - SHOWN_S);
    const x = (s) => LEFT_PX + ((Math.max(s, from_s) - from_s) * (width - LEFT_PX - 4)) / SHOWN_S;
    const parts = [];
    for (let s = Math.ceil(from_s / 5) * 5; s <= from_s + SHOWN_S; s += 5) {
      parts.push(drawn("line", { class: "vd-grid", x1: x(s), x2: x(s), y1: 14, y2: 84 }));
      parts.push(drawn("text", { class: "vd-time", x: x(s), y: 96, "text-anchor": "middle" }, `${s} s`));
    }
    for (const [name, [label, y]] of Object.entries(LANES)) {
      parts.push(drawn("text", { class: `vd-lane vd-of-${name}`, x: 0, y: y + 12 }, label));
      for (const [begin, end] of lanes[name]) {
        if (end < from_s) continue;
        parts.push(drawn("rect", { class: `vd-span vd-of-${name}`, x: x(begin), y, width: Math.max(2, x(end) - x(begin)), height: LANE_PX, rx: 3 }));
      }
    }
    for (const [begin, end] of waits) {
      if (begin < from_s) continue;
      parts.push(drawn("line", { class: "vd-wait", x1: x(begin), x2: x(end), y1: 52, y2: 52 }));
      parts.push(drawn("text", { class: "vd-took", x: (x(begin) + x(end)) / 2, y: 57, "text-anchor": "middle" }, `${(end - begin).toFixed(2)} s`));
    }
    for (const [s, kind] of marks) {
      if (s < from_s) continue;
      parts.push(drawn("line", { class: `vd-moment vd-${kind}`, x1: x(s), x2: x(s), y1: 12, y2: 84 }));
      parts.push(drawn("text", { class: `vd-flag vd-${kind}`, x: x(s), y: 10, "text-anchor": "middle" }, kind === "mark" ? "⚑" : "✂"));
    }
    svg.replaceChildren(...parts);
  };
  show({ at_s: 0, lanes: { mic: [], agent: [] }, waits: [], marks: [] });
  return { element, show };
}

const WHO = { user: "You", agent: "Agent", note: "Service" };

export function captions() {
  const element = made("ol", { className: "vd-captions", role: "log", "aria-label": "What was said", tabIndex: 0 });
  const rows = new Map();
  const show = (lines) => {
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 30;
    for (const { id, role, text, cut } of lines) {
      if (!rows.has(id)) {
        const row = made("li", { className: `vd-line vd-of-${role}` }, made("span", { className: "vd-who" }, WHO[role]), made("span", { className: "vd-text" }));
        rows.set(id, row);
        element.append(row);
      }
      const said = rows.get(id).lastChild;
      const words = cut ? `${text.trim()} — cut off` : text.trim();
      if (said.textContent !== words) said.textContent = words;
    }
    if (atEnd) element.scrollTop = element.scrollHeight;
  };
  const clear = () => {
    rows.clear();
    element.replaceChildren();
  };
  return { element, show, clear };
}

export function diagnosis() {
  const element = made("section", { className: "vd-diagnosis", "aria-label": "Diagnosis", hidden: true });
  const show = ({ causes, symptoms, clear, unjudged, trouble }) => {
    const title = trouble ? "No diagnosis" : causes.length ? `${causes.length} root cause${causes.length > 1 ? "s" : ""}` : "Nothing found";
    const cards = (causes ?? []).map(({ id, severity, summary, remedy }) => made(
      "article",
      { className: "vd-cause" },
      made("p", { className: "vd-id" }, made("strong", {}, id), ` ${severity}`),
      made("p", {}, summary),
      made("p", { className: "vd-remedy" }, made("strong", {}, "Change: "), remedy),
    ));
    const reasons = (unjudged ?? []).map(({ id, reason }) => made("li", {}, made("strong", {}, id), ` ${reason}`));
    const more = trouble ? [made("p", {}, trouble)] : [
      ...(symptoms.length ? [made("p", { className: "vd-quiet" }, `Symptoms: ${symptoms.join(", ")}.`)] : []),
      made("details", {}, made("summary", {}, `${clear.length} clear, ${reasons.length} not judged: not looking is not clean`), made("ul", {}, ...reasons)),
    ];
    element.replaceChildren(made("h3", {}, title), ...cards, ...more);
    element.hidden = false;
  };
  return { element, show };
}
