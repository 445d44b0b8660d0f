"""The pace of a stream as it comes: what was planted is told when it happens, and as the whole stream is read."""

import numpy as np
import pytest

from voicediag.measure import arrival, pace_watch
from voicediag.measure.pace_watch import PaceWatch
from voicediag.signals import pacings

FRAMES = np.full(1_500, 0.02)


def told(paced, **how):
    """Return when what was told, and the events."""
    watch = PaceWatch(**how)
    pairs = zip(paced.at_s.tolist(), paced.lengths_s.tolist(), strict=True)
    return [(at_s, event) for at_s, length_s in pairs for event in watch.came(at_s, length_s)]


def test_a_sender_in_time_tells_nothing():
    assert not told(pacings.jittered(pacings.absolute(FRAMES), sigma_s=0.01, seed=1))
    assert not told(pacings.absolute(FRAMES, speed=3.0))


def test_gaps_are_those_of_the_whole_stream():
    paced = pacings.jittered(pacings.absolute(FRAMES), sigma_s=0.05, seed=2)
    sizes = arrival.gaps(arrival.lateness(paced.at_s, paced.lengths_s), cushion_s=0.1)
    events = [event for _, event in told(paced) if event.kind == "gap"]
    assert [event.size for event in events] == pytest.approx(sizes[sizes >= 0.02].tolist())
    # Told with the chunk that ended it.
    assert all(at_s == pytest.approx(event.at_s + event.size) for at_s, event in told(paced) if event.kind == "gap")


def test_a_stall_is_told_while_it_lasts():
    watch = PaceWatch()
    for number in range(100):
        assert not watch.came(number * 0.02, 0.02)
    looks = [(now_s, event) for now_s in np.arange(2.0, 3.0, 0.1) for event in watch.looked(now_s)]
    ((now_s, event),) = looks
    assert (event.kind, event.at_s) == ("stall", pytest.approx(2.0))
    # Half a second makes a stall; it is told at the next look, a tenth of a second later at most.
    assert now_s - event.at_s == pytest.approx(0.5, abs=0.1)
    assert [each.kind for each in watch.came(3.0, 0.02)] == ["gap"]


def test_falling_behind_is_told_once_and_so_is_its_end():
    slow = pacings.sleeping(FRAMES[:1_000], overhead_s=0.0013, seed=1, spread=0.0)
    after = pacings.absolute(FRAMES)
    at_s = np.concatenate((slow.at_s, slow.at_s[-1] + 0.02 + after.at_s))
    paced = pacings.Paced(at_s=at_s, lengths_s=np.concatenate((slow.lengths_s, after.lengths_s)))
    events = [(when, event) for when, event in told(paced, cushion_s=100.0) if event.kind != "gap"]
    assert [event.kind for _, event in events] == ["behind", "recovered"]
    # Each frame of 20 ms takes 21.3 ms.
    assert events[0][1].size == pytest.approx(1.3 / 21.3, rel=0.01)
    assert events[0][0] < 4
    assert events[1][0] > slow.at_s[-1]


def test_an_utterance_that_ended_has_no_part_in_the_next():
    watch = PaceWatch()
    watch.came(0.0, 0.02)
    watch.ended()
    assert not watch.looked(9.0)
    assert not watch.came(10.0, 0.02)


def test_memory_does_not_grow():
    watch = PaceWatch()
    for number in range(20_000):
        watch.came(number * 0.0201, 0.02)
    assert len(watch._lately) == pace_watch.WINDOWS


@pytest.mark.parametrize("overhead_s", [0.0005, 0.0013, 0.004])
def test_each_kind_is_told_within_a_fifth_of_a_second_of_the_moment_that_decides_it(overhead_s):
    slope = overhead_s / (0.02 + overhead_s)
    paced = pacings.sleeping(FRAMES, overhead_s=overhead_s, seed=1, spread=0.0)
    behind = next((at_s, event) for at_s, event in told(paced, cushion_s=100.0) if event.kind == "behind")
    # Decided once 0.1 s are gained, and a slope is one after 12 windows of 0.2 s of sound.
    decided_s = max(0.1 / slope, 12 * 0.2 / (1 - slope))
    assert behind[0] - decided_s <= (0.2 + 0.02) / (1 - slope)
    gaps = [(at_s, event) for at_s, event in told(pacings.stalled(pacings.absolute(FRAMES), stalls=[(5.0, 0.7)]))]
    assert [at_s - event.at_s - event.size for at_s, event in gaps if event.kind == "gap"] == [
        pytest.approx(0, abs=1e-9)
    ]
