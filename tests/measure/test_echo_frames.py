import numpy as np
import pytest

from voicediag.measure.echo_frames import FRAME, HOP, REACH, SIZE, EchoFrames, shift, tops
from voicediag.measure.echo_grid import STEP, Stretch
from voicediag.measure.whitening import GRID_HZ
from voicediag.signals import leak, speech_like

SPEAKER = speech_like(duration_s=6, rate_hz=GRID_HZ, seed=1).samples


def as_it_is(samples):
    """Return sound that needs no whitening, with its level."""
    steps = samples[: samples.size // STEP * STEP].reshape(-1, STEP)
    return Stretch(samples.astype(np.float32), np.square(steps).mean(axis=1).astype(np.float32))


def frames_at(delay_samples, *, gain=1.0):
    delay_ms = 1_000 * (delay_samples + REACH) / GRID_HZ
    mic = leak(np.pad(SPEAKER, (0, SIZE)), rate_hz=GRID_HZ, delay_ms=delay_ms, erl_db=6).echo
    return EchoFrames.of(as_it_is(gain * mic), as_it_is(SPEAKER))


@pytest.mark.parametrize("delay", [0.0, 37.25, -200.5])
def test_every_live_frame_has_its_top_at_the_lag(delay):
    frames = frames_at(delay)
    curves = frames.curves()
    path = np.full(len(curves), REACH + round(delay))
    found = tops(curves[:, : 2 * REACH], path)[frames.is_live] - REACH
    assert np.median(found) == pytest.approx(delay, abs=0.1)


def test_a_frame_begins_at_every_hop_and_a_silent_one_is_not_live():
    quiet = SPEAKER.copy()
    quiet[: 2 * HOP + FRAME] = 0
    frames = EchoFrames.of(as_it_is(np.pad(SPEAKER, (REACH, SIZE))), as_it_is(quiet))
    assert frames.is_live.size == (SPEAKER.size - FRAME) // HOP + 1
    assert frames.is_live.tolist()[:3] == [False] * 3


def test_the_room_knows_a_loudspeaker_that_is_wired_the_other_way_round():
    frames = frames_at(10, gain=-1.0)
    curves = frames.curves()
    path = np.full(len(curves), REACH + 10)
    scores = frames.scores(frames.room(path, np.ones(path.size, np.float32), curves))
    assert np.median(scores[frames.is_live].argmax(axis=1)) == REACH + 10


def test_a_room_that_lies_later_is_told_by_how_much():
    rooms = []
    for delay in (0, 23):
        frames = frames_at(delay)
        path = np.full(frames.is_live.size, REACH)
        rooms.append(frames.room(path, np.ones(path.size, np.float32), frames.curves()))
    assert shift(*rooms, reach=100) == 23


def test_silence_is_no_frame():
    frames = EchoFrames.of(as_it_is(np.zeros(SIZE)), as_it_is(np.zeros(FRAME)))
    assert not frames.is_live.any()
    assert np.isfinite(frames.curves()).all()


def test_what_lies_beyond_the_end_of_a_recording_is_no_frame():
    mic = np.pad(SPEAKER, (REACH, SIZE))
    # The microphone's recording ends after three seconds, and the last frames would see its end.
    mic[REACH + 3 * GRID_HZ :] = 0
    live = np.flatnonzero(EchoFrames.of(as_it_is(mic), as_it_is(SPEAKER)).is_live)
    assert live.max() * HOP + FRAME <= 3 * GRID_HZ + FRAME // 8
