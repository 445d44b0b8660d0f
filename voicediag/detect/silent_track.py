"""Healthy-looking silence: bytes arrive at the right pace and hold nothing to hear.

A muted or virtual microphone sends digital zeros; an analog mute leaves a hiss of a few steps; a model's response may
run for 27 s at +-18 of 32,768 while its transcript greets the user. Byte counters, frame rates and file sizes all look
well. A live room never measures this low: 23 of 23 muted captures peaked at 0.0010 or less, every live one above 0.017.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import (
    Cause,
    Evidence,
    Finding,
    Limit,
    Measure,
    Severity,
    Verdict,
    clear,
    found,
    unjudged,
)
from voicediag.detect.precision import PRECISION
from voicediag.session import Track, Turn
from voicediag.spans import Span, SpanSet

ID = "silent-track"
LEAST_PEAK = Limit(
    0.002, "of full scale", "muted inputs peaked at 0.0005-0.0010, live rooms at 0.017 and above, 23 of 23"
)
SPOKEN_RMS = Limit(
    -50.0,
    "dBFS",
    "of 203 calls the silent responses averaged 18/32768 (-65 dBFS), the healthy ones 2,061 and more (-24 dBFS)",
)
LEAST_S = Limit(1.0, "s", "house rule: a shorter track holds no turn")
LEAST_WORDS = Limit(3, "words", "house rule: fewer may be a filler that was left unsaid")
REMEDY_USER = (
    "Look at the device before the code: a muted or virtual microphone, a denied permission or a wrong input index "
    "delivers zeros at the right pace. Meter the stage before this tap; the first one that is silent is the fault."
)
REMEDY_AGENT = (
    "The bytes are silent as they arrive, so no player setting will help: log the peak of every response, retry the "
    "response when its audio stays below the limit while its transcript speaks, and report it to the provider."
)


def examine(exam: Examination) -> Verdict:
    """Answer with every track, or spoken turn of the agent, that is silent."""
    tracks = [track for track in exam.session.tracks.values() if _might_sound(exam, track)]
    if not tracks:
        return unjudged(ID, f"no track lasts {LEAST_S.value:g} s")
    findings = [finding for role in ("user", "agent") if (finding := _first(exam, tracks, role))]
    return found(*findings) if findings else clear(ID, bound=f"every track peaks above {LEAST_PEAK.value}")


def _might_sound(exam: Examination, track: Track) -> bool:
    """Whether there was something that this track should hold: a player that was given nothing is rightly silent."""
    given = track.name != "agent-played" or "agent-received" in exam.session.tracks or not exam.session.marks
    return given and track.span.duration_s >= LEAST_S.value


def _first(exam: Examination, tracks: list[Track], role: str) -> Finding | None:
    """Return the finding of a voice's first silent tap, with the later ones as its supporting evidence."""
    judged = [_whole(exam, track) or _turns(exam, track) for track in tracks if track.role == role]
    silent = [finding for finding in judged if finding is not None]
    return replace(silent[0], supporting=tuple(finding.primary for finding in silent[1:])) if silent else None


def _whole(exam: Examination, track: Track) -> Finding | None:
    """Return the finding of a track that never rises above the limit."""
    level = exam.reading(track.name).level
    peak = float(level.peak.max(initial=0.0))
    if peak >= LEAST_PEAK.value:
        return None
    kind = "digital silence" if peak == 0 else f"next to silence (peak {peak:.4f} of full scale)"
    measure = {"peak": peak, "rms_dbfs": level.rms_dbfs, "silent_s": track.span.duration_s}
    said = f"{track.name} is {kind} for all of its {track.span.duration_s:.1f} s"
    return _finding(track, SpanSet((track.span,)), measure, LEAST_PEAK, said)


def _turns(exam: Examination, track: Track) -> Finding | None:
    """Return the finding of an agent whose transcript speaks where its sound does not."""
    if track.role != "agent":
        return None
    silent = [turn for turn in exam.session.turns if _is_silent(exam, track, turn)]
    if not silent:
        return None
    loudest = max(_rms_dbfs(exam, track, turn.span) for turn in silent)
    words = sum(len(turn.text.split()) for turn in silent)
    where = SpanSet(turn.span for turn in silent)
    measure = {"rms_dbfs": loudest, "turns": len(silent), "words": words, "silent_s": where.total_s}
    said = f"{track.name} holds {loudest:.0f} dBFS for {where.total_s:.1f} s in which its transcript says {words} words"
    return _finding(track, where, measure, SPOKEN_RMS, said)


def _is_silent(exam: Examination, track: Track, turn: Turn) -> bool:
    """Whether a turn of the agent has words and no sound."""
    speaks = turn.role == "agent" and turn.learnt_from == "audio" and turn.span.duration_s >= LEAST_S.value
    wordy = len(turn.text.split()) >= LEAST_WORDS.value
    return speaks and wordy and _rms_dbfs(exam, track, turn.span) < SPOKEN_RMS.value


def _rms_dbfs(exam: Examination, track: Track, span: Span) -> float:
    """Return the level of a session span; -120 dBFS stands for digital silence."""
    level = exam.reading(track.name).level
    low, high = (round((time - track.clock.offset_s) / level.hop_s) for time in (span.start_s, span.end_s))
    power = level.rms[max(0, low) : max(0, high)] ** 2
    return 10 * float(np.log10(max(float(power.mean()) if power.size else 0.0, 1e-12)))


def _finding(track: Track, where: SpanSet, measure: Measure, limit: Limit, said: str) -> Finding:
    primary = Evidence(track=track.name, span=next(iter(where)), measure=measure, limit=limit)
    return Finding(
        id=ID,
        cause=Cause.STARVATION,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{said}.",
        remedy=REMEDY_USER if track.role == "user" else REMEDY_AGENT,
        primary=primary,
        where=where,
    )


DETECTOR = Detector(id=ID, cause=Cause.STARVATION, question="Is there sound where there should be?", examine=examine)
