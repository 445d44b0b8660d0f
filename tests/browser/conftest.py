"""A real Chromium for the tests of this folder."""

import os
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
import soundfile
import soxr
from sound_server import echoing_sound_card

import voicediag as vd
from voicediag import signals
from voicediag.spans import Span

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
SPOKEN_S, SPOKEN_HZ = 40, 48_000
LOSS_DB = 14.0
ASKED_S = 20
# The second question falls into the answer to the first.
ASKS_AT_S = (2.2, 4.6)
# The usual fake consent would share the screen, which a machine without one does not have.
SHARING = ("--auto-accept-camera-and-microphone-capture", "--auto-select-tab-capture-source-by-title=the agent")


def lacking(what):
    """Skip, or fail where the machine was given all that the tests can use."""
    (pytest.fail if os.environ.get("VOICEDIAG_LACKING") == "fail" else pytest.skip)(f"no {what} on this machine")


def program():
    pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        lacking("Chromium")
    return found


@pytest.fixture
def chromium_here():
    """For what starts its own."""
    program()


@contextmanager
def chromium(*arguments, **options):
    found = program()
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=[*ARGUMENTS, *arguments], **options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def spoken(tmp_path_factory):
    """What the microphone of `listening` hears."""
    path = tmp_path_factory.mktemp("spoken") / "spoken.wav"
    speech = signals.speech_like(duration_s=SPOKEN_S, rate_hz=SPOKEN_HZ, level_db=-24.0, seed=7).samples
    room = signals.noise(duration_s=SPOKEN_S, rate_hz=SPOKEN_HZ, level_db=-60.0, seed=8, exponent=1.0)
    soundfile.write(path, speech + room, SPOKEN_HZ, "PCM_16")
    return path


@pytest.fixture(scope="module")
def listening(spoken):
    """A Chromium whose microphone is a file, and that lets every page have it."""
    # The file is played anew with each capture; where it is looped Chromium loses some samples.
    device = f"--use-file-for-fake-audio-capture={spoken}%noloop"
    with chromium("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", device) as started:
        yield started


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """What the user says: the demo's question twice, in a quiet room."""
    track = vd.load_demo().tracks["user-sent"]
    question = soxr.resample(track.read(Span(0.95, 1.95)), track.rate_hz, SPOKEN_HZ)
    said = np.random.default_rng(3).standard_normal(ASKED_S * SPOKEN_HZ) * 10 ** (-62 / 20)
    for at_s in ASKS_AT_S:
        said[round(at_s * SPOKEN_HZ) :][: question.size] += question * (0.5 / np.abs(question).max())
    path = tmp_path_factory.mktemp("asked") / "asked.wav"
    soundfile.write(path, said, SPOKEN_HZ, "PCM_16")
    return path


@pytest.fixture(scope="module")
def talking(asked):
    """A Chromium in which that user speaks."""
    device = f"--use-file-for-fake-audio-capture={asked}%noloop"
    with chromium("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", device) as started:
        yield started


@pytest.fixture(scope="module")
def echoing(tmp_path_factory):
    """A Chromium whose microphone hears its loudspeaker, `LOSS_DB` weaker: to it both are real devices.

    Where a page asks for a tab it gets the one with the title "the agent".
    """
    for program in ("pulseaudio", "pactl"):
        if shutil.which(program) is None:
            lacking(program)
    with (
        echoing_sound_card(tmp_path_factory.mktemp("pulse"), loss_db=LOSS_DB) as env,
        chromium(*SHARING, env=env, ignore_default_args=["--mute-audio"]) as started,
    ):
        yield started
