"""The pace of a call that goes on, held against what is found in the whole of it."""

import json

import pytest
from scenes import RECORDINGS

from voicediag.detect.pace_light import PaceLight

RECORDED = RECORDINGS / "bad-pacing" / "late-burst.vds"


def messages():
    """Every sound of the agent with its time, and None where an answer ends."""
    for line in (RECORDED / "wire.jsonl").read_text().splitlines():
        told = json.loads(line)
        if "audio" in told and told["dir"] == "down":
            yield told["t_ns"] / 1e9, told["audio"]["frames"] / 24_000
        elif "turnComplete" in line:
            yield None


def test_recorded_stalls_are_told_with_the_message_that_ends_them():
    light, told = PaceLight(), []
    for sound in messages():
        if sound is None:
            light.said()
        else:
            told += [(sound[0], now) for now in light.sounded("down", *sound) if now.event.kind == "gap"]
    planted = json.loads((RECORDED / "truth.json").read_text())["faults"][0]["spans"]
    assert [now.event.at_s + now.event.size for _, now in told] == [
        pytest.approx(end_s, abs=1e-4) for _, end_s in planted
    ]
    assert [at_s for at_s, _ in told] == [pytest.approx(end_s, abs=1e-4) for _, end_s in planted]


def test_a_microphone_that_falls_silent_is_told_at_the_next_look():
    light = PaceLight()
    for number in range(200):
        assert not light.sounded("up", number * 0.02, 0.02)
    looks = [(n / 20, now) for n in range(80, 120) for now in light.looked(n / 20)]
    ((at_s, now),) = looks
    assert (now.direction, now.event.kind, now.event.at_s) == ("up", "stall", pytest.approx(4.0))
    # It becomes a stall half a second after the last sound.
    assert at_s - 4.5 < 0.2


def test_a_sender_that_falls_behind_is_told_once():
    light = PaceLight()
    told = [now for number in range(2_000) for now in light.sounded("up", number * 0.0213, 0.02)]
    assert [now.event.kind for now in told] == ["behind"]
    assert told[0].event.size == pytest.approx(1.3 / 21.3, rel=0.01)


def test_an_agent_that_is_silent_between_answers_has_no_gap():
    light = PaceLight()
    light.sounded("down", 1.0, 0.04)
    light.said()
    assert not light.looked(1.0)
    assert not light.sounded("down", 9.0, 0.04)
