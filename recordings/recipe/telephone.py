"""From a telephone call to a session folder with its truth: the emulated Twilio calls an app, on a clock of its own.

Both sides are the package's emulators, and the recorder writes the folder, as behind the relay; what is planted, and
where both speak, is told by the line itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipe import sound, voices
from voicediag.formats import folder_closer
from voicediag.formats.folder_writer import TRUTH
from voicediag.live.emulator.agenda import Abort, Action, Close
from voicediag.live.emulator.caller import LINE_HZ, Caller, Say
from voicediag.live.emulator.clips import from_float
from voicediag.live.emulator.faults import Faults, parse
from voicediag.live.emulator.imagined import hold
from voicediag.live.emulator.scenario import Reply, Scenario, Vad
from voicediag.live.emulator.service import Script
from voicediag.live.emulator.twilio import TwilioCall
from voicediag.live.emulator.twilio_agent import TwilioAgent
from voicediag.live.emulator.twilio_line import ECHO_ERL_DB, TICK_S
from voicediag.live.recorder import Moment, Recorder
from voicediag.live.redaction import Redaction
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicediag.live.emulator.gate import Heard
    from voicediag.session.events import Direction

AGENT_DB, CALLER_DB = -25.0, -20.0
CREATED, CREATED_NS = "2026-11-20T10:00:00Z", 1_795_168_800_000_000_000
LICENCE = "CC BY-SA 3.0"
# Between two words there is no pause.
WORD_GAP_S = 0.3
NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call to be made.

    Attributes
    ----------
    answers : tuple of str
        What the agent says, its greeting first.
    says : tuple of (clip, float or None)
        What the caller says, and how long the agent has been talking before where the caller breaks in.
    faults : tuple of str
        Of the line.
    clears : bool
        Whether the app clears what is queued when the caller breaks in.
    """

    folder: str
    name: str
    notes: str
    answers: tuple[str, ...]
    says: tuple[tuple[str, float | None], ...]
    twin: str | None = None
    voice: str = "flite-slt"
    faults: tuple[str, ...] = ()
    clears: bool = True
    seed: int = 1


class _NeverClears(TwilioAgent):
    """An app that forgets what Twilio still holds."""

    def user_started(self, heard: Heard, now_s: float) -> list[Action]:
        super().user_started(heard, now_s)
        return []


@dataclass
class _Wire:
    """Writes down what passes, and what the line tells.

    Attributes
    ----------
    agent, user : list of Span
        Where each is heard: the agent tick by tick.
    came : list of (float, float)
        When the agent's sound came, and for how many seconds what was queued before it had still to be played.
    """

    twilio: TwilioCall
    recorder: Recorder
    agent: list[Span] = field(default_factory=list)
    user: list[Span] = field(default_factory=list)
    came: list[tuple[float, float]] = field(default_factory=list)

    def passed(self, now_s: float, direction: Direction, what: dict[str, Any] | Close | Abort) -> None:
        if isinstance(what, Close):
            self.recorder.closed_by(direction, what.code, what.reason, _moment(now_s))
        elif isinstance(what, dict):
            self.recorder.message(direction, json.dumps(what), _moment(now_s))
            if direction == "down" and what["event"] == "media":
                line = self.twilio.line
                self.came.append((now_s, (line.received - line.played) / LINE_HZ))

    def ticked(self, now_s: float) -> None:
        if self.twilio.line.loud:
            self.agent.append(Span(now_s, now_s + TICK_S))
        if (said := self.twilio.said) > len(self.user):
            # What is said now is sent from the next tick on, which sends what was spoken before it.
            self.user.append(Span(now_s, now_s + self.twilio.clips[said - 1].size / LINE_HZ))


