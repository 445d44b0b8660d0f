"""How fast the session explorer is on an hour of two tracks, and how soon and how wholly a page's sound is on disk.

``python -m benchmarks.studio`` makes a dense hour, holds a diagnosis of thirty findings against it, writes the report,
opens it from disk in a headless Chromium without a graphics card, and zooms. Times depend on the machine; a picture of
matplotlib, which cannot be zoomed, is the peer. The second table is that of `benchmarks.studio_recorder`.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
import soxr

import voicediag as vd
from benchmarks import studio_recorder
from benchmarks.table import show
from voicediag.detect import DETECTORS
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity
from voicediag.diagnose import Diagnosis
from voicediag.present import page, plots
from voicediag.present.widgets import timeline
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicediag.session import Session

RATE_HZ, HOUR_S = 16_000, 3_600
FINDINGS, EVIDENCE, ZOOMS = 30, 3, 100
FRAME_MS = 16
# Draws at once and reads a pixel back, so that what the canvas puts off is counted too.
ZOOM = """(times) => {
  const timeline = document.querySelector(".vd-timeline").timeline;
  const pen = timeline.canvas.getContext("2d");
  const took = [];
  for (let turn = 0; turn < times; turn++) {
    const begun = performance.now();
    timeline.zoom(turn % 20 < 10 ? 0.5 : 2, 0.37);
    timeline.draw();
    pen.getImageData(400, 60, 1, 1);
    took.push(performance.now() - begun);
  }
  return took;
}"""
FIRST = "() => performance.getEntriesByName('vd-timeline')[0]?.startTime ?? null"

SPECTRA = """async () => {
  const { timeline } = document.querySelector('.vd-timeline');
  const begun = performance.now();
  for (const { name } of timeline.about.tracks) {
    const image = await timeline.pictures(name, 0, timeline.seconds, 1_200);
    if (!image.heard.includes(1)) throw new Error('nothing was drawn');
  }
  return performance.now() - begun;
}"""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        sound, report = Path(folder) / "hour.wav", Path(folder) / "report.html"
        write_hour(sound)
        rows: list[list[object]] = []
        session = vd.load(sound)
        took_s, envelopes = _timed(lambda: timeline.envelopes(session))
        rows.append(["envelope of the hour from the file, 10 ms", took_s, "s", None])
        size = sum(one.low.nbytes + one.high.nbytes for one in envelopes.values())
        packed = timeline.packed(envelopes)
        rows += [
            ["the envelope", size / 1e6, "MB", 1.44],
            ["the envelope as it travels", len(packed) / 1e6, "MB", None],
        ]
        diagnosis = Diagnosis(session=session, verdicts=(), findings=findings(session), envelopes=envelopes)
        page.render(vd.check(vd.load_demo()))
        begun_s = time.process_time()
        took_s, html = _timed(lambda: page.render(diagnosis))
        worked_s = time.process_time() - begun_s
        report.write_text(html, encoding="utf-8")
        rows += [
            [f"report of {FINDINGS} findings, {EVIDENCE} pieces of evidence each", took_s, "s", 5],
            ["its work, in all threads", worked_s, "s of a core", None],
            ["its size", report.stat().st_size / 1e6, "MB", 3],
        ]
        rows += _in_browser(report)
        took_s, picture = _timed(lambda: plots.session(session, diagnosis.findings).png())
        rows.append([f"peer: matplotlib, the hour as one PNG of {len(picture) / 1e3:.0f} kB", took_s, "s", None])
        recorder = studio_recorder.rows(Path(folder))
    show(
        "The session explorer: an hour, two tracks at 16 kHz",
        ("what", "measured", "unit", "wanted below"),
        rows,
        note=f"Chromium draws without a graphics card. Zooms: {ZOOMS}, from the hour to 3.5 s and back.",
    )
    show("The recorder's page", studio_recorder.COLUMNS, recorder)


def write_hour(path: Path) -> None:
    """Write a dense stereo session: the dialogues of recordings/clean one after the other, again and again."""
    calls = [vd.load(folder) for folder in sorted((Path(__file__).parents[1] / "recordings" / "clean").glob("*.vds"))]
    pairs = [(call.heard, call.spoken) for call in calls]
    dialogues = [
        np.stack(
            [soxr.resample(track.read(Span(0.0, call.duration_s)), track.rate_hz, RATE_HZ) for track in pair], axis=1
        )
        for call, pair in zip(calls, pairs, strict=True)
        if all(pair)
    ]
    left, rng = HOUR_S * RATE_HZ, np.random.default_rng(5)
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, "PCM_16") as file:
        for dialogue in cycle(dialogues):
            file.write(dialogue[:left] * np.float32(10 ** (-rng.uniform(0, 6) / 20)))
            left -= dialogue[:left].shape[0]
            if left <= 0:
                return


def findings(session: Session) -> tuple[Finding, ...]:
    """Return thirty findings with evidence all over a session, a third of them symptoms."""
    ids, causes, every_s = [detector.id for detector in DETECTORS], list(Cause), session.duration_s / FINDINGS
    return tuple(
        Finding(
            id=ids[place % len(ids)],
            cause=causes[place % len(causes)],
            severity=Severity.MEDIUM,
            confidence=0.9,
            summary=f"Fault number {place} was planted for a picture.",
            remedy="Leave it: it is none.",
            primary=pieces[0],
            supporting=pieces[1:],
            where=SpanSet(piece.span for piece in pieces),
            explained_by=ids[0] if place % 3 == 1 else None,
        )
        for place in range(FINDINGS)
        for pieces in [_evidence(place * every_s)]
    )


def _evidence(start_s: float) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            track="user-sent",
            against="agent-received",
            span=Span(start_s + 5 + 20 * piece, start_s + 8 + 20 * piece),
            measure={"rms_dbfs": -30.0},
            limit=Limit(-40.0, "dBFS", "house rule: none, it is planted"),
        )
        for piece in range(EVIDENCE)
    )


def _in_browser(report: Path) -> list[list[object]]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium on this machine: what it draws is left out", file=sys.stderr)
        return []
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab: Any = browser.new_page(viewport={"width": 1400, "height": 900})
        tab.goto(report.as_uri())
        tab.wait_for_function(FIRST)
        tab.wait_for_load_state("networkidle")
        first_ms = tab.evaluate(FIRST)
        took = sorted(tab.evaluate(ZOOM, ZOOMS))
        seen_ms = tab.evaluate(SPECTRA)
        browser.close()
    return [
        ["first picture, from opening the file", first_ms / 1_000, "s", 1],
        ["a zoom, median", statistics.median(took), "ms", FRAME_MS],
        ["a zoom, 95th of 100", took[94], "ms", FRAME_MS],
        ["spectrograms of all its clips, decoded and drawn in the page", seen_ms / 1_000, "s", None],
    ]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    done = work()
    return time.perf_counter() - begun, done


if __name__ == "__main__":
    main()
