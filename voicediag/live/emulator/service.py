"""The server side of a conversation, without a socket and without a clock: what every provider's has in common.

Whoever holds the connection calls `opened` once, `receive` for each message and `advance` whenever `next_s` has come,
each with the seconds since the connection opened, and does the actions that are answered, in their order.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from voicediag.live.emulator.agenda import Abort, Action, Agenda
from voicediag.live.emulator.clips import RATE_HZ
from voicediag.live.emulator.gate import Gate, Heard
from voicediag.live.emulator.pacing import Chunk, chunks_of, pieces_of
from voicediag.live.emulator.scenario import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.live.emulator.clips import Pcm
    from voicediag.live.emulator.faults import Faults
    from voicediag.live.emulator.scenario import Reply, Scenario, Vad
    from voicediag.session import Samples

EARLY_SILENCE_MS = 80
FALSE_SPEECH_S = 0.3
# How much sound comes after an interruption where some does: enough that a player that keeps it is heard talking on.
STALE_CHUNKS = 10
# No app has it, so none answers.
NOBODYS_TOOL = Tool(name="voicediag_nobody_answers_this", args={"because": "unanswered-tool-call"})


@dataclass(slots=True)
class Speech:
    """A reply while it is said.

    Attributes
    ----------
    chunks : list of Chunk
        What is left of it; the next comes first.
    said : str
        What of its text was sent.
    duration_s : float
        How long sending takes.
    rate_hz : int
        What is declared of its sound.
    frames : int
        How much of its sound was sent.
    """

    reply: Reply
    chunks: list[Chunk]
    pieces: list[tuple[float, str]]
    duration_s: float
    rate_hz: int
    said: str = ""
    frames: int = 0

    @property
    def sent_s(self) -> float:
        """How much sound was sent, by the rate that is declared."""
        return self.frames / self.rate_hz

    def next_chunk(self) -> Pcm:
        """Return the sound that is sent next."""
        samples = self.chunks.pop(0).samples
        self.frames += samples.size
        return samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a service needs to hold a conversation: the scenario, the sound of its replies and its faults."""

    scenario: Scenario
    clips: tuple[Pcm, ...]
    faults: Faults


@dataclass(slots=True)
class Service(ABC):
    """One connection's server side."""

    script: Script
    agenda: Agenda = field(default_factory=Agenda)
    gate: Gate | None = None
    turns: int = 0
    lot: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Draw from the scenario's seed, so that a run can be had again."""
        self.lot = random.Random(self.script.scenario.seed)  # noqa: S311 - faults are drawn, not secrets

    @property
    def faults(self) -> Faults:
        """What this service does wrong."""
        return self.script.faults

    @property
    def next_s(self) -> float | None:
        """When `advance` has something to do next."""
        return self.agenda.next_s

    def opened(self, now_s: float = 0.0) -> list[Action]:
        """Return what is done when the connection opens."""
        abort_s = self.faults.seconds("tcp-abort")
        if abort_s is not None:
            self.agenda.add(now_s + abort_s, lambda _: [Abort()])
        return [] if "silent-setup" in self.faults else self.greet(now_s)

    def receive(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        """Return what is done about a message of the client."""
        actions = self.advance(now_s)
        return actions if "silent-setup" in self.faults else [*actions, *self.take(message, now_s)]

    def advance(self, now_s: float) -> list[Action]:
        """Return what is due by now."""
        return self.agenda.due(now_s)

    @abstractmethod
    def greet(self, now_s: float) -> list[Action]:
        """Return what the provider says before anything was sent."""

    @abstractmethod
    def take(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        """Return what the provider does about a message."""

    @abstractmethod
    def broken(self, what: str, now_s: float) -> list[Action]:
        """Return what the provider does about a frame that is no JSON object."""

    @abstractmethod
    def user_started(self, heard: Heard, now_s: float) -> list[Action]:
        """Return what the provider does when the user starts to speak."""

    @abstractmethod
    def user_stopped(self, heard: Heard, now_s: float) -> list[Action]:
        """Return what the provider does when the user stops."""

    def hear(self, samples: Samples, *, rate_hz: int, vad: Vad, now_s: float) -> list[Action]:
        """Listen to the user's sound with these settings; return what comes of it."""
        if "early-endpoint" in self.faults:
            vad = replace(vad, silence_ms=EARLY_SILENCE_MS)
        if self.gate is None or self.gate.rate_hz != rate_hz:
            self.gate = Gate(vad, rate_hz)
        self.gate.vad = vad
        return self.heard(self.gate.push(samples), now_s)

    def heard(self, found: list[Heard], now_s: float) -> list[Action]:
        """Return what comes of speech that started or stopped."""
        actions: list[Action] = []
        for one in found:
            actions += (self.user_started if one.kind == "started" else self.user_stopped)(one, now_s)
        return actions

    def next_reply(self) -> tuple[Reply, Pcm]:
        """Return the turn that comes next, and its sound."""
        scenario = self.script.scenario
        number = self.turns % len(scenario.replies)
        reply = scenario.replies[number]
        if self.turns == 0 and "unanswered-tool-call" in self.faults:
            reply = replace(reply, tool=NOBODYS_TOOL)
        reply = replace(reply, delay_s=reply.delay_s + (self.faults.seconds("slow-answer") or 0.0))
        self.turns += 1
        return reply, self.script.clips[number]

    def rehearse(self, reply: Reply, pcm: Pcm, begins_s: float, *, rate_hz: int = RATE_HZ) -> Speech:
        """Return how a reply will be said, and plant what goes wrong in it."""
        scenario = self.script.scenario
        chunks = chunks_of(
            pcm,
            rate_hz=rate_hz,
            chunk_ms=scenario.chunk_ms,
            speed=scenario.speed,
            faults=self.faults,
            lot=self.lot,
        )
        sent_s = chunks[-1].after_s + scenario.chunk_ms / 1000 / scenario.speed if chunks else 0.0
        self._plant_false_start(begins_s)
        return Speech(reply, chunks, pieces_of(reply.text, sent_s), sent_s, rate_hz)

    def _plant_false_start(self, begins_s: float) -> None:
        after_s = self.faults.seconds("false-vad-start")
        if after_s is None or self.turns > 1:
            return
        at_s = begins_s + after_s

        def false(kind: str, now_s: float) -> list[Action]:
            audio_ms = self.gate.audio_ms if self.gate else 0
            if kind == "started":
                return self.user_started(Heard(kind="started", audio_ms=audio_ms), now_s)
            return self.user_stopped(Heard(kind="stopped", audio_ms=audio_ms), now_s)

        self.agenda.add(at_s, lambda now_s: false("started", now_s))
        self.agenda.add(at_s + FALSE_SPEECH_S, lambda now_s: false("stopped", now_s))
