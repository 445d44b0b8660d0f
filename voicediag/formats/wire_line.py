"""One line of a wire log, read and written: when a message passed, which way, and what it said.

``t`` in seconds or ``t_ns``; ``dir``, ``up`` from the app and ``down`` from the provider; ``msg``, the provider's own
JSON; and where its sound was cut out ``audio``, ``{"track", "frame", "frames"}``. ``wall_ns``, ``seq`` and ``kind`` may
be missing. ``slips`` names what was wrong with sound that was cut out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from voicediag.errors import InputError
from voicediag.protocols.conversation import LONGEST_NAME
from voicediag.session import AudioRef, track_name
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from voicediag.session import WireEvent
    from voicediag.session.events import Direction

# OpenAI takes up to 15 MiB of sound in one message (API reference, input_audio_buffer.append): 20 MiB of base64, and
# the message around it. Nothing else that passes is nearly as long.
LONGEST_LINE = 22 * 1024 * 1024
# The deepest JSON that a message, with the arguments of its tools, needs many times over. Nested 1,000 deep it would
# end the interpreter's patience wherever it is read next.
DEEPEST = 100
# Times are counted from a start of whatever kind, at most from 1970: 2**63 ns reach to the year 2262.
LATEST_NS = 1 << 63
# Above the frames of any recording.
MOST_FRAMES = 1 << 40
SHOWN = 40
# A message breaks a rule or two.
MOST_SLIPS = 10
# How a line calls itself that says who closed the connection: its message is {"code": 1008, "reason": "..."}.
CLOSE = "close"
# The same for the opening of a connection; `protocols.handshake` says what its message holds.
OPEN = "open"
_DIRECTIONS: Final[dict[object, Direction]] = {"up": "up", "down": "down"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The fields of a line."""

    t_ns: int
    wall_ns: int | None
    direction: Direction
    sequence: int | None
    kind: str
    message: Mapping[str, Any]
    audio: AudioRef | None
    slips: tuple[str, ...] = ()


def numbered(path: Path) -> Iterator[tuple[int, str | None]]:
    """Yield (number, text) of each line of a file that is not blank; None for one that is too long to be held."""
    with path.open("rb") as file:
        number = 0
        while data := file.readline(LONGEST_LINE):
            number += 1
            if len(data) == LONGEST_LINE and not data.endswith(b"\n"):
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield number, None
            elif text := data.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").strip():
                yield number, text


def json_object(text: str | None) -> dict[str, Any]:
    """Return the JSON object that a line holds, or a whole file; None for one that is too long.

    Raises
    ------
    InputError
        Where it is none, or is too long or nested too deep to be worked with.
    """
    if text is None:
        raise InputError(expected=f"JSON of at most {LONGEST_LINE} bytes", got="more")
    try:
        value = json.loads(text)
    except RecursionError:
        raise InputError(expected="a JSON object", got=f"one nested over {DEEPEST} deep") from None
    except ValueError:
        raise InputError(expected="a JSON object", got=repr(text[:SHOWN]), likely="the line was cut short") from None
    if not isinstance(value, dict):
        raise InputError(expected="a JSON object", got=repr(text[:SHOWN]))
    if text.count("{") + text.count("[") > DEEPEST and _is_deep(value):
        raise InputError(expected="a JSON object", got=f"one nested over {DEEPEST} deep")
    return value


def parse(text: str | None) -> Line:
    """Return the fields of a line.

    Raises
    ------
    InputError
        Where it is no JSON object with a time, a direction and a message.
    """
    line = json_object(text)
    message, direction = line.get("msg"), line.get("dir")
    if not isinstance(message, dict):
        raise InputError(expected='an object with a "msg" object', got=repr((text or "")[:SHOWN]))
    if not isinstance(direction, str) or direction not in _DIRECTIONS:
        raise InputError(expected='"dir" up or down', got=_short(direction))
    return Line(
        t_ns=_time(line),
        wall_ns=whole(line.get("wall_ns"), below=LATEST_NS),
        direction=_DIRECTIONS[direction],
        sequence=whole(line.get("seq"), below=LATEST_NS),
        kind=line["kind"] if isinstance(line.get("kind"), str) else "",
        message=message,
        audio=_reference(line.get("audio")),
        slips=_names(line.get("slips")),
    )


def line_of(event: WireEvent) -> dict[str, Any]:
    """Return the line that says what an event was."""
    audio = event.audio
    line = {
        "t_ns": event.t_ns,
        "wall_ns": event.wall_ns,
        "dir": event.direction,
        "seq": event.sequence,
        "kind": event.kind,
        "msg": event.message,
        "audio": {"track": audio.track, "frame": audio.frame, "frames": audio.frames} if audio else None,
        "slips": list(event.slips) or None,
    }
    return {key: value for key, value in line.items() if value is not None}


def whole(value: object, *, below: int) -> int | None:
    """Return `value` where it is a whole number from 0 up to `below`, or else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below else None


def _time(line: Mapping[str, Any]) -> int:
    t_ns, t_s = line.get("t_ns"), line.get("t")
    if isinstance(t_ns, int) and not isinstance(t_ns, bool) and abs(t_ns) < LATEST_NS:
        return t_ns
    # NaN and infinity fail the comparison.
    if isinstance(t_s, int | float) and not isinstance(t_s, bool) and abs(t_s) < LATEST_NS // NANOSECONDS:
        return round(t_s * NANOSECONDS)
    got = f"t={_short(t_s)}, t_ns={_short(t_ns)}"
    raise InputError(expected='a time: "t" in seconds or "t_ns"', got=got, likely="milliseconds since 1970")


def _reference(value: object) -> AudioRef | None:
    """Return where a message's sound was put; None where the line does not say so, or not soundly."""
    if not isinstance(value, dict):
        return None
    frame, frames = (whole(value.get(key), below=MOST_FRAMES) for key in ("frame", "frames"))
    if frame is None or frames is None:
        return None
    try:
        return AudioRef(track=track_name(str(value.get("track"))), frame=frame, frames=frames)
    except InputError:
        return None


def _names(value: object) -> tuple[str, ...]:
    """Return the names in a list; anything else in it is passed over."""
    listed = value[:MOST_SLIPS] if isinstance(value, list) else ()
    return tuple(name[:LONGEST_NAME] for name in listed if isinstance(name, str))


def _short(value: object) -> str:
    """Return a glimpse of a value that may be of any size."""
    if isinstance(value, int) and abs(value) >= LATEST_NS:
        return "a number of over 18 digits"
    return repr(value)[:SHOWN] if isinstance(value, str | int | float | None) else type(value).__name__


def _is_deep(value: object) -> bool:
    """Whether JSON is nested over `DEEPEST` deep; not by recursion, which is what it guards against."""
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)
