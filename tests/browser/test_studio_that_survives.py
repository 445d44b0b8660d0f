"""A conversation whose connection breaks, whose page hangs and is loaded anew: one session, and it goes on."""

import json
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from heard import matches
from record_page import opened, recorded_for
from studio_runs import played_runs
from tunnel import tunnel

import voicediag as vd

pytestmark = pytest.mark.browser
STUDIO = (sys.executable, "-c", "from voicediag.cli import main; main()", "studio")
# A device of the tests is a timer; see test_record_page.py.
MOST_BROKEN = 0.75


@contextmanager
def studio(folder):
    command = (*STUDIO, "--attached", "--json", "--no-open", "--out", str(folder))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())["page"]
        finally:
            process.stdin.close()


def test_a_conversation_goes_on_through_a_broken_connection_a_hanging_page_and_a_reload(talking, asked, tmp_path):
    with studio(tmp_path) as address, tunnel(urlsplit(address).port) as (port, cut):
        tab = opened(talking)
        tab.goto(address.replace(str(urlsplit(address).port), str(port), 1))
        tab.get_by_role("button", name="Start talking").click()
        recorded_for(tab, 1)
        cut()
        tab.wait_for_selector("[data-away='true']")
        # Marked while nobody hears of it.
        tab.get_by_role("button", name="Mark this moment").click()
        tab.wait_for_selector("[data-away='false']")
        recorded_for(tab, 4)
        tab.evaluate("const begun = Date.now(); while (Date.now() - begun < 3000);")
        recorded_for(tab, 7)
        complaints, tab.complaints = tab.complaints, []
        tab.reload()
        tab.wait_for_selector(".vd-talk[data-state='recording']")
        recorded_for(tab, 2)
        assert tab.get_by_role("log").inner_text().count("Agent") >= 2
        tab.get_by_role("button", name="Stop").click()
        tab.get_by_text("not looking is not clean").wait_for()
        assert tab.complaints == []
        tab.close()
    # That a socket broke is all that the page before it complained of.
    assert all("WebSocket" in complaint for complaint in complaints)
    (folder,) = tmp_path.glob("*.vds")
    session = vd.load(folder)
    assert len([event for event in session.wire if event.kind == "open"]) == 1
    loaded, unsent = (problem.what for problem in session.problems)
    assert "the page was loaded anew: for" in loaded
    assert "of the microphone were not sent to the agent" in unsent
    holds(session, asked)


def holds(session, asked):
    """Nothing of what was captured is missing but where the page was not there, and that stands as a gap."""
    log = session.capture
    gaps = np.flatnonzero(log.frame[1:] != (log.frame + log.frames)[:-1])
    assert gaps.size == 1
    (again,) = np.flatnonzero(log.sequence == 0)[1:]
    assert gaps[0] == again - 1
    assert np.array_equal(log.sequence[:again], np.arange(again))
    assert np.array_equal(log.sequence[again:], np.arange(log.sequence.size - again))
    rate_hz = session.tracks["user-captured"].rate_hz
    gap_s = (log.frame[again] - log.frame[again - 1] - log.frames[again - 1]) / rate_hz
    assert 0.1 < gap_s < 10
    _, alike, gains_db = matches(session.tracks["user-captured"], asked).T
    assert (alike >= 0.999).mean() >= 1 - MOST_BROKEN
    assert np.abs(gains_db[alike >= 0.999]).max() < 0.05
    # What was heard of the agent is what came, before the reload and after it.
    runs = list(played_runs(session))
    assert len(runs) >= 2
    assert min(runs) >= 0.98
    (mark,) = session.flags
    assert 1 < mark.at_s < 4
