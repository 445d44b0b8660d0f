import importlib.util
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS

import voicediag as vd
from voicediag.errors import InputError
from voicediag.measure.near_end import NearEnd
from voicediag.measure.single_talk import SingleTalk
from voicediag.spans import Span
from voicediag.tune.aecmos import rating, scores
from voicediag.tune.canceller import try_out

installed = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("speechmos", "onnxruntime", "pywebrtc_audio")),
    reason="no speechmos, onnxruntime or pywebrtc-audio here; make test brings them",
)


@cache
def tried():
    return try_out(vd.load(RECORDINGS / "echo-leak" / "speakerphone-187ms.vds"))


@pytest.fixture
def asked(monkeypatch):
    """What the network was asked, and no network."""
    calls = []

    def noted(*sounds, both):
        calls.append((*sounds, both))
        return 2.0, 3.0

    monkeypatch.setattr("voicediag.tune.aecmos.scores", noted)
    return calls


@installed
@pytest.mark.slow
def test_scores_are_those_of_the_package_over_the_span_that_is_told():
    from speechmos import aecmos

    result = rating(tried())
    frames = slice(*(round(at_s * RATE_HZ) for at_s in (result.span.start_s, result.span.end_s)))
    sounds = {"lpb": tried().reference[frames], "mic": tried().before[frames], "enh": tried().after[frames]}
    told = aecmos.run(sounds, RATE_HZ, "dt")
    assert (result.echo_after, result.voice_after) == pytest.approx((told["echo_mos"], told["deg_mos"]))
    assert result.echo_after > result.echo_before
    assert f"to {result.echo_after:.1f} of 5 for the echo" in result.sentence


@installed
def test_a_sound_beyond_full_scale_is_rated_all_the_same():
    mic, reference = (np.random.default_rng(seed).normal(0, 1, RATE_HZ).astype(np.float32) for seed in (1, 2))
    assert all(1 <= score <= 5.01 for score in scores(mic, reference, mic, both=True))


def longer(agent, user):
    """Return a try-out of 60 s in which these seconds belong to one of both alone."""
    windows = np.arange(240) / 4
    talk = SingleTalk(
        window_s=0.25,
        **{name: (windows >= span[0]) & (windows < span[1]) for name, span in (("agent", agent), ("user", user))},
    )
    sound = (np.arange(60 * RATE_HZ) / (60 * RATE_HZ)).astype(np.float32)
    made = dict.fromkeys(("before", "after", "reference"), sound)
    return replace(tried(), talk=talk, span=Span(100, 160), near=NearEnd(level_db=0, spectrum_db=0, speech_s=5), **made)


@installed
def test_it_reads_the_twenty_seconds_in_which_both_speak(asked):
    result = rating(longer((10, 30), (35, 45)))
    # Ten seconds of each cannot be had; from 22.5 s on it is seven and a half of both.
    assert result.span == Span(122.5, 142.5)
    assert asked[0][0] == pytest.approx(tried_sound(22.5, 42.5))
    assert (result.echo_before, result.voice_after) == (2.0, 3.0)


def tried_sound(start_s, end_s):
    return np.arange(start_s * RATE_HZ, end_s * RATE_HZ) / (60 * RATE_HZ)


@installed
def test_without_the_user_in_reach_only_the_echo_is_rated(asked):
    result = rating(longer((0, 10), (50, 58)))
    assert [both for *_, both in asked] == [False, False]
    assert result.voice_before is None
    assert result.voice_after is None
    assert "for the rest" not in result.sentence


@installed
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"near": NearEnd(level_db=-20, spectrum_db=0, speech_s=5)}, "the user's voice falls by 20 dB"),
        ({"near": None}, "the user is alone for less than 2 s"),
    ],
)
def test_where_silence_would_win_no_score_is_given(asked, change, reason):
    result = rating(replace(tried(), **change))
    assert not asked
    assert result.echo_after is None
    assert result.sentence.startswith(f"AECMOS is not asked: {reason}")


@installed
def test_no_echo_is_not_rated(asked):
    result = rating(replace(tried(), echo=replace(tried().echo, verdict="clear")))
    assert not asked
    assert "holds no echo" in result.sentence


@installed
def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "speechmos", None)
    with pytest.raises(InputError, match=r"voicediag\[aecmos\]"):
        rating(tried())
