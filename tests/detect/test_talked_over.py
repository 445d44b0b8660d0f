"""A caller who speaks over the agent on a telephone: what a clear, an answer or neither says of it."""

import json

import numpy as np
import pytest
from scenes import RECORDINGS
from telephone import lines, ring
from wire_messages import write_log

import voicediag as vd
from voicediag import signals
from voicediag.detect import unflushed_playback
from voicediag.detect.examination import Examination
from voicediag.live.emulator.caller import Caller, Say
from voicediag.live.emulator.faults import Faults
from voicediag.live.emulator.scenario import Reply, Scenario, Vad
from voicediag.live.emulator.service import Script
from voicediag.live.emulator.twilio_agent import TwilioAgent

FOLDER = RECORDINGS / "unflushed-playback"
AGENT_S = 8.0
# All of an answer is sent within a second.
SCENARIO = Scenario(
    replies=(Reply(text="a long answer"),), speed=10.0, chunk_ms=200, vad=Vad(threshold_dbfs=-40, silence_ms=400)
)


def speech(duration_s, rate_hz, *, level_db=-20.0, seed=1):
    samples = signals.speech_like(duration_s=duration_s, rate_hz=rate_hz, level_db=level_db, seed=seed).samples
    return (np.clip(samples, -1, 1) * 32_767).astype(np.int16)


class NeverClears(TwilioAgent):
    """An app that answers, and forgets that the old answer is still in Twilio's buffer."""

    def user_started(self, *_):
        self.agenda.hush()
        return []


class NeverInterrupted(TwilioAgent):
    """An app that does not listen while it speaks."""

    def user_started(self, *_):
        return []

    def user_stopped(self, *_):
        return []


def called(tmp_path, app, *faults, over_s=1.5, length_s=1.6):
    """A caller who breaks into a greeting of eight seconds, once."""
    caller = Caller(says=(Say(over_s=over_s),))
    script = Script(scenario=SCENARIO, clips=(speech(AGENT_S, 24_000),), faults=Faults({}))
    call = ring(*faults, caller=caller, clips=(speech(length_s, 8_000, level_db=-16.0, seed=2),), app=app(script))
    session = vd.load(write_log(tmp_path / "call.jsonl", lines(call.until(40.0))))
    return unflushed_playback.DETECTOR.examine(Examination(session))


def test_an_answer_that_waits_for_the_old_one_is_found_with_its_wait(tmp_path):
    verdict = called(tmp_path, NeverClears)
    (finding,) = verdict.findings
    # The greeting begins after 0.35 s and lasts 8 s. The caller begins 1.5 s into it and speaks for 1.6 s; 0.4 s of
    # silence and 0.35 s of thinking later comes the answer, which waits for what is left.
    left_ms = (AGENT_S - 1.5 - 1.6 - 0.4 - 0.35) * 1_000
    assert finding.primary.measure["stale_ms"] == pytest.approx(left_ms, abs=400)
    assert "no clear was sent" in finding.summary
    assert finding.severity.name == "HIGH"
    assert finding.confidence < 0.9


def test_the_recorded_call_is_found_where_it_was_planted():
    planted = json.loads((FOLDER / "never-cleared.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / "never-cleared.vds")).findings
    # The line plays in ticks of 20 ms; the wire alone does not say when they begin.
    assert finding.primary.measure["stale_ms"] == pytest.approx(planted["sizes"]["stale_ms"], abs=21)
    assert finding.primary.measure["message_s"] == pytest.approx(planted["spans"][0][0], abs=0.001)


def test_a_clear_each_time_is_clear(tmp_path):
    verdict = called(tmp_path, TwilioAgent)
    assert verdict.is_clear
    assert "each of the 1 times" in verdict.bound


def test_an_app_that_may_not_be_meant_to_be_interrupted_is_unjudged(tmp_path):
    verdict = called(tmp_path, NeverInterrupted)
    assert "no clear was sent: whether the app is meant to be interrupted is not on the wire" in verdict.reason


def test_an_echo_leaves_it_unjudged(tmp_path):
    assert "echo" in called(tmp_path, NeverClears, "speaker-echo").reason


def test_a_word_of_assent_stops_nobody(tmp_path):
    verdict = called(tmp_path, NeverInterrupted, length_s=0.3)
    assert verdict.is_clear
    assert "nobody spoke over the agent for 700 ms" in verdict.bound


def test_a_call_with_one_voice_is_unjudged(tmp_path):
    log = [{"t": 0.0, "dir": "up", "msg": {"event": "connected", "protocol": "Call", "version": "1.0.0"}}]
    log += [line for line in lines(ring().until(2.0)) if line["dir"] == "up"][1:]
    session = vd.load(write_log(tmp_path / "call.jsonl", log))
    verdict = unflushed_playback.DETECTOR.examine(Examination(session))
    assert verdict.reason == "the session does not hold both voices of the call"
