"""The session explorer of a report, opened from disk in a real browser: drawn, walked through, heard, and fast."""

import statistics
from dataclasses import replace

import numpy as np
import pytest
import soxr

import voicediag as vd
from voicediag.diagnose import Diagnosis
from voicediag.measure.envelope import Envelope
from voicediag.present import page
from voicediag.present.widgets import timeline
from voicediag.present.widgets.explorer import picture
from voicediag.session import CaptureLog, Session, Turn
from voicediag.spans import Span

pytestmark = pytest.mark.browser
EVIL = "<script>document.title='evil'</script>"
FRAME_MS = 16
STATE = """() => {
  const { from, to, focus } = document.querySelector('.vd-timeline').timeline.state;
  return [from, to, focus];
}"""
# A zoom, drawn at once, and a pixel read back so that nothing is put off.
ZOOMS = """() => {
  const timeline = document.querySelector('.vd-timeline').timeline;
  const pen = timeline.canvas.getContext('2d');
  const took = [];
  for (let turn = 0; turn < 110; turn++) {
    const begun = performance.now();
    timeline.zoom(turn % 20 < 10 ? 0.5 : 2, 0.37);
    timeline.draw();
    pen.getImageData(300, 60, 1, 1);
    took.push(performance.now() - begun);
  }
  return took.slice(10);
}"""
# How many of the pixels of a row are painted in the track's own colour.
PAINTED = """(index) => {
  const { canvas, layout, colours, ratio, about } = document.querySelector('.vd-timeline').timeline;
  const row = layout.rows[index];
  const colour = colours[about.tracks[row.track].role].match(/\\d+/g).slice(0, 3).map(Number);
  const size = [layout.left, row.y, layout.width - layout.left, row.height].map((one) => Math.round(one * ratio));
  const { data } = canvas.getContext('2d').getImageData(...size);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (colour.every((tone, part) => Math.abs(tone - data[at + part]) < 3)) count++;
  }
  return count / (data.length / 4);
}"""

# How many pixels of the row of marks are painted right of each of these moments.
FLAGGED = """(moments) => {
  const timeline = document.querySelector('.vd-timeline').timeline;
  const { canvas, layout, ratio } = timeline;
  const row = layout.rows.find((one) => one.kind === 'flags');
  const size = [0, row.y, layout.width, row.height].map((one) => Math.round(one * ratio));
  const { data, width } = canvas.getContext('2d').getImageData(...size);
  return moments.map((at) => {
    const [first, last] = [2, 10].map((more) => (timeline.x(at) + more) * ratio);
    return data.filter((value, place) => {
      const x = Math.floor(place / 4) % width;
      return place % 4 === 3 && value > 200 && x >= first && x < last;
    }).length;
  });
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The demo's report, with a turn and a mark whose words are scripts."""
    diagnosis = vd.check(vd.load_demo())
    session = diagnosis.session
    evil = Turn(role="user", text=EVIL, span=Span(1.0, 2.0), learnt_from="vad")
    path = tmp_path_factory.mktemp("report") / "report.html"
    none = {name: np.empty(0) for name in ("t_ns", "sequence", "frame", "frames", "wall_ms", "sent_ms")}
    marks = [{"t_ns": round(1e9 * at_s), "mark": {"text": text}} for at_s, text in ((4.5, EVIL), (9.25, ""))]
    log = CaptureLog(**none, told=tuple(marks))
    session = replace(session, turns=(evil, *session.turns), capture=log)
    path.write_text(page.render(replace(diagnosis, session=session)), "utf-8")
    return path


@pytest.fixture
def open_tab(browser):
    """A page that opens a file, and keeps what was complained about and asked for."""
    tabs = []

    def opened(path, **options):
        tab = browser.new_page(**options)
        tabs.append(tab)
        tab.complaints, tab.asked = [], []
        tab.on("console", lambda message: tab.complaints.append(message.text) if message.type != "log" else None)
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.goto(path.as_uri())
        tab.wait_for_function("() => document.querySelector('.vd-timeline')?.timeline?.drawn")
        return tab

    yield opened
    for tab in tabs:
        tab.close()


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (700, "dark")])
def test_it_draws_every_track_and_asks_for_nothing(open_tab, report, width, scheme):
    tab = open_tab(report, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in tab.asked if not url.startswith(("data:", "blob:"))] == [report.as_uri()]
    assert tab.complaints == []
    assert tab.title() != "evil"
    assert all(0.001 < tab.evaluate(PAINTED, row) < 0.6 for row in range(3))


