import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room

from voicediag import signals
from voicediag.errors import InputError
from voicediag.tune.cancellers import CANCELLERS, canceller

ROOT = Path(__file__).parents[2]
MODULES = {"aec3": "pywebrtc_audio", "livekit": "livekit", "pyaec": "pyaec"}


def test_the_lock_of_the_tests_brings_a_canceller():
    assert "\npywebrtc-audio==" in (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CANCELLERS)
def test_an_echo_falls_and_the_length_stays(name):
    if importlib.util.find_spec(MODULES[name]) is None:
        pytest.skip(f"{CANCELLERS[name].package} is not installed")
    agent = agent_voice(1)[:-7]
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=40, erl_db=6).echo
    mic = (echo + room(2)[:-7]).astype(np.float32)
    after = canceller(name).cancel(mic, agent, delay_ms=40)
    assert after.size == mic.size
    assert after.dtype == np.float32
    # A float file read as 16 bits, or 16 bits taken for floats, would be off by 90 dB.
    half = slice(mic.size // 2, None)
    assert 10 < signals.energy_ratio_db(mic[half], after[half]) < 50


@pytest.mark.parametrize("name", CANCELLERS)
def test_a_missing_package_names_the_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULES[name], None)
    if name == "livekit":
        monkeypatch.setitem(sys.modules, "livekit.rtc", None)
    with pytest.raises(InputError, match=rf"voicediag\[{CANCELLERS[name].extra}\]"):
        canceller(name).cancel(np.zeros(160, np.float32), np.zeros(160, np.float32), delay_ms=0)


def test_an_unknown_name_is_refused_with_those_that_are_known():
    with pytest.raises(InputError, match="aec3, livekit, pyaec"):
        canceller("speex")
