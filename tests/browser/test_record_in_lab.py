"""The recorder in a real JupyterLab: its sound passes the kernel by, whatever the kernel does."""

import json
import re
import socket
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import websockets
from heard import matches
from labs import lab, run_cell, write_notebook
from page_messages import begin, chunk
from websockets.sync.client import connect

import voicediag as vd
from voicediag.live.microphone.serving import GONE

pytestmark = pytest.mark.browser
PATIENCE_MS = 90_000
# A device of the tests is a timer; see test_record_page.py.
MOST_BROKEN = 0.75
CELLS = (
    "import voicediag as vd\nmicrophone = vd.record()\nmicrophone",
    "print('first', *microphone.session.tracks, microphone.session.problems)",
    # A sort holds the interpreter's lock until it is done.
    "import random\nnumbers = [random.random() for _ in range(1_500_000)]\nnumbers.sort()\nprint('sor' + 'ted')",
)


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "live.ipynb"
    write_notebook(path, *CELLS)
    return path


def recorded_for(tab, seconds):
    tab.wait_for_selector(", ".join(f"[data-seconds='{shown}']" for shown in range(seconds, seconds + 60)))


def restart_kernel(tab):
    tab.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Kernel$")).click()
    tab.locator(".lm-Menu-itemLabel", has_text=re.compile("^Restart Kernel…$")).click()
    tab.get_by_role("button", name="Confirm Kernel Restart").click()


def refused(address):
    """How the server answers a stream without its token, and one that would write elsewhere."""
    stream = f"ws://{urlsplit(address).netloc}/voicediag/stream"
    with pytest.raises(websockets.InvalidStatus) as unknown, connect(stream):
        pass
    token = parse_qs(urlsplit(address).query)["token"][0]
    with connect(f"{stream}?token={token}&out=/") as elsewhere, pytest.raises(websockets.ConnectionClosed) as outside:
        elsewhere.recv()
    return unknown.value.response.status_code, outside.value.rcvd.code


def broken(address, folder):
    """Record through the server's extension, break the connection without a word, and come back; give the session."""
    token = parse_qs(urlsplit(address).query)["token"][0]
    stream = f"ws://{urlsplit(address).netloc}/voicediag/stream?token={token}"
    with connect(f"{stream}&out={folder}") as page:
        page.send(json.dumps(begin()))
        resume = json.loads(page.recv())["resume"]
        for number in range(30):
            page.send(chunk(number))
        assert json.loads(page.recv())["came"] == 25
        # No farewell: the socket is gone, as where a tunnel breaks.
        page.socket.shutdown(socket.SHUT_RDWR)
    with connect(f"{stream}&resume=guessed") as stranger, pytest.raises(websockets.ConnectionClosed) as refused:
        stranger.recv()
    assert refused.value.rcvd.code == GONE
    with connect(f"{stream}&resume={resume}") as page:
        told = json.loads(page.recv())
        assert told["type"] == "resumed"
        for number in range(told["came"], 40):
            page.send(chunk(number))
        page.send(json.dumps({"type": "end", "chunks": 40}))
        while json.loads(page.recv())["type"] != "ended":
            pass
    (made,) = folder.glob("*.vds")
    return made


def test_a_busy_kernel_and_its_restart_lose_nothing(listening, spoken, notebook):
    with lab(notebook.parent) as address:
        tab = listening.new_page()
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(address.replace("/lab?", f"/lab/tree/{notebook.name}?"))
        tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        assert refused(address) == (403, 1008)
        through = broken(address, notebook.parent / "broken")
        run_cell(tab, 0)
        record, stop = (tab.locator(".vd-studio").get_by_role("button", name=name) for name in ("Record", "Stop"))
        record.click()
        recorded_for(tab, 1)
        stop.click()
        tab.get_by_text("Kept: ").wait_for()
        run_cell(tab, 1)
        tab.locator(".jp-OutputArea-output").get_by_text("first user-captured ()").wait_for()

        record.click()
        recorded_for(tab, 1)
        run_cell(tab, 2)
        tab.locator(".jp-OutputArea-output").get_by_text("sorted").wait_for()
        restart_kernel(tab)
        tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        stop.click()
        tab.get_by_text("Kept: ").wait_for()
        tab.close()
    kept = vd.load(through)
    assert kept.problems == ()
    assert kept.capture.sequence.tolist() == list(range(40))
    folders = sorted((notebook.parent / "sessions").glob("*.vds"))
    assert len(folders) == 2
    session = vd.load(folders[1])
    assert session.problems == ()
    assert np.array_equal(session.capture.sequence, np.arange(session.capture.sequence.size))
    assert (session.capture.sent_ms - session.capture.wall_ms).max() < 1_000
    _, alike, gains_db = matches(session.tracks["user-captured"], spoken).T
    assert (alike >= 0.999).mean() >= 1 - MOST_BROKEN
    assert np.abs(gains_db[alike >= 0.999]).max() < 0.05
