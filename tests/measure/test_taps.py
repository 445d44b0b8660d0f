"""Gaps of known kind between two taps of one voice."""

import numpy as np
import pytest
import soundfile
from scenes import RECORDINGS

from voicediag.measure import taps

RATE_HZ = 24_000
BESIDE = round(taps.BESIDE_S * RATE_HZ)
GAP = round(0.06 * RATE_HZ)


@pytest.fixture(scope="module")
def came():
    return soundfile.read(RECORDINGS / "clean" / "cooking.vds" / "agent-received.flac", dtype="float32")[0]


def loud_places(came):
    level = np.array(
        [np.sqrt(np.mean(came[at : at + BESIDE] ** 2)) for at in range(BESIDE, came.size - 4 * BESIDE, 2_000)]
    )
    return [BESIDE + 2_000 * int(number) for number in np.flatnonzero(level > 0.05)]


@pytest.mark.parametrize(("skipped", "lost"), [(0, False), (GAP, True)])
def test_late_is_told_from_lost(came, skipped, lost):
    told = []
    for at in loud_places(came):
        after = came[at + skipped : at + skipped + BESIDE]
        around = came[max(0, at - RATE_HZ) : at + RATE_HZ]
        # Another gain, and a little of another sound: a player's volume and its noise.
        heard = (0.5 * piece + 0.001 for piece in (came[at - BESIDE : at], after))
        told.append(taps.is_lost(*heard, GAP, around, rate_hz=RATE_HZ))
    assert told.count(lost) >= 0.8 * len(told)
    assert told.count(not lost) == 0


def test_what_is_nowhere_to_be_found_says_nothing(came):
    other = np.random.default_rng(1).normal(0, 0.1, BESIDE).astype(np.float32)
    assert taps.is_lost(other, other, GAP, came[: 2 * RATE_HZ], rate_hz=RATE_HZ) is None


@pytest.mark.parametrize("size", [0, 10])
def test_too_little_sound_says_nothing(came, size):
    assert taps.is_lost(came[:BESIDE], came[:BESIDE], GAP, came[:size], rate_hz=RATE_HZ) is None
