"""Faults of the wire that the emulated services make, each found in the log of a client that makes nothing of it."""

import pytest
from emulated import GREET, SETUP, TRANSCRIBE, Talk, script
from wire_messages import line, write_log

import voicediag as vd
from voicediag.live.emulator.agenda import Send
from voicediag.live.emulator.gemini import GeminiService
from voicediag.live.emulator.openai import OpenAIService

WIRE = {"silent-connect", "unanswered-tool-call", "unheeded-goaway", "unflushed-playback"}
CREATE = {"type": "response.create"}


class Logged(Talk):
    """A client whose wire is logged, until the service closes it."""

    def send(self, message):
        if not self.closes:
            self.log.append((self.now_s, message))
            super().send(message)

    def lines(self):
        for at_s, passed in self.log:
            if isinstance(passed, dict):
                yield line(at_s, "up", passed)
            elif isinstance(passed, Send):
                yield line(at_s, "down", passed.message)
            else:
                code = getattr(passed, "code", 1006)
                yield line(at_s, "down", {"code": code, "reason": ""}, kind="close")


def talked(provider, *faults):
    """A client sets up, asks for a greeting, speaks for a second and listens for twenty."""
    service, first, ask = {
        "gemini": (GeminiService, SETUP, GREET),
        "openai": (OpenAIService, TRANSCRIBE, CREATE),
    }[provider]
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
        ("openai", "session-expiry", "unheeded-goaway"),
    ],
)
def test_an_emulated_fault_of_the_wire_is_found(tmp_path, provider, fault, found):
    faults, _ = wire_faults(tmp_path / "call.jsonl", talked(provider, fault))
    assert faults == {found}


@pytest.mark.parametrize("provider", ["gemini", "openai"])
def test_without_a_fault_the_wire_is_clear(tmp_path, provider):
    faults, clear = wire_faults(tmp_path / "call.jsonl", talked(provider))
    assert not faults
    # What was played, a wire log does not say.
    assert clear == WIRE - {"unflushed-playback"}
