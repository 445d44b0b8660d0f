"""A call between the emulated Twilio and an app, on a clock that the test holds."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voicediag.live.emulator.agenda import Abort, Close, Send
from voicediag.live.emulator.caller import Caller, Say
from voicediag.live.emulator.faults import parse
from voicediag.live.emulator.twilio import TwilioCall

STREAM = f"MZ{1:032x}"
QUIET = Caller(says=(Say(text="", wait_s=60.0),), room_dbfs=-120.0)


def tone(duration_s, *, rate_hz=8_000, peak=0.3):
    frames = np.arange(round(duration_s * rate_hz))
    return (peak * 32_767 * np.sin(2 * np.pi * 440 * frames / rate_hz)).astype(np.int16)


@dataclass
class Call:
    """Twilio's side, and what it did when; an app may answer each message at once."""

    twilio: TwilioCall
    app: Any = None
    now_s: float = 0.0
    log: list[tuple[float, str, Any]] = field(default_factory=list)

    def __post_init__(self):
        self._note(self.twilio.opened())

    def send(self, message):
        """Send what an app sends."""
        self.log.append((self.now_s, "down", message))
        self._note(self.twilio.receive(message, self.now_s))

    def until(self, end_s):
        """Let time pass until the call has ended, or `end_s`."""
        while not self.ends and (due_s := self._next_s()) <= end_s:
            self.now_s = max(self.now_s, due_s)
            self._note(self.twilio.advance(self.now_s))
            if self.app and not self.ends:
                self._answer(self.app.advance(self.now_s))
        self.now_s = max(self.now_s, end_s) if not self.ends else self.now_s
        return self

    @property
    def ends(self):
        return [action for _, way, action in self.log if way == "up" and isinstance(action, Close | Abort)]

    def came(self, event):
        """When Twilio sent messages of this kind, and what they were."""
        return [
            (at_s, action.message)
            for at_s, way, action in self.log
            if way == "up" and isinstance(action, Send) and action.message["event"] == event
        ]

    def _next_s(self):
        dues = [self.twilio.next_s, self.app.next_s if self.app else None]
        return min(due_s for due_s in dues if due_s is not None)

    def _note(self, actions):
        for action in actions:
            self.log.append((self.now_s, "up", action))
            if self.app and isinstance(action, Send):
                self._answer(self.app.receive(action.message, self.now_s))

    def _answer(self, actions):
        for action in actions:
            self.send(action.message)


def ring(*faults, caller=QUIET, clips=None, app=None):
    """Let Twilio dial."""
    sounds = clips or tuple(tone(1.0) for _ in caller.says)
    return Call(TwilioCall(caller, sounds, parse(faults, provider="twilio")), app=app)


def lines(call):
    """The log of a call, as somebody would write it."""
    for at_s, way, passed in call.log:
        if isinstance(passed, Close | Abort):
            code = getattr(passed, "code", 1006)
            yield {"t": at_s, "dir": way, "kind": "close", "msg": {"code": code, "reason": ""}}
        else:
            yield {"t": at_s, "dir": way, "msg": passed.message if isinstance(passed, Send) else passed}
