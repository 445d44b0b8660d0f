"""The studio in a real JupyterLab: a user who asks, is answered, breaks in, and a kernel that is busy meanwhile."""

from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import websockets
from heard import matches
from labs import lab, run_cell, write_notebook
from studio_runs import played_runs
from websockets.sync.client import connect

import voicediag as vd

pytestmark = pytest.mark.browser
PATIENCE_MS = 40_000
# A device of the tests is a timer; see test_record_page.py.
MOST_BROKEN = 0.75
# From the order to the audio thread's answer; 3 ms on a quiet machine.
MOST_FLUSH_MS = 150
CELLS = (
    "import voicediag as vd\nstudio = vd.studio()\nstudio",
    # A sort holds the interpreter's lock until it is done.
    "import random\nnumbers = [random.random() for _ in range(1_500_000)]\nnumbers.sort()\nprint('sor' + 'ted')",
    "print('kept', len(studio.marks), *studio.session.tracks)",
)


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "talk.ipynb"
    write_notebook(path, *CELLS)
    return path


def printed(tab, text):
    return tab.locator(".jp-OutputArea-output").get_by_text(text)


def refused(address):
    """How the server answers somebody without its token, and somebody who would reach what is no studio."""
    way = f"ws://{urlsplit(address).netloc}/voicediag/beside"
    with pytest.raises(websockets.InvalidStatus) as unknown, connect(way):
        pass
    token = parse_qs(urlsplit(address).query)["token"][0]
    asked = f"{way}?token={token}&port=80%2Fx&key=no-studio-has-such-a-key"
    with connect(asked) as elsewhere, pytest.raises(websockets.ConnectionClosed) as outside:
        elsewhere.recv()
    return unknown.value.response.status_code, outside.value.rcvd.code


def test_a_conversation_goes_on_while_the_kernel_is_busy(talking, asked, notebook):
    with lab(notebook.parent) as address:
        tab = talking.new_page(viewport={"width": 1200, "height": 1500})
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(address.replace("/lab?", f"/lab/tree/{notebook.name}?"))
        tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        assert refused(address) == (403, 1008)
        run_cell(tab, 0)
        studio = tab.locator(".vd-talk")
        studio.get_by_role("button", name="Start talking").click()
        # Two seconds of speech have to be heard before anything is said of an echo.
        studio.get_by_text("Not judged yet").wait_for()
        tab.wait_for_selector(".vd-talk[data-seconds='1']")
        studio.focus()
        tab.keyboard.press("Space")
        run_cell(tab, 1)
        printed(tab, "sorted").wait_for()
        tab.wait_for_selector(".vd-talk[data-flush-ms]")
        studio.get_by_text("No echo so far").wait_for()
        flush_ms = float(studio.get_attribute("data-flush-ms"))
        said = studio.get_by_role("log").inner_text()
        studio.get_by_role("button", name="Stop").click()
        studio.get_by_text("not looking is not clean").wait_for()
        run_cell(tab, 2)
        printed(tab, "kept 1 user-captured user-sent agent-received agent-played").wait_for()
        tab.close()
    assert "cut off" in said
    assert flush_ms < MOST_FLUSH_MS
    (folder,) = (notebook.parent / "sessions").glob("*.vds")
    holds(vd.load(folder), asked)


def holds(session, asked):
    """All that was said, heard and played is there, and nothing of it was lost."""
    assert session.problems == ()
    assert np.array_equal(session.capture.sequence, np.arange(session.capture.sequence.size))
    _, alike, gains_db = matches(session.tracks["user-captured"], asked).T
    assert (alike >= 0.999).mean() >= 1 - MOST_BROKEN
    assert np.abs(gains_db[alike >= 0.999]).max() < 0.05
    runs = list(played_runs(session))
    assert len(runs) >= 2
    # A run begins between two samples.
    assert min(runs) >= 0.98
    assert any(event.event == "flushed" for event in session.playback)
