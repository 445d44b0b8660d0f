"""Where each side speaks for people and for programs: lines, labels, or the schema ``voicediag.activity/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicediag.detect.spoken import Spoken
    from voicediag.session import Session

SCHEMA = "voicediag.activity/1"
THIRD = 3
STRIP = 72
SHADES = " ▁▂▃▄▅▆▇█"
SAID_OF = {
    "silero": "Heard with Silero's network and its surroundings.",
    "plain": "Heard without a voice network: some music and animals pass for speech. pip install 'voicediag[vad]'",
}


def structured(session: Session, found: Sequence[Spoken]) -> dict[str, Any]:
    """Return the schema ``voicediag.activity/1``."""
    return {"schema": SCHEMA, "source": session.source, "tracks": [_track(one) for one in found]}


def _track(one: Spoken) -> dict[str, Any]:
    length_s = one.track.frames / one.track.rate_hz
    return {
        "name": one.track.name,
        "engine": one.speech.engine,
        "step_s": one.speech.step_s,
        "length_s": round(length_s, THIRD),
        "speech_s": round(one.spans.total_s, THIRD),
        "share": round(one.spans.total_s / length_s, THIRD) if length_s else None,
        "spans": [[round(span.start_s, THIRD), round(span.end_s, THIRD)] for span in one.spans],
    }


def labels(found: Sequence[Spoken]) -> str:
    """Return the spans as a label track, which Audacity imports: start, end and track, in seconds, a line each."""
    rows = sorted((span, one.track.name) for one in found for span in one.spans)
    return "".join(f"{span.start_s:.3f}\t{span.end_s:.3f}\t{name}\n" for span, name in rows)


def text(found: Sequence[Spoken]) -> RenderableType:
    """Return what a terminal shows."""
    table = Table("track", "speech", "share", "spans", "longest pause", box=None, pad_edge=False)
    for one in found:
        length_s = one.track.frames / one.track.rate_hz
        ends = [span.end_s for span in one.spans][:-1]
        pauses = [span.start_s - end for span, end in zip(list(one.spans)[1:], ends, strict=True)]
        share = f"{one.spans.total_s / length_s:.0%}" if length_s else "–"
        longest = f"{max(pauses):.2f} s" if pauses else "–"
        table.add_row(one.track.name, f"{one.spans.total_s:.1f} s", share, str(len(one.spans)), longest)
    engines = dict.fromkeys(one.speech.engine for one in found)
    strips = [Text(f"\n{one.track.name}\n{_strip(one)}") for one in found]
    return Group(table, *strips, *(Text(f"\n{SAID_OF[engine]}") for engine in engines))


def _strip(one: Spoken) -> str:
    """Return the share of speech over the track, in as many characters as a terminal has."""
    steps = one.speech.probability
    if not steps.size:
        return ""
    count = min(STRIP, steps.size)
    parts = [steps[at * steps.size // count : (at + 1) * steps.size // count] for at in range(count)]
    return "".join(SHADES[round(float(part.mean()) * (len(SHADES) - 1))] for part in parts)
