"""Where each side of a session speaks, by `voicediag.measure.speech`, on the session's clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from voicediag.measure.speech import EngineName, Speech, SpeechMeter
from voicediag.session import Session, Track, TrackName
from voicediag.spans import SpanSet

BLOCK_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Where one track speaks.

    Attributes
    ----------
    track : Track
    speech : Speech
        On the track's own clock, from its first sample.
    spans : SpanSet
        On the session's.
    """

    track: Track = field(repr=False)
    speech: Speech = field(repr=False)
    spans: SpanSet


def spoken(
    session: Session,
    names: Sequence[TrackName] = (),
    *,
    engine: EngineName | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> tuple[Spoken, ...]:
    """Return where each track speaks.

    Parameters
    ----------
    session : Session
    names : sequence of TrackName
        Which tracks; all without.
    engine : {"silero", "plain"}, optional
        The better one that is installed.
    progress : callable, optional
        Told the seconds that were heard, and of how many.

    Raises
    ------
    InputError
        Where the engine is not installed.
    """
    tracks = [track for name, track in session.tracks.items() if not names or name in names]
    total_s = sum(track.frames / track.rate_hz for track in tracks)
    done_s, found = 0.0, []
    for track in tracks:
        meter, block = SpeechMeter(track.rate_hz, engine), round(BLOCK_S * track.rate_hz)
        for start in range(0, track.frames, block):
            meter.push(track.source.read(start, min(block, track.frames - start)))
            done_s += BLOCK_S
            if progress:
                progress(min(done_s, total_s), total_s)
        speech = meter.result()
        found.append(Spoken(track=track, speech=speech, spans=_on_the_clock(speech.spans, track)))
    return tuple(found)


def _on_the_clock(spans: SpanSet, track: Track) -> SpanSet:
    frames = ((round(span.start_s * track.rate_hz), round(span.end_s * track.rate_hz)) for span in spans)
    return SpanSet(track.clock.span_of(pair, track.rate_hz) for pair in frames)
