"""What a VAD would have reported of a track, by its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicediag.tune.vad import machine

if TYPE_CHECKING:
    from voicediag.measure.speech import InCall
    from voicediag.tune.vad.machine import Change, Rules
    from voicediag.tune.vad.settings import Settings

Events: TypeAlias = "tuple[Event, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A start or a stop that a VAD would have reported. Both times count the sound that was sent.

    Attributes
    ----------
    kind : {"start", "stop"}
    time_s : float
        What it would have said: with the padding, or the silence, that its provider includes.
    known_s : float
        When it would have known: the end of the window that decided it. The way to and from a service comes on top.
    """

    kind: Literal["start", "stop"]
    time_s: float
    known_s: float


def simulated(heard: InCall, settings: Settings) -> tuple[Events, ...]:
    """Return what a VAD would have reported, for each phase of its windows.

    Parameters
    ----------
    heard : InCall
    settings : Settings

    Examples
    --------
    >>> from voicediag.measure.speech import InCall
    >>> from voicediag.tune.vad import ServerVad
    >>> heard = InCall(step_s=0.1, probability=[0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    >>> [(event.kind, round(event.time_s, 3)) for event in simulated(heard, ServerVad())[0]]
    [('start', 0.1), ('stop', 1.1)]
    """
    return swept(heard, [settings])[0]


def swept(heard: InCall, settings: Sequence[Settings]) -> tuple[tuple[Events, ...], ...]:
    """Return the same of many settings at once: for each of them, for each phase."""
    rules = [one.rules(heard.step_s) for one in settings]
    found: list[list[list[Event]]] = [[[] for _ in heard.first_s] for _ in rules]
    for change in machine.changes(heard.probability, rules):
        event = _event(change, rules[change.rule], heard)
        found[change.rule][change.phase].append(event)
    return tuple(tuple(tuple(events) for events in phases) for phases in found)


def _event(change: Change, rules: Rules, heard: InCall) -> Event:
    first_s = heard.first_s[change.phase]
    shift_s = rules.start_shift_s if change.begins else rules.stop_shift_s
    return Event(
        kind="start" if change.begins else "stop",
        time_s=max(0.0, first_s + change.since * heard.step_s + shift_s),
        known_s=first_s + (change.known + 1) * heard.step_s,
    )
