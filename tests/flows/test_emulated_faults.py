"""Faults that the emulated services make, each found in the log of a client that makes nothing of it."""

import numpy as np
import pytest
from emulated import CHUNK_S, GREET, SETUP, TRANSCRIBE, Talk, script
from scenes import RECORDINGS
from wire_messages import line, write_log

import voicediag as vd
from voicediag.live.emulator.agenda import Send
from voicediag.live.emulator.clips import at_rate, clips_of
from voicediag.live.emulator.faults import parse
from voicediag.live.emulator.gemini import GeminiService
from voicediag.live.emulator.openai import OpenAIService
from voicediag.live.emulator.scenario import Scenario
from voicediag.live.emulator.service import Script

WIRE = {
    "protocol-slip", "provider-error", "silent-connect", "unanswered-tool-call", "unheeded-goaway", "session-limit",
    "dropped-connection", "unflushed-playback",
}  # fmt: skip
CREATE = {"type": "response.create"}


class Logged(Talk):
    """A client whose wire is logged, until the service closes it."""

    def send(self, message):
        if not self.closes:
            self.log.append((self.now_s, message))
            super().send(message)

    def speak(self, pcm):
        """Send 16-bit sound as a microphone does."""
        size = round(CHUNK_S * self.rate_hz)
        for start in range(0, pcm.size, size):
            self.wait(CHUNK_S)
            self.send(self.chunk(pcm[start : start + size]))

    def lines(self):
        for at_s, passed in self.log:
            if isinstance(passed, dict):
                yield line(at_s, "up", passed)
            elif isinstance(passed, Send):
                yield line(at_s, "down", passed.message)
            else:
                code = getattr(passed, "code", 1006)
                yield line(at_s, "down", {"code": code, "reason": ""}, kind="close")


SERVICES = {"gemini": (GeminiService, SETUP, GREET), "openai": (OpenAIService, TRANSCRIBE, CREATE)}


def talked(provider, *faults):
    """A client sets up, asks for a greeting, speaks for a second and listens for twenty."""
    service, first, ask = SERVICES[provider]
    talk = Logged(service(script(provider, *faults)), rate_hz=16_000 if provider == "gemini" else 24_000)
    talk.send(first)
    talk.quiet(0.2)
    talk.send(ask)
    talk.quiet(4)
    talk.loud(1)
    talk.quiet(16)
    return talk.lines()


def wire_faults(path, lines):
    diagnosis = vd.check(vd.load(write_log(path, lines)))
    return {finding.id for finding in diagnosis.findings} & WIRE, {verdict.id for verdict in diagnosis.clear} & WIRE


@pytest.mark.parametrize(
    ("provider", "fault", "found"),
    [
        ("gemini", "silent-setup", "silent-connect"),
        ("openai", "silent-setup", "silent-connect"),
        ("gemini", "unanswered-tool-call", "unanswered-tool-call"),
        ("openai", "unanswered-tool-call", "unanswered-tool-call"),
        ("gemini", "goaway", "unheeded-goaway"),
        ("openai", "session-expiry", "session-limit"),
        ("gemini", "tcp-abort", "dropped-connection"),
        ("openai", "tcp-abort", "dropped-connection"),
        ("gemini", "snake-keys", "protocol-slip"),
    ],
)
def test_an_emulated_fault_of_the_wire_is_found(tmp_path, provider, fault, found):
    faults, _ = wire_faults(tmp_path / "call.jsonl", talked(provider, fault))
    assert faults == {found}


@pytest.mark.parametrize(("faults", "found"), [(["interrupted-with-audio"], {"protocol-slip"}), ([], set())])
def test_sound_that_comes_after_its_response_was_cancelled_is_found(tmp_path, faults, found):
    talk = Logged(OpenAIService(script("openai", *faults, clip_s=4.0)), rate_hz=24_000)
    talk.send(TRANSCRIBE)
    talk.send(CREATE)
    talk.quiet(1)
    talk.loud(1)
    talk.quiet(6)
    assert wire_faults(tmp_path / "call.jsonl", talk.lines())[0] == found


