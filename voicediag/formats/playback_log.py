"""``playback.jsonl``: what the player did with the frames of the agent's sound, one JSON object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from voicediag.errors import InputError
from voicediag.formats import wire_line
from voicediag.session import PlaybackEvent, seconds
from voicediag.session.clock import LONGEST_S, NANOSECONDS
from voicediag.session.events import PlayerEvent
from voicediag.session.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from voicediag.session import AudioSource, SessionBuilder

# A player's callbacks are stamped late by a few ms each; a hole is one that a person could hear.
SLACK_S = 0.02
_EVENTS: Final[dict[object, PlayerEvent]] = {name: name for name in get_args(PlayerEvent)}


def read(path: Path, builder: SessionBuilder) -> tuple[PlaybackEvent, ...]:
    """Return what the player did; lines that cannot be read become problems."""
    if not path.is_file():
        return ()
    events: list[PlaybackEvent] = []
    for number, text in wire_line.numbered(path):
        try:
            events.append(_event(text))
        except InputError as error:
            builder.problem(f"{path.name}:{number}", str(error))
    return tuple(events)


def layout(events: Iterable[PlaybackEvent], source: AudioSource) -> Layout | None:
    """Return where the frames of the received stream were heard, or None where the player logged none."""
    played = sorted((event for event in events if event.event == "played"), key=lambda event: (event.t_ns, event.frame))
    found = Layout(source.rate_hz, SLACK_S)
    for event in played:
        begin = round(seconds(event.t_ns) * source.rate_hz)
        found.put(begin, min(event.frames, source.frames - event.frame), first=event.frame)
    return found if found.begins else None


def _event(text: str | None) -> PlaybackEvent:
    line = wire_line.json_object(text)
    name = line.get("event")
    event = _EVENTS.get(name) if isinstance(name, str) else None
    t_ns = wire_line.whole(line.get("t_ns"), below=LONGEST_S * NANOSECONDS)
    frame, frames = (wire_line.whole(line.get(key), below=wire_line.MOST_FRAMES) for key in ("frame", "frames"))
    if event is None or t_ns is None or frame is None or frames is None:
        expected = f'"event" ({", ".join(get_args(PlayerEvent))}), "t_ns" of the session, "frame" and "frames"'
        raise InputError(expected=expected, got=repr((text or "")[: wire_line.SHOWN]))
    return PlaybackEvent(t_ns=t_ns, event=event, frame=frame, frames=frames)
