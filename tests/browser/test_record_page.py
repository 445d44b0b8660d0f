"""`voicediag record --browser` in a real browser: what the microphone gave is what lies on the disk."""

import json
import re
from urllib.parse import urlsplit

import numpy as np
import pytest
from heard import matches
from record_page import opened, recorded_for, recording
from tunnel import tunnel

import voicediag as vd

pytestmark = pytest.mark.browser
# The device of the tests is a timer of Chromium's own: on a busy machine it skips or waits, 10 ms at a time. A fault of
# ours in rate, level, order or bytes would break every window.
MOST_BROKEN = 0.75


@pytest.fixture
def tab(listening):
    tab = opened(listening)
    yield tab
    tab.close()


def test_what_was_captured_is_on_disk_though_the_page_hung(tab, spoken, tmp_path):
    with recording(tmp_path / "a.vds") as (process, address):
        tab.goto(address)
        assert tab.locator(".vd-switch:checked").count() == 0
        tab.get_by_label("The agent plays").select_option("voice")
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, 2)
        assert re.search(r"-\d+\.\d dBFS RMS", tab.locator(".vd-meter output").first.inner_text())
        tab.evaluate("const begun = Date.now(); while (Date.now() - begun < 3000);")
        recorded_for(tab, 6)
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


def test_a_connection_that_breaks_loses_nothing(tab, tmp_path):
    folder = tmp_path / "a.vds"
    with recording(folder) as (process, address), tunnel(urlsplit(address).port) as (port, cut):
        tab.goto(address.replace(str(urlsplit(address).port), str(port), 1))
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, 2)
        cut()
        recorded_for(tab, 5)
        tab.get_by_role("button", name="Stop").click()
        tab.get_by_text("Kept: a.vds").wait_for()
        process.communicate(timeout=60)
    session = vd.load(folder)
    assert session.problems == ()
    log = session.capture
    assert np.array_equal(log.sequence, np.arange(log.sequence.size))
    assert np.array_equal(np.diff(log.frame), log.frames[:-1])
    # Half a second passes before the page tries again: so long some chunks waited.
    assert (log.sent_ms - log.wall_ms).max() > 300
    assert log.first("end")["how"] == "stopped"


def test_a_page_that_is_reloaded_keeps_what_it_captured(tab, tmp_path):
    with recording(tmp_path / "a.vds") as (process, address):
        tab.goto(address)
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, 2)
        # Not waited for: the recorder ends with the page, and may be gone before it could answer.
        tab.evaluate("setTimeout(() => location.reload())")
        process.communicate(timeout=60)
    session = vd.load(tmp_path / "a.vds")
    assert session.duration_s >= 2
    assert session.problems == ()
    assert session.capture.first("end")["how"] == "left"
