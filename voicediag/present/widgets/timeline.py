"""What the session explorer draws, as data: tracks, lanes of what happened, findings; and its script and style.

Sound is drawn from `measure.envelope`, never from samples, so that an hour is a megabyte and no session is too long.
Texts go as they are: the script writes them into text nodes and onto a canvas, where nothing becomes HTML.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.measure.envelope import EnvelopeMeter, linear
from voicediag.present import phrases
from voicediag.present.plots.lanes import nice
from voicediag.session import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from voicediag.detect.finding import Evidence, Finding
    from voicediag.measure.envelope import Envelope
    from voicediag.session import Session, Track, TrackName, Turn
    from voicediag.spans import Span

HERE: Final = Path(__file__).parent
DRAWN_BY: Final = ("envelope.js", "spectrum.js", "drawing.js", "hearing.js", "panel.js", "stage.js", "timeline.js")
# Both channels of a file share a block of this size, which is read once.
BLOCK_FRAMES: Final = 1 << 19
# An hour of 10 ms; what is longer is drawn in longer steps.
MOST_STEPS: Final = 360_000
# More than these cannot be told apart, and a log of garbage must not become a page of garbage.
MOST_ITEMS, MOST_TEXT, MOST_EVIDENCE = 4_000, 600, 3
# A microphone's speech peaks at 0.3 or so: what is quieter has to look quieter.
QUIET_FULL: Final = 0.3
MILLI: Final = 3
# What of the wire's marks a person looks for, and how it is called; an interruption is one of them.
MARKS: Final[Mapping[str, str]] = {
    "setup": "setup",
    "ready": "ready",
    "asked": "asked to speak",
    "broke-in": "the app says that the user speaks",
    "interrupted": "interrupted",
    "tool-call": "tool call",
    "tool-result": "tool result",
    "tool-cancelled": "tool cancelled",
    "going-away": "the connection will end",
    "error": "error",
    "slip": "rule broken",
    "hung-up": "hung up",
    "closed": "closed",
}
PLAYER: Final[Mapping[str, str]] = {"underrun": "player ran dry", "flushed": "player flushed"}


def envelopes(session: Session, progress: Callable[[float, float], None] | None = None) -> dict[TrackName, Envelope]:
    """Return the envelope of every track, read in blocks.

    Parameters
    ----------
    session : Session
    progress : callable, optional
        Called with (seconds read, seconds in all).
    """
    meters = {name: EnvelopeMeter(track.rate_hz) for name, track in session.tracks.items()}
    longest = max((track.frames for track in session.tracks.values()), default=0)
    for start in range(0, longest, BLOCK_FRAMES):
        for name, track in session.tracks.items():
            if start < track.frames:
                meters[name].push(track.source.read(start, BLOCK_FRAMES))
        if progress:
            progress(session.duration_s * min(1.0, (start + BLOCK_FRAMES) / longest), session.duration_s)
    return {name: meter.result() for name, meter in meters.items()}


def about(
    session: Session, findings: Sequence[Finding] = (), envelopes: Mapping[TrackName, Envelope] | None = None
) -> dict[str, Any]:
    """Return everything but the envelopes themselves, as JSON takes it."""
    drawn = _drawn(envelopes or {})
    peak = max((_peak(envelope) for envelope in drawn.values()), default=0.0)
    heard = [track.name for track in (session.heard, session.spoken) if track is not None]
    return {
        "source": session.source,
        "seconds": session.duration_s,
        "full": nice(max(QUIET_FULL, peak)),
        "tracks": [_track(session.tracks[name], envelope) for name, envelope in drawn.items()],
        "both": heard if len(heard) > 1 else [],
        "turns": [_turn(turn) for turn in session.turns[:MOST_ITEMS]],
        "speech": _speech(session)[:MOST_ITEMS],
        "events": _events(session)[:MOST_ITEMS],
        "flags": [
            {"at": round(flag.at_s, MILLI), "text": flag.text[:MOST_TEXT]} for flag in session.flags[:MOST_ITEMS]
        ],
        "findings": [
            _finding(finding, anchor)
            for finding, anchor in zip(findings, phrases.anchors(tuple(findings)), strict=True)
        ],
    }


def packed(envelopes: Mapping[TrackName, Envelope]) -> bytes:
    """Return the envelopes' codes, compressed: of each track all that is low, then all that is high."""
    drawn = _drawn(envelopes).values()
    return zlib.compress(b"".join(codes.tobytes() for one in drawn for codes in (one.low, one.high)))