def produce(call: Call, folder: Path) -> None:
    """Write a call's session folder, which must not exist."""
    with tempfile.TemporaryDirectory() as scratch:
        live = Path(scratch) / folder.name
        recorder = Recorder(live, Redaction(), CREATED, f"{call.notes} Made by recordings/make.py; {LICENCE}.")
        wire = _Wire(_twilio(call), recorder)
        hold(wire.twilio, _app(call), wire.passed, ticked=wire.ticked)
        recorder.close()
        folder_closer.close(live)
        (live / TRUTH).write_text(json.dumps(_truth(call, wire), indent=1) + "\n", encoding="utf-8")
        shutil.move(live, folder)


def _twilio(call: Call) -> TwilioCall:
    says = tuple(Say(text=clip, over_s=over_s) for clip, over_s in call.says)
    clips = tuple(
        from_float(sound.at_level(voices.person((clip,), LINE_HZ), LINE_HZ, CALLER_DB)) for clip, _ in call.says
    )
    return TwilioCall(Caller(says=says, seed=call.seed), clips, parse(call.faults, provider="twilio"))


def _app(call: Call) -> TwilioAgent:
    replies = tuple(Reply(text=text, delay_s=0.6) for text in call.answers)
    vad = Vad(threshold_dbfs=-34.0, silence_ms=500)
    scenario = Scenario(replies=replies, speed=4.0, chunk_ms=200, vad=vad, seed=call.seed)
    clips = tuple(
        from_float(sound.at_level(voices.agent(call.voice, text), voices.AGENT_HZ, AGENT_DB)) for text in call.answers
    )
    return (TwilioAgent if call.clears else _NeverClears)(Script(scenario=scenario, clips=clips, faults=Faults({})))


def _truth(call: Call, wire: _Wire) -> dict[str, Any]:
    agent = _words(wire.agent)
    clips = tuple(clip for clip, _ in call.says)
    return {
        "schema": "voicediag.truth/1",
        "faults": [*_echo(call, agent), *_waits(call, wire)],
        "root_causes": [] if call.folder == "clean" else [call.folder],
        "twin": call.twin,
        "speech": {"user": _pairs(wire.user), "agent": _pairs(agent)},
        "made_from": voices.credits_for(clips, (call.voice,)),
        "licence": LICENCE,
    }


def _echo(call: Call, agent: SpanSet) -> Iterable[dict[str, Any]]:
    delay_s = parse(call.faults, provider="twilio").seconds("speaker-echo")
    if delay_s is not None:
        sizes = {"delay_ms": delay_s * 1_000, "erl_db": ECHO_ERL_DB, "drift_ppm": 0.0, "wander_ms": 0.0}
        spans = _pairs(span.shifted(delay_s) for span in agent)
        yield {"id": "echo-leak", "track": "user-sent", "spans": spans, "sizes": sizes}


def _waits(call: Call, wire: _Wire) -> Iterable[dict[str, Any]]:
    """Yield what waited in the line's buffer when the answer to the caller's words came."""
    if call.clears:
        return
    broke_in = next(span for span, (_, over_s) in zip(wire.user, call.says, strict=True) if over_s is not None)
    new_s, waiting_s = next(came for came in wire.came if came[0] > broke_in.end_s)
    sizes = {"stale_ms": round(waiting_s * 1_000, 1), "interruptions": 1}
    spans = _pairs([Span(new_s, new_s + waiting_s)])
    yield {"id": "unflushed-playback", "track": "agent-received", "spans": spans, "sizes": sizes}


def _words(ticks: Iterable[Span]) -> SpanSet:
    """Return ticks of sound with the gaps between words closed."""
    heard = SpanSet(ticks)
    gaps = heard.complement(heard.hull) if heard.hull else SpanSet()
    return heard | SpanSet(gap for gap in gaps if gap.duration_s < WORD_GAP_S)


def _moment(now_s: float) -> Moment:
    t_ns = round(now_s * NS)
    return Moment(t_ns, CREATED_NS + t_ns)


def _pairs(spans: Iterable[Span]) -> list[list[float]]:
    return [[round(span.start_s, 4), round(span.end_s, 4)] for span in spans]
