// What stands around the canvas: buttons, what is heard, the finding in focus, and all findings as a table, which is
// the way of those who do not see the canvas. Other people's words only ever become text nodes.

const KEYS = [
  ["← →", "move"],
  ["+ −", "zoom"],
  ["Home End", "start, end"],
  ["n p", "next, previous finding"],
  ["m Shift+m", "next, previous mark"],
  ["space", "play, stop"],
  ["l", "loop"],
  ["s", "scale"],
  ["0", "whole session"],
  ["Esc", "let go"],
  ["drag", "move"],
  ["Shift+drag", "choose a span"],
  ["wheel", "zoom, once it has been clicked"],
];

const FOCUSABLE = ["button", "summary", "a"];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  // JupyterLab's own shortcuts stay away from what is typed here: it asks the element in focus.
  if (FOCUSABLE.includes(tag) || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function button(text, act, attributes = {}) {
  return make("button", { type: "button", onclick: act, ...attributes }, text);
}

function roleOf(finding) {
  return finding.by ? `symptom of ${finding.by}` : "root cause";
}

// What can be heard: both sides left and right, or one track.
function choices({ tracks, both }) {
  const pair = both.map((track, index) => ({ track, pan: index ? 1 : -1 }));
  const alone = tracks.map(({ name }) => ({ name, parts: [{ track: name, pan: 0 }] }));
  return pair.length ? [{ name: "both", title: `${both[0]} on the left, ${both[1]} on the right`, parts: pair }, ...alone] : alone;
}

function toolbar(about, does) {
  const parts = { hear: [] };
  parts.play = button("Play", does.play, { class: "vd-play", title: "space" });
  parts.loop = button("Loop", does.loop, { "aria-pressed": "false", title: "l: what is chosen, the finding, or what is in view" });
  parts.scale = button("dBFS", does.scale, { "aria-pressed": "false", title: "s: linear or dBFS" });
  parts.pictures = does.pictures && button("Spectrogram", does.pictures, { "aria-pressed": "false" });
  const heard = choices(about).map((choice, index) => {
    const one = button(choice.name, () => does.hear(index), { "aria-pressed": String(index === 0), title: choice.title ?? false });
    parts.hear.push(one);
    return one;
  });
  const zooms = [
    button("−", () => does.zoom(1.6), { "aria-label": "Zoom out" }),
    button("+", () => does.zoom(1 / 1.6), { "aria-label": "Zoom in" }),
    button("Whole", does.whole, { title: "0: the whole session" }),
  ];
  const steps = [
    button("‹", () => does.step(-1), { "aria-label": "Previous finding", title: "p" }),
    button("›", () => does.step(1), { "aria-label": "Next finding", title: "n" }),
  ];
  const flags = [
    button("‹", () => does.stepFlag(-1), { "aria-label": "Previous mark", title: "Shift+m" }),
    button("›", () => does.stepFlag(1), { "aria-label": "Next mark", title: "m" }),
  ];
  parts.element = make(
    "div",
    { class: "vd-tl-bar" },
    make("div", { class: "vd-modes" }, parts.play, parts.loop),
    heard.length > 1 ? make("div", { class: "vd-modes", role: "group", "aria-label": "What to hear" }, ...heard) : null,
    make("div", { class: "vd-modes", role: "group", "aria-label": "Zoom" }, ...zooms),
    about.findings.length ? make("div", { class: "vd-modes", role: "group", "aria-label": "Findings" }, make("span", {}, "Finding"), ...steps) : null,
    about.flags.length ? make("div", { class: "vd-modes", role: "group", "aria-label": "Marks" }, make("span", {}, "Mark"), ...flags) : null,
    make("div", { class: "vd-modes", role: "group", "aria-label": "Show as" }, parts.scale, parts.pictures ?? null),
  );
  return parts;
}

function card(finding, does) {
  const evidence = finding.evidence.map((piece, index) => {
    const numbers = piece.numbers.map(([name, value]) => `${name} ${value}`).join(", ");
    const told = [numbers, `limit ${piece.limit}`].filter(Boolean).join("; ");
    return make("li", {}, button(piece.place, () => does.hearEvidence(finding, index), { class: "vd-tl-link" }), ` ${told} `, make("span", { class: "vd-source" }, piece.source));
  });
  return [
    make("p", {}, make("b", {}, finding.id), ` ${roleOf(finding)}, ${finding.severity}, ${finding.cause}`),
    make("p", { class: "vd-tl-summary" }, finding.summary),
    make("p", {}, make("b", {}, "Do "), finding.remedy),
    make("ul", {}, ...evidence),
    does.link ? make("p", {}, make("a", { href: `#${finding.anchor}` }, "All of its evidence")) : null,
  ].filter(Boolean);
}

function table(findings, does) {
  const head = ["finding", "what it is", "at", "lasts", "in words"].map((name) => make("th", { scope: "col" }, name));
  const rows = findings.map((finding, index) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, button(`${finding.by ? "↳ " : ""}${finding.id}`, () => does.focus(index), { class: "vd-tl-link" })),
      make("td", {}, roleOf(finding)),
      make("td", {}, clock(finding.at[0])),
      make("td", {}, clock(finding.spans.reduce((sum, [from, to]) => sum + to - from, 0))),
      make("td", {}, finding.summary),
    ),
  );
  const body = make("table", { class: "vd-table" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
  const summary = make("summary", {}, `The ${findings.length === 1 ? "finding" : `${findings.length} findings`} as a table`);
  return make("details", { class: "vd-tl-table" }, summary, make("div", { class: "vd-scroll" }, body));
}

function flagList(flags, does) {
  const rows = flags.map(({ at, text }, index) =>
    make("li", {}, button(`${clock(at)}${text ? ` ${text}` : ""}`, () => does.goTo(index), { class: "vd-tl-link" })),
  );
  const summary = make("summary", {}, flags.length === 1 ? "The moment that was marked" : `The ${flags.length} moments that were marked`);
  return make("details", { class: "vd-tl-flags" }, summary, make("ol", {}, ...rows));
}

function help() {
  const rows = KEYS.map(([key, does]) => make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)));
  return make("details", { class: "vd-tl-keys" }, make("summary", {}, "Keys"), make("dl", {}, ...rows));
}
