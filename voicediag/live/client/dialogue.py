"""A session from the app's side, without a socket and without a clock.

Whoever holds the connection hands over what comes (`receive`) and sends what is answered; whoever holds the sound
device asks for what is to be heard (`play`) and hands over what the microphone heard (`speak`). Everything that passes
goes onto the tape first.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from voicediag.errors import InputError
from voicediag.formats.wire_line import json_object
from voicediag.live.client.player import BYTES_A_FRAME
from voicediag.protocols import PROVIDERS
from voicediag.protocols.events import Audio, Event, Fact, TurnTaking
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    from voicediag.live.client.player import Player
    from voicediag.live.client.tape import Tape
    from voicediag.live.recorder import Moment
    from voicediag.protocols import Conversation
    from voicediag.protocols.dialect import Dialect, Message, ToolCall
    from voicediag.session.events import Direction

Tools: TypeAlias = Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]
# A connection is left this long before its provider ends it.
LEAVES_BEFORE_S = 1.0
# What apps are known to do wrong, as `equipment` tells.
SLIPS: Final = frozenset({"flush-first", "no-tool-answer"})


@dataclass(slots=True)
class Dialogue:
    """What an app says and plays in one session, over as many connections as it takes.

    Parameters
    ----------
    dialect : Dialect
    player : Player
    tape : Tape
    greeting : str
        What makes the model speak first; empty: the user does.
    tools : mapping of name to callable
        The app's functions; a call of any other is answered with an error.
    slips : frozenset of str
        What this app does wrong, of `SLIPS`.
    watch : callable
        Told what each message of the provider meant, and when it came.

    Attributes
    ----------
    ready : bool
        Whether the provider has agreed to the session, so that sound may be sent.
    leave_at_ns : int or None
        When the connection has to be left for another one.
    """

    dialect: Dialect
    player: Player
    tape: Tape
    greeting: str = ""
    tools: Tools = field(default_factory=dict)
    slips: frozenset[str] = frozenset()
    watch: Callable[[Event, Moment], None] = lambda _event, _at: None
    ready: bool = False
    leave_at_ns: int | None = None
    _greeted: bool = False
    _hears: Conversation = field(init=False)

    def __post_init__(self) -> None:
        """Listen in the provider's own language."""
        self._hears = next(kind for kind in PROVIDERS if kind.provider == self.dialect.provider)()

    def opened(self, at: Moment) -> list[str]:
        """Return what is sent on a new connection."""
        self.ready, self.leave_at_ns = False, None
        return self._said(self.dialect.opening(), at)

    def receive(self, data: str | bytes, at: Moment) -> list[str]:
        """Take what came down and return what is sent because of it; what is no JSON is only recorded."""
        self.tape.message("down", data, at)
        try:
            message = json_object(data if isinstance(data, str) else data.decode("utf-8", errors="replace"))
        except InputError:
            return []
        self.dialect.note(message, self.player.received)
        if "flush-first" in self.slips and self.dialect.breaks_in(message):
            self.player.flush(at.t_ns)
        # Sound comes first: what interrupts in the same message must find it in the queue.
        for event in self._hears.receive("down", message):
            self.watch(event, at)
            self._heed(event, message, at)
        self.write_playback()
        answers = [answer for call in self.dialect.calls(message) for answer in self._answer(call)]
        if self.dialect.breaks_in(message):
            answers += self._interrupted(at)
        if not self.ready and self.dialect.is_ready(message):
            self.ready = True
            answers += self._greeting()
        return self._said(answers, at)

    def play(self, frames: int, at: Moment) -> bytes:
        """Return what is heard from `at` on, 16-bit at the dialect's `down_rate_hz`."""
        sound = self.player.play(frames, at.t_ns)
        self.write_playback()
        return self._sounded(sound, at)

    def silence(self, frames: int, at: Moment) -> bytes:
        """Return what is heard where the device asked and the player was not there to answer."""
        return self._sounded(bytes(frames * BYTES_A_FRAME), at)

    def speak(self, sound: bytes, at: Moment) -> list[str]:
        """Return what is sent of what the microphone heard until `at`; nothing before the session is ready."""
        if not self.ready:
            return []
        return self._said([self.dialect.sound(base64.b64encode(sound).decode())], at)

    def closed(self, direction: Direction, code: int, reason: str, at: Moment) -> None:
        """Know that the connection is gone."""
        self.ready, self.leave_at_ns = False, None
        self.tape.closed_by(direction, code, reason, at)

    def write_playback(self) -> None:
        """Put onto the tape what the player did since."""
        for event in self.player.log:
            self.tape.played(event)
        self.player.log.clear()

    def _sounded(self, sound: bytes, at: Moment) -> bytes:
        self.tape.tapped(Audio(track="agent-played", payload=sound, rate_hz=self.player.rate_hz), at)
        return sound

    def _heed(self, event: object, message: Mapping[str, Any], at: Moment) -> None:
        match event:
            case Audio(track="agent-received") if self.dialect.is_stale(message) and "flush-first" not in self.slips:
                self.player.skip(event.payload, at.t_ns)
            case Audio(track="agent-received"):
                self.player.queue(event.payload, at.t_ns)
            case TurnTaking(kind="turn-complete"):
                self.player.end_turn()
                # Nobody is cut short now: a connection that has to be left is best left here.
                self.leave_at_ns = None if self.leave_at_ns is None else at.t_ns
            case Fact(kind="going-away", left_s=float(left_s)) if left_s > 0:
                self.leave_at_ns = at.t_ns + round(max(0.0, left_s - LEAVES_BEFORE_S) * NANOSECONDS)

    def _interrupted(self, at: Moment) -> list[Message]:
        """Fall silent at once, and return where."""
        played, received = self.player.played, self.player.received
        if "flush-first" not in self.slips:
            self.player.flush(at.t_ns)
        self.write_playback()
        return self.dialect.cut(played=played, received=received) if self.player.flushes else []

    def _answer(self, call: ToolCall) -> list[Message]:
        if "no-tool-answer" in self.slips:
            return []
        tool = self.tools.get(call.name)
        if tool is None:
            return self.dialect.tool_result(call, {"error": f"this app has no function {call.name}"})
        try:
            output = tool(call.args)
        except Exception as error:  # noqa: BLE001 - a function that fails must not leave the model waiting
            output = {"error": f"{type(error).__name__}: {error}"}
        return self.dialect.tool_result(call, output)

    def _greeting(self) -> list[Message]:
        if self._greeted or not self.greeting:
            return []
        self._greeted = True
        return self.dialect.greeting(self.greeting)

    def _said(self, messages: list[Message], at: Moment) -> list[str]:
        texts = [json.dumps(message, ensure_ascii=False, separators=(",", ":")) for message in messages]
        for text in texts:
            self.tape.message("up", text, at)
        return texts
