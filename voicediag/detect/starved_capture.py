"""A microphone that two engines fight over: a tenth of its level, or frames missing and repeated.

When a second audio engine opens the device, the first one often goes on delivering, but starved: samples at a tenth of
their level (0.02 where speech sits at 0.05 to 0.3), blocks of zeros where a buffer was not filled in time, or the last
buffer once more. People then hold the phone to their mouth, and raise the VAD's sensitivity.

A low level alone does not tell a starved microphone from a soft talker. The noise floor does: the talker does not lower
the room, a gain does. Where the floor does not settle it, this says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.detect.silent_track import LEAST_PEAK
from voicediag.measure.levels import Level
from voicediag.measure.track import TrackReading
from voicediag.session import Track
from voicediag.spans import Span, SpanSet

ID = "starved-capture"
LOW_SPEECH = Limit(
    -32.0,
    "dBov active",
    "speech at a phone's microphone sits at 0.05-0.3 RMS (-26 to -10 dBov); this is half the softest",
)
NO_SPEECH = Limit(
    -45.0, "dBov active", "a tenth of the softest level above; recordings/clean holds a talker at -36 dBov"
)
DEAD_FLOOR = Limit(
    -74.0, "dBFS floor", "house rule: the quietest rooms measure -70 dBFS; a tenth of any lies below this"
)
STEP_DB = Limit(12.0, "dB", "half of the 20 dB that a tenth is: no talker lowers voice and room alike by as much")
MUTE_DB = Limit(45.0, "dB", "a fall deeper than this is a mute or the end of the track, and leaves no voice to hear")
STEP_LEAST_S = Limit(1.5, "s", "house rule: a phrase on either side of the step")
LEAST_LOST = Limit(3, "places", "recordings/clean and benchmarks/planted: none has more than one")
SPEECH_FACTOR = Limit(0.02, "of the time", "house rule: less than that is a click or a cough, and no speech to judge")
ALIKE_DB = Limit(
    8.0, "dB", "a gain lowers voice and room by the same; percentiles of short stretches differ by this much"
)
SILENT = 1e-6
CUTS, HOPS = 40, 4_000
SPEECH_SNR = Limit(10.0, "dB SNR", "steady noise measures 0 dB; ITU-T P.56 asks speech to stand 15.9 dB above it")
REMEDY_GAIN = (
    "Let one audio engine own the microphone and the loudspeaker: look for a second getUserMedia, recorder or player "
    "that opens the device, and stop it. Do not make up for it with gain or a more sensitive VAD."
)
REMEDY_LOST = (
    "Frames are lost before they reach the encoder: read the microphone on its own thread or in an AudioWorklet, give "
    "it a queue of three or four buffers, and never call the network or the model from its callback."
)


def examine(exam: Examination) -> Verdict:
    """Answer with the first of the user's taps that is starved."""
    tracks = [track for track in exam.session.tracks.values() if track.role == "user"]
    if not tracks:
        return unjudged(ID, "the session has no track of the user")
    findings, open_questions = [], []
    for track in tracks:
        reading = exam.reading(track.name)
        finding = _lost(track, reading) or _stepped(track, reading) or _low(track, reading)
        if finding:
            findings.append(finding)
        elif question := _question(track, reading):
            open_questions.append(question)
    if findings:
        return found(*findings)
    return unjudged(ID, open_questions[0]) if open_questions else clear(ID)


def _lost(track: Track, reading: TrackReading) -> Finding | None:
    """Return the finding of a track with frames that are missing or repeated."""
    missing = list(zip(reading.dropouts.starts.tolist(), reading.dropouts.ends.tolist(), strict=True))
    repeats = zip(reading.repeats.starts.tolist(), reading.repeats.lengths.tolist(), strict=True)
    doubled = [(start, start + length) for start, length in repeats]
    if len(missing) + len(doubled) < LEAST_LOST.value:
        return None
    where = SpanSet(track.clock.span_of(pair, track.rate_hz) for pair in (*missing, *doubled))
    lost_s = sum(end - start for start, end in missing) / track.rate_hz
    measure = {
        "gaps": len(missing),
        "gap_total_s": lost_s,
        "duplicated": len(doubled),
        "rms": _linear(reading.active.active_speech_dbov),
    }
    first = next(iter(where))
    parts = [f"{len(missing)} gaps of {1_000 * lost_s / len(missing):.0f} ms on average"] if missing else []
    parts += [f"{len(doubled)} repeated stretches"] if doubled else []
    return _finding(
        f"{track.name} has {' and '.join(parts)} inside live sound",
        REMEDY_LOST,
        Evidence(track=track.name, span=first.padded(0.5), measure=measure, limit=LEAST_LOST),
        where,
    )