@pytest.mark.parametrize("provider", ["gemini", "openai"])
def test_without_a_fault_the_wire_is_clear(tmp_path, provider):
    hung_up = line(30.0, "up", {"code": 1000, "reason": ""}, kind="close")
    faults, clear = wire_faults(tmp_path / "call.jsonl", [*talked(provider), hung_up])
    assert not faults
    # What was played, a wire log does not say.
    assert clear == WIRE - {"unflushed-playback"}


def conversed(provider, *faults, caller="directory", seconds=20, speed=1.0):
    """A caller of a clean recording talks to the emulated agent, each on a clock of their own."""
    service, first, ask = SERVICES[provider]
    scenario = Scenario(speed=speed)
    told = Script(scenario=scenario, clips=clips_of(scenario), faults=parse(faults, provider=provider))
    talk = Logged(service(told), rate_hz=16_000 if provider == "gemini" else 24_000)
    track = vd.load(RECORDINGS / "clean" / f"{caller}.vds").tracks["user-sent"]
    pcm = np.rint(track.source.read(0, seconds * track.rate_hz) * 32_767).astype(np.int16)
    talk.send(first)
    talk.quiet(0.2)
    talk.send(ask)
    talk.speak(at_rate(pcm, talk.rate_hz))
    return talk.lines()


@pytest.mark.parametrize("speed", [1.0, 2.0])
@pytest.mark.parametrize("provider", ["gemini", "openai"])
@pytest.mark.parametrize(
    ("fault", "found"),
    [(None, None), ("late-chunks=1.5", "bad-pacing"), ("never-chunks", "starved-playback")],
)
def test_an_emulated_fault_of_the_sound_is_the_root_cause(tmp_path, provider, fault, found, speed):
    log = write_log(tmp_path / "call.jsonl", conversed(provider, *([fault] if fault else []), speed=speed))
    diagnosis = vd.check(vd.load(log))
    assert [root.id for root in diagnosis.root_causes] == ([found] if found else [])


@pytest.mark.parametrize(("provider", "part"), [("gemini", "provider"), ("openai", "first_chunk")])
def test_an_answer_that_the_service_holds_back_is_a_slow_turn_of_the_models(tmp_path, provider, part):
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", conversed(provider, "slow-answer=2.75"))))
    (finding,) = diagnosis.root_causes
    measure = finding.primary.measure
    assert (finding.id, measure["part"]) == ("slow-turn", part)
    if provider == "openai":
        # A reply of the emulator takes 0.35 s, and each message passes on a step of its clock.
        assert measure["logged_ms"] == pytest.approx(350 + 2_750, abs=1_000 * CHUNK_S)


@pytest.mark.parametrize(("fault", "kind"), [("late-chunks=1.5", "late"), ("never-chunks", "never")])
def test_late_is_told_from_never(tmp_path, fault, kind):
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", conversed("openai", fault))))
    (finding,) = (each for each in diagnosis.findings if each.id == "starved-playback")
    measure = finding.primary.measure
    assert measure[kind] == measure["gaps"]


@pytest.mark.parametrize("provider", ["gemini", "openai"])
@pytest.mark.parametrize("caller", ["long-pauses", "directory"])
@pytest.mark.parametrize(
    ("fault", "found"), [(None, None), ("false-vad-start=0.6", "false-start"), ("early-endpoint", "early-endpoint")]
)
def test_an_emulated_fault_of_hearing_is_the_root_cause(tmp_path, provider, caller, fault, found):
    if (caller, provider, fault) == ("directory", "openai", "false-vad-start=0.6"):
        # The caller begins to speak in that very moment: nobody can tell.
        found = None
    lines = conversed(provider, *([fault] if fault else []), caller=caller)
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", lines)))
    assert [root.id for root in diagnosis.root_causes] == ([found] if found else [])