def test_keys_walk_from_finding_to_finding_and_zoom(open_tab, report):
    tab = open_tab(report)
    stage = tab.get_by_role("application")
    assert "findings" in stage.get_attribute("aria-label")
    start, end, _ = tab.evaluate(STATE)
    stage.press("n")
    begin, stop, focus = tab.evaluate(STATE)
    assert focus == 0
    assert stop - begin < end - start
    card = tab.get_by_role("region", name="The finding in focus")
    assert "echo-leak root cause" in card.inner_text()
    assert "limit" in card.inner_text()
    assert "Finding 1 of 3: echo-leak, root cause" in tab.get_by_role("status").inner_text()
    stage.press("p")
    assert tab.evaluate(STATE)[2] == 2
    assert "false-start symptom of echo-leak" in card.inner_text()
    stage.press("+")
    closer = tab.evaluate(STATE)
    assert closer[1] - closer[0] < stop - begin
    stage.press("0")
    assert tab.evaluate(STATE)[:2] == [start, end]
    # Whoever does not see the canvas has a table, and it leads to the same place.
    tab.get_by_text("The 3 findings as a table").click()
    tab.get_by_role("button", name="↳ self-hearing-loop").press("Enter")
    assert tab.evaluate(STATE)[2] == 1


def test_a_key_jumps_from_mark_to_mark(open_tab, report):
    tab = open_tab(report, viewport={"width": 1400, "height": 900})
    timeline_of = "document.querySelector('.vd-timeline').timeline"
    stage = tab.get_by_role("application")
    assert "2 marked moments" in stage.get_attribute("aria-label")
    stage.press("m")
    assert tab.get_by_role("status").inner_text() == f"Mark 1 of 2, at 4.50 s: {EVIL}. Space plays from 2 s before it."
    assert tab.evaluate(f"() => {timeline_of}.at") == 2.5
    begin, end, focus = tab.evaluate(STATE)
    assert begin < 4.5 < end
    assert focus == -1
    # The pennant is drawn where the moment lies, and nothing where nobody marked.
    tab.wait_for_function(f"() => !{timeline_of}.due")
    there, elsewhere = tab.evaluate(FLAGGED, [4.5, 3.5])
    assert there >= 12
    assert elsewhere == 0
    stage.press("Shift+M")
    assert "Mark 2 of 2, at 9.25 s." in tab.get_by_role("status").inner_text()
    tab.get_by_text("The 2 moments that were marked").click()
    tab.get_by_role("button", name=EVIL).press("Enter")
    assert "Mark 1 of 2" in tab.get_by_role("status").inner_text()
    assert f"Marked: 4.50 s “{EVIL}”, 9.25 s." in tab.locator("body").inner_text()
    assert tab.title() != "evil"
    assert tab.complaints == []


def test_the_wheel_zooms_where_the_pointer_is_once_it_was_clicked(open_tab, report):
    tab = open_tab(report)
    tab.locator(".vd-tl-stage").evaluate("(stage) => stage.scrollIntoView()")
    box = tab.locator(".vd-tl-stage").bounding_box()
    place = (box["x"] + 0.75 * box["width"], box["y"] + 40)
    tab.mouse.move(*place)
    before = tab.evaluate(STATE)
    tab.mouse.wheel(0, -10)
    assert tab.evaluate(STATE) == before
    tab.locator(".vd-tl-stage").evaluate("(stage) => stage.focus({ preventScroll: true })")
    under = "(x) => document.querySelector('.vd-timeline').timeline.secondsAt(x)"
    held = tab.evaluate(under, 0.75 * box["width"])
    tab.mouse.wheel(0, -400)
    tab.wait_for_function("(end) => document.querySelector('.vd-timeline').timeline.state.to < end", arg=before[1])
    assert tab.evaluate(under, 0.75 * box["width"]) == pytest.approx(held, abs=0.02)


def test_a_click_on_a_finding_plays_its_clip_as_loud_as_it_is(open_tab, report):
    tab = open_tab(report)
    place = """() => {
      const { layout, stage, about } = document.querySelector('.vd-timeline').timeline;
      const row = layout.rows.find((one) => one.kind === 'finding');
      const box = stage.getBoundingClientRect();
      const timeline = document.querySelector('.vd-timeline').timeline;
      return [box.x + timeline.x(about.findings[0].spans[0][0]) + 2, box.y + row.y + row.height / 2];
    }"""
    tab.locator(".vd-tl-stage").scroll_into_view_if_needed()
    tab.mouse.click(*tab.evaluate(place))
    position = "() => document.querySelector('.vd-timeline').timeline.hearing.position"
    tab.wait_for_function(f"{position} > 0")
    first = tab.evaluate(position)
    tab.wait_for_function(f"{position} > {first + 0.2}")
    assert tab.locator(".vd-tl-bar .vd-play").inner_text() == "Stop"
    # No gain, no compressor: sources go through a panner and nothing else.
    assert "GainNode" not in timeline.script("page")
    tab.get_by_role("application").press("Escape")
    assert tab.locator(".vd-tl-bar .vd-play").inner_text() == "Play"
    assert tab.complaints == []