def _low(track: Track, reading: TrackReading) -> Finding | None:
    """Return the finding of a track whose speech and room are both too low to be a room."""
    speech, floor = reading.active.active_speech_dbov, reading.noise.noise_floor_dbfs
    if speech is None or not _speaks(reading) or _is_silent(reading):
        return None
    dead = floor is not None and floor < DEAD_FLOOR.value
    if not (speech < NO_SPEECH.value or (speech < LOW_SPEECH.value and dead)):
        return None
    measure = {**_nothing_lost(), "rms": _linear(speech), "active_speech_dbov": speech, "noise_floor_dbfs": floor}
    over = f" over a floor of {floor:.0f} dBFS" if floor is not None else ""
    said = f"{track.name} carries speech at {_linear(speech):.3f} RMS ({speech:.0f} dBov){over}"
    limit = LOW_SPEECH if dead else NO_SPEECH
    return _finding(
        f"{said}: voice and room are both about a tenth of what a microphone delivers",
        REMEDY_GAIN,
        Evidence(track=track.name, span=track.span, measure=measure, limit=limit),
        SpanSet((track.span,)),
    )


def _stepped(track: Track, reading: TrackReading) -> Finding | None:
    """Return the finding of a track whose voice and room both fall at one moment."""
    fall = _largest_fall(reading.level)
    if fall is None or not STEP_DB.value <= fall.depth_db <= MUTE_DB.value or fall.unlike_db > ALIKE_DB.value:
        return None
    begin = track.span.start_s + fall.hop * reading.level.hop_s
    before, after = fall.voice_before, fall.voice_after
    where = Span(begin, track.span.end_s)
    measure = {
        **_nothing_lost(),
        "rms": _linear(after),
        "before_dbfs": before,
        "after_dbfs": after,
        "floor_fall_db": fall.room_fall,
    }
    return _finding(
        f"{track.name} is {before - after:.0f} dB lower from {begin:.1f} s on, voice and room alike",
        REMEDY_GAIN,
        Evidence(
            track=track.name,
            span=Span(max(0.0, begin - 2), min(begin + 3, where.end_s)),
            measure=measure,
            limit=STEP_DB,
        ),
        SpanSet((where,)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fall:
    """A moment after which everything is lower.

    The voice is the level that a tenth of the time exceeds, the room the one that nine tenths do.
    """

    hop: int
    voice_before: float
    voice_after: float
    room_fall: float

    @property
    def depth_db(self) -> float:
        """By how much voice and room fell, whichever fell less."""
        return min(self.voice_before - self.voice_after, self.room_fall)

    @property
    def unlike_db(self) -> float:
        """By how much the two falls differ."""
        return abs(self.voice_before - self.voice_after - self.room_fall)


def _largest_fall(level: Level) -> _Fall | None:
    """Return where voice and room fall most, searched coarsely and then between the neighbours."""
    # Digital silence says nothing of a room: a gate or a gap made it.
    live = np.flatnonzero(level.rms > SILENT)
    db = 20 * np.log10(level.rms[live])
    low, high = round(STEP_LEAST_S.value / level.hop_s), db.size - round(STEP_LEAST_S.value / level.hop_s)
    best: _Fall | None = None
    while high > low:
        step = max(1, (high - low) // CUTS)
        best = max((_fall(db, cut) for cut in range(low, high, step)), key=lambda fall: fall.depth_db)
        if step == 1:
            break
        low, high = max(low, best.hop - step), min(high, best.hop + step)
    return replace(best, hop=int(live[_first_low(db, best)])) if best else None


def _first_low(db: NDArray[np.float32], fall: _Fall) -> int:
    """Return the first hop at which the room is low: the first pause after the fall."""
    room_before = np.percentile(db[: fall.hop], 10)
    low = np.flatnonzero(db < room_before - fall.room_fall / 2)
    return int(low[0]) if low.size else fall.hop


def _fall(db: NDArray[np.float32], cut: int) -> _Fall:
    """Return the fall at one hop, from at most some thousand hops on either side."""
    before, after = db[: cut : 1 + cut // HOPS], db[cut :: 1 + (db.size - cut) // HOPS]
    (room, voice), (room_after, voice_after) = np.percentile(before, (10, 90)), np.percentile(after, (10, 90))
    return _Fall(hop=cut, voice_before=float(voice), voice_after=float(voice_after), room_fall=float(room - room_after))


def _question(track: Track, reading: TrackReading) -> str | None:
    """Return why a track's level cannot be judged."""
    if _is_silent(reading):
        return f"{track.name} is silent (see silent-track)"
    if reading.active.active_speech_dbov is None or not _speaks(reading):
        return f"{track.name} holds no speech whose level could be judged"
    return None


def _speaks(reading: TrackReading) -> bool:
    clear_of_noise = reading.snr_db is None or reading.snr_db >= SPEECH_SNR.value
    return clear_of_noise and (reading.active.activity_factor or 0.0) >= SPEECH_FACTOR.value


def _is_silent(reading: TrackReading) -> bool:
    return float(reading.level.peak.max(initial=0.0)) < LEAST_PEAK.value


def _nothing_lost() -> dict[str, float | None]:
    return {"gaps": 0, "gap_total_s": 0.0, "duplicated": 0}


def _linear(dbov: float | None) -> float | None:
    return None if dbov is None else 10 ** (dbov / 20)


def _finding(said: str, remedy: str, primary: Evidence, where: SpanSet) -> Finding:
    return Finding(
        id=ID,
        cause=Cause.STARVATION,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{said}.",
        remedy=remedy,
        primary=primary,
        where=where,
    )


DETECTOR = Detector(id=ID, cause=Cause.STARVATION, question="Does the microphone deliver all of it?", examine=examine)
