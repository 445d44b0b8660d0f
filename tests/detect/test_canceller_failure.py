import re
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import canceller_class, canceller_failure, canceller_motion, echo_leak
from voicediag.detect.canceller_at_work import taken_off
from voicediag.detect.canceller_failure import failure_of, kind_of
from voicediag.detect.canceller_motion import holds_still, motion_failure
from voicediag.detect.examination import Examination, Leak
from voicediag.detect.finding import Limit
from voicediag.detect.lost_steps import LostSteps
from voicediag.measure.echo import Echo
from voicediag.measure.echo_motion import EchoMotion
from voicediag.session import ArraySource, Session, Track
from voicediag.spans import Span

ROOT = Path(__file__).parents[2]
DURATION_S = 45.0
WHOLE = Span(0.0, DURATION_S)
FRAME_S = 0.01
OFF = "canceller-off"
PHONE_HZ = 8_000
RAIL = 32_767 / 32_768


@cache
def agent():
    return agent_voice(1, duration_s=DURATION_S)


@cache
def echo(delay_ms=90.0, erl_db=6.0, drift_ppm=0.0):
    response = signals.impulse_response(rate_hz=RATE_HZ, rt60_s=0.25, direct_to_reverberant_db=3.0, seed=3)
    return signals.leak(
        agent(), rate_hz=RATE_HZ, delay_ms=delay_ms, erl_db=erl_db, response=response, drift_ppm=drift_ppm
    ).echo


def examined(mic, speaker=None, **tracks):
    mic = np.clip(mic + room(5, duration_s=DURATION_S, level_db=-72)[: mic.size], -1, RAIL)
    speaker = agent() if speaker is None else speaker
    tracks = {"user-sent": mic.astype(np.float32), "agent-played": speaker, **tracks}
    return Examination(session_of(tracks))


def cut(samples, seed=2, per_second=0.5):
    return signals.cut_frames(
        samples, rate_hz=RATE_HZ, within=WHOLE, per_second=per_second, seed=seed, frame_s=FRAME_S
    ).samples


def breathing(samples, step_ms=20):
    """Return samples behind a queue that takes a step to and fro every two seconds."""
    step, out = round(step_ms * RATE_HZ / 1_000), []
    for index, piece in enumerate(np.split(samples[: 44 * RATE_HZ], 22)):
        out.append(np.pad(piece, (step, 0)) if index % 2 else piece[step:])
    return np.concatenate(out)


def test_the_page_has_the_limits():
    page = (ROOT / "docs" / "cancellers.md").read_text(encoding="utf-8")
    named = vars(canceller_failure) | vars(canceller_motion)
    limits = {name: value for name, value in named.items() if isinstance(value, Limit)}
    right = {f"| `{name}` | {limit.value:g} {limit.unit} | {limit.source} |" for name, limit in limits.items()}
    assert {line for line in page.splitlines() if re.match(r"\| `[A-Z_]+` \|", line)} == right


def test_the_page_has_the_classes():
    page = (ROOT / "docs" / "cancellers.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z]+-[a-z-]+)` \|", page, re.MULTILINE)) == set(get_args(canceller_class.Class))


@pytest.mark.parametrize(
    ("why", "mic", "speaker", "key", "value"),
    [
        ("capture-drops", lambda: cut(echo()), agent, "lost_ms", 0.5 * DURATION_S * 10),
        ("reference-drops", echo, lambda: cut(agent()), "lost_ms", 0.5 * DURATION_S * 10),
        ("two-engines", lambda: breathing(echo()), agent, "wander_ms", 20),
        ("late-echo", lambda: echo(delay_ms=640.0), agent, "delay_ms", 640),
        ("early-echo", lambda: echo(delay_ms=-25.0), agent, "delay_ms", -25),
        ("quiet-reference", echo, lambda: agent() * np.float32(0.03), "reference_dbov", -24 + 20 * np.log10(0.03)),
        ("overdriven-microphone", lambda: 60 * echo(), agent, "overdriven_share", 0.3),
        ("canceller-off", echo, agent, "holes_share", 0.0),
    ],
)
def test_each_class_is_told_with_its_number(why, mic, speaker, key, value):
    found = failure_of(examined(mic(), speaker()))
    assert found is not None
    assert found.why == why
    assert found.measure[key] == pytest.approx(value, rel=0.15, abs=3 if key != "overdriven_share" else 0.1)


@pytest.mark.parametrize(("drift_ppm", "why"), [(-700.0, "clock-skew"), (700.0, "clock-skew"), (400.0, None)])
def test_two_clocks_are_told_by_their_drift(drift_ppm, why):
    motion = EchoMotion(drift_ppm=drift_ppm, wander_ms=0.1, followed_s=40.0)
    leak = Leak(
        mic="user-sent",
        speaker="agent-played",
        echo=Echo(verdict="echo", delay_ms=90.0, drift_ppm=drift_ppm, wander_ms=0.1, motion=motion),
    )
    failure = motion_failure(leak, LostSteps(leak=leak, jumps=(), staircase=None))
    assert (failure.why if failure else None) == why
    assert not holds_still(leak)


