"""What an agent plays in another tab, recorded beside the microphone that hears it: both real, and on one clock."""

import numpy as np
import pytest
from record_page import opened, recorded_for, recording

import voicediag as vd

pytestmark = pytest.mark.browser
# As in conftest.py.
LOSS_DB = 14.0
AMPLITUDE, TONE_HZ, SECONDS = 0.25, 440.0, 3
WINDOWS, WINDOW_S = 40, 0.04
AGENT = f"""<title>the agent</title><button onclick="
  const context = new AudioContext();
  const tone = new OscillatorNode(context, {{ frequency: {TONE_HZ} }});
  tone.connect(new GainNode(context, {{ gain: {AMPLITUDE} }})).connect(context.destination);
  tone.start();
">Speak</button>"""


def test_a_tab_is_recorded_as_loud_as_it_is_beside_the_microphone_that_hears_it(echoing, tmp_path):
    agent = echoing.new_page()
    agent.goto("data:text/html," + AGENT)
    agent.get_by_role("button").click()
    with recording(tmp_path / "a.vds") as (process, address):
        tab = opened(echoing)
        tab.goto(address)
        tab.get_by_label("The agent plays").select_option("tab")
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, SECONDS)
        tab.get_by_role("button", name="Stop").click()
        tab.get_by_text("Kept: a.vds").wait_for()
        process.communicate(timeout=60)
        assert tab.complaints == []
    agent.close()
    session = vd.load(tmp_path / "a.vds")
    assert session.problems == ()
    played, heard = (tone_of(session.tracks[name]) for name in ("agent-played", "user-captured"))
    assert played == pytest.approx(20 * np.log10(AMPLITUDE), abs=0.1)
    assert played - heard == pytest.approx(LOSS_DB, abs=0.2)


def tone_of(track):
    """Return the level of the tone's peak in dB re full scale, as the tenth of the last windows has it that reads most.

    A busy machine slips by a buffer now and then, and a window with a seam in it reads less.
    """
    size = round(WINDOW_S * track.rate_hz)
    window = np.hanning(size)
    carrier = window * np.exp(-2j * np.pi * TONE_HZ * np.arange(size) / track.rate_hz)
    last = track.source.read(track.frames - WINDOWS * size, WINDOWS * size).reshape(WINDOWS, size)
    return 20 * np.log10(np.quantile(2 * np.abs(last @ carrier) / window.sum(), 0.9))
