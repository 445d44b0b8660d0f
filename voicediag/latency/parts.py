"""What a wait was spent on, as far as the wire tells.

A walk over what passed between the end of the user's speech and the first sound of the answer: each event ends the
part that was waited for, so that the parts add up to the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# In the order in which they come.
PARTS: Final[Mapping[str, str]] = {
    "vad_wait": "the VAD, until its stop",
    "provider": "VAD and model together, where no message says the stop",
    "ask": "the app, until it asked for an answer",
    "call": "the model, until it called a tool",
    "tool": "the tool, until its result",
    "first_chunk": "the model, until the first sound came",
    "cushion": "the player, until it played",
    "lead": "silence before the first sound in it",
}
_NOBODY_KNOWS: Final = "provider"


def parts(said_s: float, events: Iterable[tuple[float, str, bool]], came_s: float) -> dict[str, float]:
    """Return what the time from the end of speech to the first message with sound was spent on, in seconds.

    Parameters
    ----------
    said_s : float
        When the user's speech ended.
    events : iterable of (time, kind, whether the model goes on only once it is asked)
        Stops, requests, and calls of tools with their results, in order of time.
    came_s : float
        When the first sound of the answer came.
    """
    spent: dict[str, float] = {}
    at_s, waited_for, open_calls = said_s, _NOBODY_KNOWS, 0

    def spend(until_s: float, name: str) -> float:
        until_s = min(max(until_s, at_s), came_s)
        if until_s > at_s or name != _NOBODY_KNOWS:
            spent[name] = spent.get(name, 0.0) + until_s - at_s
        return max(at_s, until_s)

    for event_s, kind, awaits_ask in events:
        if kind == "speech-stopped" and not open_calls:
            at_s, waited_for = spend(event_s, "vad_wait"), "first_chunk"
        elif kind == "asked" and not open_calls:
            at_s, waited_for = spend(event_s, "ask"), "first_chunk"
        elif kind == "tool-call":
            name = "call" if waited_for == "first_chunk" else waited_for
            at_s, waited_for, open_calls = spend(event_s, name), "tool", open_calls + 1
        elif kind in ("tool-result", "tool-cancelled") and open_calls:
            at_s, open_calls = spend(event_s, "tool"), open_calls - 1
            if not open_calls:
                waited_for = "ask" if awaits_ask else "first_chunk"
    spend(came_s, waited_for)
    return spent
