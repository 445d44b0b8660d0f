"""Twilio's side of a call, without a socket and without a clock: it sends the caller's sound and plays the app's.

Whoever holds the connection calls `opened` once, `receive` for each message and `advance` whenever `next_s` has come,
and does the actions that are answered, in their order, as with the services that are dialled.
"""

from __future__ import annotations

import base64
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from voicediag.live.emulator.agenda import Abort, Action, Agenda, Close, Send
from voicediag.live.emulator.caller import LINE_HZ, Talker
from voicediag.live.emulator.twilio_line import TICK_S, Line
from voicediag.protocols.conversation import look, text_of
from voicediag.protocols.events import Audio, TurnTaking, slips_in
from voicediag.protocols.twilio_media import NOT_TAKEN, TwilioMedia

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from voicediag.live.emulator.caller import Caller
    from voicediag.live.emulator.clips import Pcm
    from voicediag.live.emulator.faults import Faults
    from voicediag.protocols.events import Event

LOST_ONE_IN: Final = 50
# Nobody talks to a machine for longer, and an app that never stops must not keep the emulator for ever.
LONGEST_S: Final = 600.0
KEY_S: Final = 0.25
MILLISECONDS: Final = 1_000
HUNG_UP: Final = Close(code=1000, reason="")


@dataclass(slots=True)
class TwilioCall:
    """One call.

    Parameters
    ----------
    caller : Caller
    clips : tuple of int16 arrays
        What the caller says, at 8 kHz.
    faults : Faults
    number : int
        Tells the names of one call from those of another.
    """

    caller: Caller
    clips: tuple[Pcm, ...]
    faults: Faults
    number: int = 1
    line: Line = field(init=False)
    slips: Counter[str] = field(default_factory=Counter)
    marks: int = 0
    clears: int = 0
    frames: int = 0
    has_ended: bool = False
    _talker: Talker = field(init=False)
    _agenda: Agenda = field(default_factory=Agenda)
    _app: TwilioMedia = field(default_factory=lambda: TwilioMedia(most_slips=sys.maxsize))
    _held: list[Action] = field(default_factory=list)
    _sequence: int = 0
    _ticks: int = 0
    _opened_s: float = 0.0
    _lot: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Take the receiver up."""
        caller = self.caller
        self.line = Line(echo_s=self.faults.seconds("speaker-echo"), room_dbfs=caller.room_dbfs, seed=caller.seed)
        lengths_s = [
            len(say.keys) * KEY_S if say.keys else clip.size / LINE_HZ
            for say, clip in zip(caller.says, self.clips, strict=True)
        ]
        self._talker = Talker(caller.says, lengths_s)
        self._lot = random.Random(caller.seed)  # noqa: S311 - faults are drawn, not secrets

    @property
    def stream(self) -> str:
        """The stream's name, of the form that Twilio gives."""
        return f"MZ{self.number:032x}"

    @property
    def said(self) -> int:
        """How many of the caller's turns have begun."""
        return self._talker.said

    @property
    def next_s(self) -> float | None:
        """When `advance` has something to do next."""
        return self._agenda.next_s

    def opened(self, now_s: float = 0.0) -> list[Action]:
        """Return what Twilio says first."""
        abort_s = self.faults.seconds("tcp-abort")
        if abort_s is not None:
            self._agenda.add(now_s + abort_s, lambda _: self._ends(Abort()))
        self._opened_s = now_s
        self._agenda.add(now_s + TICK_S, self._tick)
        return [*self._says({"event": "connected", "protocol": "Call", "version": "1.0.0"}), *self._start()]

    def receive(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        """Return what comes of a message of the app's."""
        actions = self.advance(now_s)
        meaning = self._app.receive("down", message)
        slips = slips_in(meaning)
        self.slips.update(slips)
        if NOT_TAKEN.isdisjoint(slips):
            self._take(message, meaning)
        return [*actions, *self._returned(now_s)]

    def broken(self, what: str, now_s: float) -> list[Action]:  # noqa: ARG002 - Twilio warns once and goes on
        """Return what comes of a frame that is no JSON object: nothing, and it is counted."""
        self.slips["malformed-message"] += 1
        return []

    def advance(self, now_s: float) -> list[Action]:
        """Return what is due by now."""
        return self._agenda.due(now_s)

    def _take(self, message: Mapping[str, Any], meaning: Iterable[Event]) -> None:
        """Do what the app asks for."""
        for meant in meaning:
            match meant:
                case Audio(track="agent-received"):
                    self.line.queue(meant.payload)
                case TurnTaking(kind="interrupted"):
                    self.clears += 1
                    self.line.clear()
        if text_of(message.get("event")) == "mark":
            self.marks += 1
            self.line.mark(text_of(look(message, "mark", "name")))

    def _start(self) -> list[Action]:
        mulaw = {"encoding": "audio/x-mulaw", "sampleRate": LINE_HZ, "channels": 1}
        call = {"accountSid": f"AC{0:032x}", "streamSid": self.stream, "callSid": f"CA{self.number:032x}"}
        start = {**call, "tracks": ["inbound"], "mediaFormat": mulaw, "customParameters": self.caller.parameters}
        return list(self._says(self._numbered("start", start=start)))

    def _tick(self, now_s: float) -> list[Action]:
        """Return what 20 ms of the call bring."""
        if self.has_ended:
            return []
        frame, at_ms = self.line.tick(), round(self._ticks * TICK_S * MILLISECONDS)
        self._ticks += 1
        # Absolute moments: what is added up drifts.
        self._agenda.add(self._opened_s + (self._ticks + 1) * TICK_S, self._tick)
        if "lost-packets" not in self.faults or self._lot.randrange(LOST_ONE_IN):
            self.frames += 1
            self._held += self._says(self._media(frame, at_ms))
        actions = self._released()
        if (turn := self._talker.step(now_s, loud=self.line.loud)) is not None:
            self._speak(turn, now_s)
        actions += self._returned(now_s)
        if self._talker.is_done(now_s) or now_s >= LONGEST_S:
            actions += self._hang_up()
        return actions

    def _released(self) -> list[Action]:
        """Return the frames that are sent now: each at once, or a burst of them where the network holds them back."""
        burst_s = self.faults.seconds("bursty-frames")
        if burst_s is not None and len(self._held) * TICK_S < burst_s:
            return []
        held, self._held = self._held, []
        return held

    def _speak(self, turn: int, now_s: float) -> None:
        self.line.say(self.clips[turn])
        for number, key in enumerate(self.caller.says[turn].keys):
            pressed = {"track": "inbound_track", "digit": key}
            at_s = now_s + number * KEY_S
            self._agenda.add(at_s, lambda _, p=pressed: list(self._says(self._numbered("dtmf", dtmf=p))))  # type: ignore[misc]

    def _returned(self, now_s: float) -> list[Action]:
        """Return the marks that come back now; those of a slow network come later."""
        names = self.line.passed()
        late_s = self.faults.seconds("late-marks")
        if late_s is None:
            return [action for name in names for action in self._mark(name)]
        for name in names:
            self._agenda.add(now_s + late_s, lambda _, name=name: self._mark(name))  # type: ignore[misc]
        return []

    def _mark(self, name: str) -> list[Action]:
        return list(self._says(self._numbered("mark", mark={"name": name})))

    def _hang_up(self) -> list[Action]:
        held, self._held = self._held, []
        stop = {"accountSid": f"AC{0:032x}", "callSid": f"CA{self.number:032x}"}
        return [*held, *self._says(self._numbered("stop", stop=stop)), *self._ends(HUNG_UP)]

    def _ends(self, how: Action) -> list[Action]:
        self.has_ended = True
        return [how]

    def _media(self, frame: bytes, at_ms: int) -> dict[str, Any]:
        payload = base64.b64encode(frame).decode()
        media = {"track": "inbound", "chunk": str(self.frames), "timestamp": str(at_ms), "payload": payload}
        return self._numbered("media", media=media)

    def _numbered(self, event: str, **body: Any) -> dict[str, Any]:
        self._sequence += 1
        return {"event": event, "sequenceNumber": str(self._sequence), **body, "streamSid": self.stream}

    def _says(self, message: dict[str, Any]) -> Iterator[Action]:
        self._app.receive("up", message)
        yield Send(message=message)
