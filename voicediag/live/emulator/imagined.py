"""A telephone call between the emulated Twilio and an app of ours on an imagined clock: minutes pass in no time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from voicediag.live.emulator.agenda import Abort, Close, Send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicediag.live.emulator.agenda import Action
    from voicediag.live.emulator.service import Service
    from voicediag.live.emulator.twilio import TwilioCall
    from voicediag.session.events import Direction

Passed: TypeAlias = "Callable[[float, Direction, dict[str, Any] | Close | Abort], None]"


def hold(twilio: TwilioCall, app: Service, passed: Passed, *, ticked: Callable[[float], None] = lambda _: None) -> None:
    """Let both talk until the caller hangs up; every message arrives at the moment at which it is sent.

    Parameters
    ----------
    passed : callable
        Told of each message, and of the end, before it arrives: when, which way and what.
    ticked : callable
        Told of each moment at which something was done.
    """

    def up(actions: Iterable[Action], now_s: float) -> None:
        for action in actions:
            if isinstance(action, Send):
                passed(now_s, "up", action.message)
                down(app.receive(action.message, now_s), now_s)
            else:
                passed(now_s, "up", action)

    def down(actions: Iterable[Action], now_s: float) -> None:
        for action in actions:
            if isinstance(action, Send):
                passed(now_s, "down", action.message)
                up(twilio.receive(action.message, now_s), now_s)

    app.opened(0.0)
    up(twilio.opened(0.0), 0.0)
    while not twilio.has_ended:
        now_s = min(at_s for at_s in (twilio.next_s, app.next_s) if at_s is not None)
        up(twilio.advance(now_s), now_s)
        down(app.advance(now_s), now_s)
        ticked(now_s)
