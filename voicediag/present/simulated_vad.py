"""What a simulated VAD would have reported, for people and for programs: a table, or ``voicediag.simulated-vad/1``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from voicediag.session import Session
    from voicediag.tune.vad import Band, Replay
    from voicediag.tune.vad.bands import Range

SCHEMA = "voicediag.simulated-vad/1"
THIRD = 3
PLACES = ("start_s", "start_known_s", "stop_s", "stop_known_s")


def structured(session: Session, replay: Replay) -> dict[str, Any]:
    """Return the schema ``voicediag.simulated-vad/1``."""
    return {
        "schema": SCHEMA,
        "source": session.source,
        "simulated": True,
        "vad": replay.settings.name,
        "settings": asdict(replay.settings),
        "note": replay.settings.note,
        "assumed": list(replay.settings.assumed),
        "track": replay.track.name,
        "step_s": replay.step_s,
        "phases": len(replay.runs),
        "starts": list(replay.starts),
        "turns": [_turn(band) for band in replay.turns],
    }


def _turn(band: Band) -> dict[str, Any]:
    ranges = {name: getattr(band, name) for name in PLACES}
    told = {name: value and [round(one, THIRD) for one in value] for name, value in ranges.items()}
    return {"turns": list(band.turns), "phases": band.phases, **told}


def text(replay: Replay) -> RenderableType:
    """Return what a terminal shows."""
    settings = ", ".join(f"{name} {_plain(value)}" for name, value in asdict(replay.settings).items())
    head = Text(f"SIMULATED: {replay.settings.name} on {replay.track.name}, with {settings}")
    table = Table("start", "known at", "stop", "known at", "turns", "phases", box=None, pad_edge=False)
    for band in replay.turns:
        places = [_range(getattr(band, name)) for name in PLACES]
        table.add_row(*places, _counts(band.turns), f"{band.phases} of {len(replay.runs)}")
    counted = Text(
        f"\nStarts: {_counts(replay.starts)}, by the sample on which its first window begins, which nobody outside "
        "knows. Times are seconds of sound sent."
    )
    notes = [replay.settings.note, *(f"Assumed: {one}." for one in replay.settings.assumed)]
    return Group(head, Text(), table, counted, *(Text(note) for note in notes))


def _range(seconds: Range | None) -> str:
    if seconds is None:
        return "not yet"
    least, most = (f"{one:.2f}" for one in seconds)
    return least if least == most else f"{least}–{most}"


def _counts(counts: tuple[int, int]) -> str:
    return str(counts[0]) if counts[0] == counts[1] else f"{counts[0]}–{counts[1]}"


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
