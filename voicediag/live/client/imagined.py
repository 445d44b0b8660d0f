"""A session with an emulated service on a clock of its own: minutes of it take seconds, and each run is the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.live.client.dialogue import Dialogue
from voicediag.live.client.room import TICK_S
from voicediag.live.client.sender import Sender
from voicediag.live.emulator.agenda import Close, Send
from voicediag.live.recorder import Moment
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    from voicediag.live.client.room import Room
    from voicediag.live.emulator.agenda import Action
    from voicediag.live.emulator.service import Service

NORMAL, LOST = 1000, 1006
# How long an app takes to connect again.
AGAIN_S = 0.25
WALL_NS = 1_700_000_000 * NANOSECONDS


@dataclass(slots=True)
class Imagined:
    """Both sides of a session.

    Parameters
    ----------
    dialogue : Dialogue
    room : Room
    connects : callable
        Makes the service that answers a new connection.
    returns : bool
        Whether the app connects again when it lost a connection.
    stalls : callable
        Whether the player is not fed at this second.
    sender : Sender
    """

    dialogue: Dialogue
    room: Room
    connects: Callable[[], Service]
    returns: bool = True
    stalls: Callable[[float], bool] = lambda _: False
    sender: Sender = field(default_factory=Sender)
    _service: Service | None = None
    _opened_s: float = 0.0
    _again_s: float = field(default=0.0)

    def hold(self, duration_s: float) -> None:
        """Hold the session for `duration_s` of its own clock, then hang up."""
        frames = round(TICK_S * self.dialogue.player.rate_hz)
        for number in range(round(duration_s / TICK_S)):
            begin_s, end_s = number * TICK_S, (number + 1) * TICK_S
            if self._service is None and begin_s >= self._again_s:
                self._open(begin_s)
            sound = self.dialogue.silence if self.stalls(begin_s) else self.dialogue.play
            heard = self.room.tick(sound(frames, _moment(begin_s)))
            for sent_s, chunk in self.sender.due(heard, end_s):
                self._pass_time(sent_s)
                self._send(self.dialogue.speak(chunk, _moment(sent_s)), sent_s)
            self._pass_time(end_s)
            leave_ns = self.dialogue.leave_at_ns
            if leave_ns is not None and leave_ns <= _moment(end_s).t_ns:
                self._leave(end_s)
        if self._service is not None:
            self._leave(duration_s)

    def _open(self, now_s: float) -> None:
        self._service, self._opened_s = self.connects(), now_s
        self._do(self._service.opened(0.0), now_s)
        self._send(self.dialogue.opened(_moment(now_s)), now_s)

    def _pass_time(self, end_s: float) -> None:
        """Let the service do what is due."""
        while (service := self._service) is not None and service.next_s is not None:
            due_s = self._opened_s + service.next_s
            if due_s > end_s:
                return
            self._do(service.advance(service.next_s), due_s)

    def _send(self, texts: list[str], now_s: float) -> None:
        for text in texts:
            if self._service is not None:
                self._do(self._service.receive(json.loads(text), now_s - self._opened_s), now_s)

    def _do(self, actions: list[Action], now_s: float) -> None:
        for action in actions:
            if isinstance(action, Send):
                self._send(self.dialogue.receive(json.dumps(action.message), _moment(now_s)), now_s)
                continue
            code, reason = (action.code, action.reason) if isinstance(action, Close) else (LOST, "connection lost")
            self._service, self._again_s = None, now_s + AGAIN_S if self.returns else float("inf")
            self.dialogue.closed("down", code, reason, _moment(now_s))
            return

    def _leave(self, now_s: float) -> None:
        self._service, self._again_s = None, now_s
        self.dialogue.closed("up", NORMAL, "", _moment(now_s))


def _moment(at_s: float) -> Moment:
    t_ns = round(at_s * NANOSECONDS)
    return Moment(t_ns, WALL_NS + t_ns)
