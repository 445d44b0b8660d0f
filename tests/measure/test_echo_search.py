import numpy as np
import pytest

from voicediag.measure.echo_frames import REACH, SIZE, EchoFrames
from voicediag.measure.echo_grid import EDGE_S, far_end, microphone
from voicediag.measure.echo_search import LOST_FRAMES, lost_frames, sought
from voicediag.measure.whitening import GRID_HZ
from voicediag.signals import noise, speech_like

SPEAKER = speech_like(duration_s=4, rate_hz=GRID_HZ, seed=1).samples


def heard_at(lag):
    """Return what reads a microphone that repeats the speaker `lag` samples later."""
    mic = noise(duration_s=10, rate_hz=GRID_HZ, level_db=-60, seed=2).astype(np.float32)
    mic[3 * GRID_HZ + lag : 3 * GRID_HZ + lag + SPEAKER.size] += SPEAKER

    def frames_at(centre):
        edge = round(EDGE_S * GRID_HZ)
        start = 3 * GRID_HZ + centre - REACH - edge
        heard = microphone(mic[start : start + SPEAKER.size + SIZE + 2 * edge], rate_hz=GRID_HZ)
        return EchoFrames.of(heard, far_end(np.pad(SPEAKER, edge), rate_hz=GRID_HZ))

    return frames_at


def room():
    frames = heard_at(0)(0)
    path = np.full(frames.is_live.size, REACH)
    return frames.room(path, np.ones(path.size, np.float32), frames.curves())


@pytest.mark.parametrize("lag", [-10_000, 75, 18_001])
def test_an_echo_is_found_wherever_it_went(lag):
    assert sought(heard_at(lag), room(), around=200) == lag


def test_an_echo_that_is_nowhere_is_not_found():
    assert sought(heard_at(44_000), room(), around=0) is None


def test_frames_that_do_not_fit_any_more_are_lost():
    fits = np.full(60, 9.0, np.float32)
    fits[30:] = 0
    is_live = np.ones(60, np.bool_)
    assert lost_frames(fits, is_live, after=0)[0] == 30
    assert lost_frames(fits, is_live, after=35)[0] == 35
    fits[30 + LOST_FRAMES // 2 :] = 9
    assert not lost_frames(fits, is_live, after=0).size
    assert not lost_frames(fits[:5], is_live[:5], after=0).size