@cache
def script(face: str) -> str:
    """Return the script as one text: what both faces share, and after it ``page`` or ``notebook``."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in (*DRAWN_BY, f"in_{face}.js"))


@cache
def style() -> str:
    """Return the style sheet, which builds on that of the page."""
    return (HERE / "timeline.css").read_text(encoding="utf-8")


def _drawn(envelopes: Mapping[TrackName, Envelope]) -> dict[TrackName, Envelope]:
    return {name: envelope.thinned(most=MOST_STEPS) for name, envelope in envelopes.items()}


def _peak(envelope: Envelope) -> float:
    codes = np.array([envelope.low.min(initial=0), envelope.high.max(initial=0)], np.int8)
    return float(np.abs(linear(codes)).max())


def _track(track: Track, envelope: Envelope) -> dict[str, Any]:
    step_s = track.clock.time_of(envelope.step_frames, track.rate_hz) - track.clock.time_of(0, track.rate_hz)
    return {
        "name": track.name,
        "role": track.role,
        "rate_hz": track.rate_hz,
        "start_s": track.span.start_s,
        "end_s": track.span.end_s,
        "step_s": step_s,
        "steps": int(envelope.low.size),
    }


def _turn(turn: Turn) -> dict[str, Any]:
    learnt = {"arrival": "its words came here; it was said before", "vad": "where the provider heard it"}
    told = learnt.get(turn.learnt_from, "")
    return {"role": turn.role, "text": turn.text[:MOST_TEXT], "span": _seconds(turn.span), "told": told}


def _speech(session: Session) -> list[list[float]]:
    """Return from where to where the provider says that the user spoke."""
    spans, started = [], None
    for cue in session.cues:
        at_s = cue.at_s if cue.audio_s is None else cue.audio_s
        if cue.kind == "speech-started":
            started = at_s
        elif cue.kind == "speech-stopped" and started is not None:
            spans.append([round(started, MILLI), round(max(started, at_s), MILLI)])
            started = None
    if started is not None:
        spans.append([round(started, MILLI), round(max(started, session.duration_s), MILLI)])
    return sorted(spans)


def _events(session: Session) -> list[dict[str, Any]]:
    """Return what happened at one moment, in order."""
    marks: list[tuple[float, str, str]] = [
        (mark.at_s, mark.kind, _joined(MARKS[mark.kind], mark.name, mark.said, mark.message))
        for mark in session.marks
        if mark.kind in MARKS
    ]
    player: list[tuple[float, str, str]] = [
        (seconds(event.t_ns), event.event, PLAYER[event.event]) for event in session.playback if event.event in PLAYER
    ]
    if not any(kind == "interrupted" for _, kind, _ in marks):
        marks += [(cue.at_s, cue.kind, "interrupted") for cue in session.cues if cue.kind == "interrupted"]
    return [
        {"at": round(at_s, MILLI), "kind": kind, "text": text[:MOST_TEXT]}
        for at_s, kind, text in sorted(marks + player)
    ]


def _joined(*parts: str) -> str:
    return ": ".join(dict.fromkeys(part for part in parts if part))


def _finding(finding: Finding, anchor: str) -> dict[str, Any]:
    return {
        "anchor": anchor,
        "id": finding.id,
        "cause": finding.cause.value,
        "severity": finding.severity.name.lower(),
        "by": finding.explained_by,
        "summary": finding.summary,
        "remedy": finding.remedy,
        "at": _seconds(finding.primary.span),
        "spans": _spans(finding.where),
        "evidence": [_evidence(piece) for piece in finding.evidence[:MOST_EVIDENCE]],
    }


def _evidence(piece: Evidence) -> dict[str, Any]:
    numbers = [[name, value] for _, name, value in phrases.measures(piece.measure)]
    limit = piece.limit
    return {
        "track": piece.track,
        "span": _seconds(piece.span),
        "place": phrases.place(piece),
        "numbers": numbers,
        "limit": f"{phrases.quantity(limit.value)} {limit.unit}".rstrip(),
        "source": limit.source,
    }


def _spans(spans: Iterable[Span]) -> list[list[float]]:
    return [_seconds(span) for span in spans][:MOST_ITEMS]


def _seconds(span: Span) -> list[float]:
    return [round(span.start_s, MILLI), round(span.end_s, MILLI)]
