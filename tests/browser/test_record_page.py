"""`voicediag record --browser` in a real browser: what the microphone gave is what lies on the disk."""

import json
import re
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from heard import matches

import voicediag as vd

pytestmark = pytest.mark.browser
RECORD = (sys.executable, "-c", "from voicediag.cli import main; main()", "record", "--browser", "--no-open")
PATIENCE_MS = 60_000
# The device of the tests is a timer of Chromium's own: on a busy machine it skips or waits, 10 ms at a time.
MOST_BROKEN = 0.3


@contextmanager
def recording(folder):
    command = (*RECORD, "--no-check", "--json", "--out", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, json.loads(process.stderr.readline())["page"]
        finally:
            process.kill()


@pytest.fixture
def tab(listening):
    tab = listening.new_page()
    tab.set_default_timeout(PATIENCE_MS)
    tab.complaints = []
    tab.on("console", lambda message: tab.complaints.append(message.text) if message.type != "log" else None)
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    yield tab
    tab.close()


def recorded_for(tab, seconds):
    # The page's policy lets no test evaluate text in it, and a hanging page shows no second in its time.
    tab.wait_for_selector(", ".join(f"[data-seconds='{shown}']" for shown in range(seconds, seconds + 30)))


def test_what_was_captured_is_on_disk_though_the_page_hung(tab, spoken, tmp_path):
    with recording(tmp_path / "a.vds") as (process, address):
        tab.goto(address)
        assert tab.locator(".vd-switch:checked").count() == 0
        tab.get_by_label("The agent plays").select_option("voice")
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, 2)
        assert re.search(r"-\d+\.\d dBFS RMS", tab.locator(".vd-meter output").first.inner_text())
        tab.evaluate("const begun = Date.now(); while (Date.now() - begun < 3000);")
        recorded_for(tab, 8)
        tab.get_by_role("button", name="Stop").click()
        tab.get_by_text("Kept: a.vds").wait_for()
        said, _ = process.communicate(timeout=60)
    assert json.loads(said)["folder"] == str(tmp_path / "a.vds")
    assert tab.complaints == []
    session = vd.load(tmp_path / "a.vds")
    assert session.problems == ()

    log = session.capture
    assert np.array_equal(log.sequence, np.arange(log.sequence.size))
    assert np.array_equal(np.diff(log.frame), log.frames[:-1])
    # While the page hung its Worker went on: nothing waited for seconds.
    assert (log.sent_ms - log.wall_ms).max() < 1_000
    assert log.first("begin")["granted"]["echoCancellation"] is False
    assert len([line for line in log.told if "context" in line]) >= 4

    lags, alike, gains_db = matches(session.tracks["user-captured"], spoken).T
    whole = alike >= 0.999
    assert whole.mean() >= 1 - MOST_BROKEN
    assert np.abs(gains_db[whole]).max() < 0.05
    # Where two halves of a second lie at one lag nothing was lost or put in between them.
    assert np.count_nonzero(np.diff(lags[whole])) <= np.count_nonzero(~whole)
    # Both tracks were cut in the same calls.
    played = session.tracks["agent-played"]
    assert (played.frames, played.rate_hz, played.clock) == (
        session.tracks["user-captured"].frames,
        session.tracks["user-captured"].rate_hz,
        session.tracks["user-captured"].clock,
    )
    assert np.abs(played.source.read(0, played.frames)).max() > 0.05


def test_a_page_that_is_reloaded_keeps_what_it_captured(tab, tmp_path):
    with recording(tmp_path / "a.vds") as (process, address):
        tab.goto(address)
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, 2)
        tab.reload()
        process.communicate(timeout=60)
    session = vd.load(tmp_path / "a.vds")
    assert session.duration_s >= 2
    assert session.problems == ()
    assert session.capture.first("end")["how"] == "left"