def test_close_by_it_draws_the_samples_of_the_clip(open_tab, report):
    tab = open_tab(report)
    timeline_of = "document.querySelector('.vd-timeline').timeline"
    begin, end = tab.evaluate(f"() => {timeline_of}.about.findings[0].evidence[0].span")
    at = (begin + end) / 2
    tab.evaluate(f"([from, to]) => {{ {timeline_of}.show(from, to); }}", [at, at + 0.03])
    tab.wait_for_function(f"() => {timeline_of}.state.close.size >= 2")
    name = "user-sent"
    drawn = tab.evaluate(
        f"(name) => {{ const one = {timeline_of}.state.close.get(name); "
        "return {at: one.at, rate_hz: one.rate_hz, values: [...one.values]}; }",
        name,
    )
    truth = vd.load_demo().tracks[name]
    first = round((at - drawn["at"]) * drawn["rate_hz"])
    shown = np.array(drawn["values"][first : first + round(0.5 * drawn["rate_hz"])])
    said = soxr.resample(truth.read(Span(at, at + 0.5)), truth.rate_hz, drawn["rate_hz"])
    # As near as an MP3 is, and in its place: a lag of a millisecond would leave nothing alike.
    assert np.corrcoef(shown, said[: shown.size])[0, 1] > 0.95
    assert tab.complaints == []


def test_a_spectrogram_is_made_of_the_clips_that_the_report_carries(open_tab, report):
    tab = open_tab(report, viewport={"width": 1400, "height": 900})
    timeline_of = "document.querySelector('.vd-timeline').timeline"
    begin, end = tab.evaluate(f"() => {timeline_of}.spanOf({timeline_of}.about.findings[0])")
    columns, name = 60, "agent-played"
    drawn = tab.evaluate(
        f"async (asked) => {{ const one = await {timeline_of}.pictures(...asked); "
        "return {rows: one.rows, bytes: [...one.bytes], heard: [...one.heard], note: one.note}; }",
        [name, begin, end, columns],
    )
    # The kernel's picture of the same span, by numpy. An MP3's error lies some 25 dB below its sound: what is within
    # 20 dB of the strongest has to be right.
    about, content = picture(vd.load_demo().tracks[name], Span(begin, end), columns=columns)
    truth = np.frombuffer(content, np.uint8).reshape(about["rows"], about["columns"]).astype(float)
    shown = np.array(drawn["bytes"]).reshape(drawn["rows"], columns)
    loud = truth > truth.max() - 0.2 * 255
    assert np.count_nonzero(loud) > 100
    assert np.abs(shown - truth)[loud].mean() * 100 / 255 < 1.5
    assert all(drawn["heard"])
    assert "MP3" in drawn["note"]
    # Where nothing was kept nothing is drawn, and that is said.
    tab.get_by_role("button", name="Spectrogram").click()
    tab.wait_for_function(f"() => {timeline_of}.state.images.size === {timeline_of}.about.tracks.length")
    assert "round its findings only" in tab.get_by_role("status").inner_text()
    alphas = tab.evaluate(
        f"() => {{ const {{ canvas }} = {timeline_of}.state.images.get('agent-played'); "
        "const row = canvas.getContext('2d').getImageData(0, 0, canvas.width, 1).data; "
        "return [...row].filter((_, place) => place % 4 === 3); }"
    )
    assert {*alphas} == {0, 255}
    assert tab.complaints == []


def test_a_zoom_over_an_hour_of_two_tracks_is_drawn_within_a_frame(open_tab, tmp_path, rng):
    demo = vd.load_demo()
    names = ("user-sent", "agent-played")
    steps = rng.integers(0, 110, (2, 360_000)).astype(np.int8)
    hour = {
        name: Envelope(rate_hz=16_000, step_frames=160, frames=57_600_000, low=-codes, high=codes)
        for name, codes in zip(names, steps, strict=True)
    }
    tracks = {name: demo.tracks[name] for name in names}
    long = Session(source="hour", tracks=tracks)
    path = tmp_path / "hour.html"
    path.write_text(page.render(Diagnosis(session=long, verdicts=(), findings=(), envelopes=hour)), "utf-8")
    tab = open_tab(path, viewport={"width": 1400, "height": 900})
    tab.evaluate("() => { const { timeline } = document.querySelector('.vd-timeline'); timeline.seconds = 3600; }")
    tab.evaluate("() => document.querySelector('.vd-timeline').timeline.show(0, 3600)")
    # The machine may be busy with other tests: one of three must do.
    medians = []
    while not medians or (medians[-1] >= FRAME_MS and len(medians) < 3):
        medians.append(statistics.median(tab.evaluate(ZOOMS)))
    assert medians[-1] < FRAME_MS, medians
