"""What two points of one voice say: expected values are the samples at which the edits were made."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from voicediag import signals
from voicediag.errors import InputError
from voicediag.measure.two_points import between, between_sources
from voicediag.session import ArraySource

RATE_HZ = 16_000
AT, SIZE, LEAD = 70_000, 1_600, 7_777


@pytest.fixture(scope="module")
def voice():
    """Twelve seconds that speak at the place of the edits."""
    made = signals.speech_like(duration_s=12.0, rate_hz=RATE_HZ, level_db=-24.0, seed=3)
    samples = made.samples.copy()
    noise = np.random.default_rng(4).standard_normal(4 * RATE_HZ).astype(np.float32)
    # Syllables may lie anywhere else; where it is cut, it is loud.
    samples[AT - RATE_HZ : AT + 3 * RATE_HZ] += 0.05 * np.convolve(noise, np.ones(4) / 4, "same").astype(np.float32)
    return samples


def played(voice, piece, taken=0):
    """What is heard of a voice with a piece in place of `taken` samples: later, softer, in 16 bits."""
    edited = np.concatenate((np.zeros(LEAD), voice[:AT], piece, voice[AT + taken :])) * 0.4
    return (np.round(edited * 32_768) / 32_768).astype(np.float32)


def only(told):
    changes = [change for change in told.changes if change.is_in_speech]
    assert len(changes) == 1, changes
    return changes[0]


def frames(span):
    return round(span.start_s * RATE_HZ, 3), round(span.end_s * RATE_HZ, 3)


@pytest.mark.parametrize("fill", ["zeros", "held", "comfort"])
def test_a_late_chunk_is_found_to_the_sample(voice, fill):
    random = np.random.default_rng(5)
    piece = {
        "zeros": np.zeros(SIZE),
        "held": np.full(SIZE, voice[AT - 1]),
        "comfort": 1e-3 * random.standard_normal(SIZE),
    }[fill]
    change = only(between(voice, played(voice, piece), rate_hz=RATE_HZ))
    assert change.kind == "late"
    assert frames(change.played) == (LEAD + AT, LEAD + AT + SIZE)
    assert frames(change.received) == (AT, AT)
    assert (change.inserted_s, change.missing_s) == (pytest.approx(0.1), 0.0)


@pytest.mark.parametrize("at", [AT, AT + 9_000, AT + 20_000])
def test_a_gap_that_is_faded_begins_where_the_fade_begins(voice, at):
    edge = RATE_HZ // 200
    ramp = np.linspace(0, 1, edge)
    piece = np.concatenate((voice[at - 1] * ramp[::-1], np.zeros(SIZE - edge), voice[at : at + edge] * ramp))
    sound = np.concatenate((voice[:at], piece, voice[at + edge :]))
    sound += 1e-3 * np.random.default_rng(9).standard_normal(sound.size)
    change = only(between(voice, sound.astype(np.float32), rate_hz=RATE_HZ))
    assert change.kind == "late"
    assert change.inserted_s == pytest.approx(SIZE / RATE_HZ, abs=1e-4)
    assert change.played.start_s == pytest.approx(at / RATE_HZ, abs=0.0006)


@pytest.mark.parametrize(("piece", "end"), [(0, AT), (SIZE, AT + SIZE)])
def test_a_lost_chunk_is_lost_with_or_without_a_gap_in_its_place(voice, piece, end):
    change = only(between(voice, played(voice, np.zeros(piece), taken=SIZE), rate_hz=RATE_HZ))
    assert change.kind == "never"
    assert frames(change.played) == (LEAD + AT, LEAD + end)
    assert frames(change.received) == (AT, AT + SIZE)
    assert change.missing_s == pytest.approx(0.1)


def test_a_repeated_chunk(voice):
    change = only(between(voice, played(voice, voice[AT - SIZE : AT]), rate_hz=RATE_HZ))
    assert change.kind == "repeated"
    assert frames(change.played) == (LEAD + AT, LEAD + AT + SIZE)
    assert frames(change.received) == (AT - SIZE, AT)


def test_chunks_in_the_wrong_order(voice):
    piece = np.concatenate((voice[AT + SIZE : AT + 2 * SIZE], voice[AT : AT + SIZE]))
    change = only(between(voice, played(voice, piece, taken=2 * SIZE), rate_hz=RATE_HZ))
    assert change.kind == "swapped"
    assert frames(change.played) == (LEAD + AT, LEAD + AT + 2 * SIZE)
    assert change.size_s == pytest.approx(0.1)


def test_nothing_happens_to_a_whole_voice(voice):
    told = between(voice, played(voice, np.zeros(0)), rate_hz=RATE_HZ)
    assert told.changes == ()
    assert told.offset_s == pytest.approx(LEAD / RATE_HZ, abs=1e-4)
    assert told.gain_db == pytest.approx(20 * np.log10(0.4), abs=0.1)
    assert told.drift_ppm == pytest.approx(0.0, abs=1.0)


def test_a_pause_may_be_as_long_as_it_likes(voice):
    paused = voice.copy()
    paused[AT - 8_000 : AT + 8_000] = 0
    told = between(paused, played(paused, np.zeros(2 * RATE_HZ)), rate_hz=RATE_HZ)
    assert [change.is_in_speech for change in told.changes] == [False]
    assert told.changes[0].inserted_s == pytest.approx(2.0, abs=1e-3)


def test_a_late_chunk_through_another_rate_a_fast_clock_and_noise(voice):
    sound = played(voice, np.zeros(SIZE))
    fast = soxr.resample(sound, RATE_HZ, 24_000 * (1 + 300e-6), quality="HQ").astype(np.float32)
    fast += (1e-3 * np.random.default_rng(6).standard_normal(fast.size)).astype(np.float32)
    told = between(voice, fast, rate_hz=RATE_HZ, played_rate_hz=24_000)
    change = only(told)
    assert change.kind == "late"
    assert change.played.start_s == pytest.approx((LEAD + AT) / RATE_HZ * (1 + 300e-6), abs=0.002)
    assert change.inserted_s == pytest.approx(0.1, abs=0.002)
    assert told.drift_ppm == pytest.approx(300, abs=5)


def test_a_minute_tells_the_drift_to_one_ppm():
    voice = signals.speech_like(duration_s=60.0, rate_hz=8_000, level_db=-24.0, seed=7).samples
    slow = soxr.resample(voice, 8_000, 8_000 * (1 - 120e-6), quality="HQ").astype(np.float32)
    told = between(voice, slow, rate_hz=8_000)
    assert told.drift_ppm == pytest.approx(-120, abs=1.0)
    assert told.changes == ()


def test_several_changes_in_a_row_are_told_apart(voice):
    random = np.random.default_rng(8)
    pieces, at, expected = [], 0, []
    for index, place in enumerate(range(AT - 12_000, AT + 36_000, 8_000)):
        size = int(random.integers(400, 3_000))
        pieces += [voice[at:place], np.zeros(size)]
        expected.append(size)
        at = place + (size if index % 2 else 0)
    told = between(voice, np.concatenate([*pieces, voice[at:]]).astype(np.float32), rate_hz=RATE_HZ)
    assert [change.kind for change in told.changes] == ["late", "never"] * 3
    assert [round(change.inserted_s * RATE_HZ) for change in told.changes] == expected


def test_another_voice_is_no_common_sound(voice):
    other = signals.speech_like(duration_s=12.0, rate_hz=RATE_HZ, level_db=-24.0, seed=99).samples
    told = between(voice, other, rate_hz=RATE_HZ)
    assert told.common_s < 1.0
    assert told.drift_ppm is None


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(1), np.zeros(50_000), np.full(50_000, np.nan)])
def test_silence_and_rubbish_are_no_common_sound(voice, sound):
    sound = sound.astype(np.float32)
    for first, second in ((voice, sound), (sound, voice), (sound, sound)):
        told = between(first, second, rate_hz=RATE_HZ)
        assert told.offset_s is None
        assert told.drift_reason


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), sizes=st.tuples(st.integers(0, 9_000), st.integers(0, 9_000)))
def test_any_two_sounds_are_answered(seed, sizes):
    random = np.random.default_rng(seed)
    first, second = (
        (10.0 ** random.uniform(-6, 3) * random.standard_normal(size)).astype(np.float32) for size in sizes
    )
    if min(sizes) > 4_000:
        second[:4_000] = first[-4_000:]
    told = between(first, second, rate_hz=int(random.choice([4_000, 7_919, 44_100])), played_rate_hz=8_000)
    assert told.common_s >= 0


def test_integers_are_refused(voice):
    with pytest.raises(InputError, match="32768"):
        between(voice, np.zeros(100, np.int16), rate_hz=RATE_HZ)


def test_sources_are_read_in_pieces(voice):
    class Counted(ArraySource):
        longest = 0

        def read(self, start, frames):
            Counted.longest = max(Counted.longest, frames)
            return super().read(start, frames)

    sound = played(np.tile(voice, 6), np.zeros(0))
    told = between_sources(Counted(np.tile(voice, 6), RATE_HZ), Counted(sound, RATE_HZ))
    assert told.common_s > 20
    assert Counted.longest <= 16 * RATE_HZ