def test_lost_buffers_that_were_filled_with_zeros_are_no_drops():
    holes = signals.zero_frames(echo(), rate_hz=RATE_HZ, within=WHOLE, per_second=1.0, seed=2, frame_s=FRAME_S).samples
    assert failure_of(examined(holes)).why == "canceller-off"


def test_no_echo_has_no_class():
    exam = examined(voice(2, duration_s=DURATION_S))
    assert failure_of(exam) is None
    assert kind_of(exam) is None


def test_a_talker_may_hide_whether_a_canceller_was_off():
    hidden = echo(erl_db=30.0) + voice(8, duration_s=DURATION_S, level_db=-12.0)
    assert failure_of(examined(hidden + room(9, duration_s=DURATION_S, level_db=-36.0))) is None


def test_under_a_talker_it_is_still_told_that_a_canceller_was_off():
    assert failure_of(examined(echo(erl_db=12.0) + voice(8, duration_s=DURATION_S, level_db=-20.0))).why == OFF


def test_an_echo_of_drifting_clocks_is_still_seen_to_be_whole():
    assert failure_of(examined(echo(drift_ppm=200.0))).why == OFF


def test_a_straight_wire_is_no_canceller_that_is_off():
    wire = signals.leak(agent(), rate_hz=RATE_HZ, delay_ms=90, erl_db=6).echo
    assert failure_of(examined(wire)) is None


def test_one_jump_is_no_class():
    jumped = np.concatenate([echo()[: 20 * RATE_HZ], echo()[20 * RATE_HZ + 320 :]])
    assert failure_of(examined(jumped)) is None


def test_what_comes_down_the_wire_may_wait_in_the_players_queue():
    late = examined(echo(delay_ms=640.0))
    session = late.session
    received = session_of(
        {"user-sent": echo(delay_ms=640.0) + room(5, duration_s=DURATION_S), "agent-received": agent()}
    )
    assert failure_of(Examination(received)).why == "late-echo"
    assert session.chunks is None


@pytest.mark.parametrize(
    ("name", "why"), [("late-640ms", "late-echo"), ("speakerphone-187ms", OFF), ("double-talk-32db", OFF)]
)
def test_recordings_are_told_as_they_were_made(name, why):
    failure = failure_of(Examination(vd.load(ROOT / "recordings" / "echo-leak" / f"{name}.vds")))
    assert (failure.why if failure else None) == why


@pytest.mark.parametrize("taken_db", [20.0, 0.0])
def test_the_canceller_in_between_is_measured(taken_db):
    raw = echo() + room(5, duration_s=DURATION_S, level_db=-80)
    exam = examined(echo() * 10 ** (-taken_db / 20), **{"user-captured": raw.astype(np.float32)})
    assert exam.once(taken_off).steady_db == pytest.approx(taken_db, abs=1.5)
    failure = failure_of(exam)
    assert (failure.why if failure else None) == (None if taken_db else "canceller-off")


def test_the_finding_says_why_and_what_to_change():
    (finding,) = echo_leak.examine(examined(cut(echo()))).findings
    assert finding.primary.measure["why"] == "capture-drops"
    assert "in buffers of 10.0 ms" in finding.summary
    assert "with zeros" in finding.remedy
    assert finding.remedy.endswith(echo_leak.LEAVE_THE_VAD)
    assert any(piece.limit.unit == "steps" for piece in finding.supporting)


def test_a_room_without_delay_is_not_taken_for_a_loopback():
    (finding,) = echo_leak.examine(examined(echo(delay_ms=1.0))).findings
    assert finding.primary.measure["kind"] == "acoustic"
    assert finding.remedy != echo_leak.REMEDY_LOOP


def test_a_hybrid_is_told_to_whom_it_belongs():
    far = agent()[::2]
    taps, signs = np.zeros(round(0.092 * PHONE_HZ)), np.random.default_rng(3).choice((-1.0, 1.0), 88)
    taps[round(0.080 * PHONE_HZ)] = 0.3
    taps[-88:] = 0.3 * 10 ** (-8 / 20) / np.sqrt(88) * signs
    mic = np.convolve(far, taps)[: far.size] + room(5, duration_s=DURATION_S, level_db=-80)[::2]
    tracks = {
        name: Track(name=name, source=ArraySource(sound.astype(np.float32), PHONE_HZ))
        for name, sound in (("user-sent", mic), ("agent-played", far))
    }
    (finding,) = echo_leak.examine(Examination(Session(source="test", tracks=tracks))).findings
    assert finding.primary.measure["kind"] == "hybrid"
    assert finding.remedy == echo_leak.REMEDY_HYBRID
