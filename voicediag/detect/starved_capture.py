"""A microphone that two engines fight over: a tenth of its level, or frames missing and repeated.

When a second audio engine opens the device, the first one often goes on delivering, but starved: samples at a tenth of
their level (0.02 where speech sits at 0.05 to 0.3), blocks of zeros where a buffer was not filled in time, or the last
buffer once more. People then hold the phone to their mouth, and raise the VAD's sensitivity.

A low level alone does not tell a starved microphone from a soft talker. The noise floor does: the talker does not lower
the room, a gain does. Where the floor does not settle it, this says so.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from voicediag.detect import breaks, capture_slips, fallen_capture
from voicediag.detect.breaks import are_breaks, counts, heard_again, likely_gaps, looked_for, shown, with_holes
from voicediag.detect.browser_processing import suppresses_noise
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.fallen_capture import LEAST_VOICE_S, STEP_DB
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.lost_between import lost_between
from voicediag.detect.lost_capture import lost_capture
from voicediag.detect.precision import PRECISION
from voicediag.detect.silent_track import LEAST_PEAK
from voicediag.measure.track import TrackReading
from voicediag.session import Track
from voicediag.spans import Span, SpanSet

ID = "starved-capture"
WITNESSES: Final = (breaks, capture_slips, fallen_capture)
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
LEAST_LOST = Limit(3, "places", "recordings/clean and benchmarks/planted: none has more than one")
SPEECH_FACTOR = Limit(0.02, "of the time", "house rule: less than that is a click or a cough, and no speech to judge")
REVERBERATION_S = Limit(0.3, "s", "house rule: an echo dies away in a room of 0.5 s reverberation time by 36 dB")
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
        finding = (
            lost_between(exam, track)
            or lost_capture(exam, track)
            or _lost(exam, track, reading)
            or _stepped(track, reading)
            or _low(exam, track, reading)
            or capture_slips.capture_slips(exam, track)
        )
        if finding:
            findings.append(finding)
        elif question := _question(exam, track, reading):
            open_questions.append(question)
    if findings:
        return found(*findings)
    return unjudged(ID, open_questions[0]) if open_questions else clear(ID, bound=_bound(exam, tracks))


def _bound(exam: Examination, tracks: list[Track]) -> str:
    """Return how loud the softest track speaks, and the fewest gaps that would have been a finding."""
    softest = min(tracks, key=lambda track: exam.reading(track.name).active.active_speech_dbov or 0.0)
    level_dbov = exam.reading(softest.name).active.active_speech_dbov or 0.0
    lost = f"no silence in mid-word that can hardly be a pause, fewer than {LEAST_LOST.value:g} holes or repeats"
    return f"speech in {softest.name} at {level_dbov:.0f} dBov; {lost}{looked_for(tracks)}"


def _lost(exam: Examination, track: Track, reading: TrackReading) -> Finding | None:
    """Return the finding of a track with frames that are missing or repeated."""
    missing = zip(reading.dropouts.starts.tolist(), reading.dropouts.ends.tolist(), strict=True)
    repeats = zip(reading.repeats.starts.tolist(), reading.repeats.lengths.tolist(), strict=True)
    holes, doubled = (
        SpanSet(track.clock.span_of(pair, track.rate_hz) for pair in pairs)
        for pairs in (missing, ((start, start + length) for start, length in repeats))
    )
    # A gate or a canceller leaves the room's noise in place of the voice, and so does a pause between clips.
    empty = tuple(gap for gap in likely_gaps(exam, track) if gap.kind != "filled")
    places = with_holes(empty, holes, doubled, heard_again(track))
    if not are_breaks(places, LEAST_LOST):
        return None
    gaps = SpanSet(place.span for place in places if place.kind != "repeated")
    count = sum(place.kind != "repeated" for place in places)
    measure = {
        "gaps": count,
        "gap_total_s": gaps.total_s,
        "duplicated": len(places) - count,
        "rms": _linear(reading.active.active_speech_dbov),
        **counts(places),
    }
    parts = [f"{count} gaps of {1_000 * gaps.total_s / count:.0f} ms on average"] if count else []
    parts += [f"{len(places) - count} repeated stretches"] if len(places) > count else []
    return _finding(
        f"{track.name} has {' and '.join(parts)} inside live sound",
        REMEDY_LOST,
        Evidence(track=track.name, span=places[0].span.padded(0.5), measure=measure, limit=LEAST_LOST),
        SpanSet(place.span for place in places),
        shown(places, track, LEAST_LOST),
    )


def _low(exam: Examination, track: Track, reading: TrackReading) -> Finding | None:
    """Return the finding of a track whose speech and room are both too low to be a room."""
    speech, floor = reading.active.active_speech_dbov, reading.noise.noise_floor_dbfs
    if speech is None or not _speaks(reading) or _is_silent(reading):
        return None
    dead = _is_dead(exam, floor)
    least = LOW_SPEECH.value if dead else NO_SPEECH.value
    if speech >= least or not _is_low_alone(exam, track, reading, least):
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


def _is_dead(exam: Examination, floor_dbfs: float | None) -> bool:
    """Tell whether the room is too low for one; a noise suppressor makes it so under any microphone."""
    return floor_dbfs is not None and floor_dbfs < DEAD_FLOOR.value and not suppresses_noise(exam.session)


def _is_low_alone(exam: Examination, track: Track, reading: TrackReading, least_dbov: float) -> bool:
    """Tell whether the voice is as low where no echo of the agent can lie in it."""
    alone = _beside_echo(exam, track)
    if alone is None:
        return True
    rms, hop_s = reading.level.rms, reading.level.hop_s
    power = [rms[round(span.start_s / hop_s) : round(span.end_s / hop_s)] ** 2 for span in alone]
    return bool(power) and float(np.concatenate(power).mean()) < 10 ** (least_dbov / 10)


def _beside_echo(exam: Examination, track: Track) -> SpanSet | None:
    """Return where the user speaks and no echo can be; None where it can be nowhere.

    An echo is speech too, and lowers the average that is taken for the user's.
    """
    leak = exam.leak
    if leak is None or leak.mic != track.name or leak.echo.verdict == "clear":
        return None
    speaker = exam.session.tracks[leak.speaker]
    late_s = speaker.clock.offset_s - track.clock.offset_s + (leak.echo.delay_ms or 0.0) / 1_000
    echoes = SpanSet(span.shifted(late_s) for span in exam.activity(leak.speaker).spans).padded(REVERBERATION_S.value)
    # What is left of a long tail, or of a softer sound that no activity was seen in, is no word of the user.
    alone = exam.activity(track.name).spans - echoes
    return SpanSet(span for span in alone if span.duration_s >= LEAST_VOICE_S.value)


def _stepped(track: Track, reading: TrackReading) -> Finding | None:
    """Return the finding of a track whose voice and room both fall at one moment."""
    fall = fallen_capture.of_gain(reading)
    if fall is None:
        return None
    begin = track.clock.time_of(fall.at_s * track.rate_hz, track.rate_hz)
    measure = {
        **_nothing_lost(),
        "rms": _linear(fall.after.voice_dbfs),
        "before_dbfs": fall.before.voice_dbfs,
        "after_dbfs": fall.after.voice_dbfs,
        "floor_fall_db": fall.room_fall_db,
    }
    where = Span(begin, track.span.end_s)
    return _finding(
        f"{track.name} is {fall.voice_fall_db:.0f} dB lower from {begin:.1f} s on, voice and room alike",
        REMEDY_GAIN,
        Evidence(
            track=track.name,
            span=Span(max(0.0, begin - 2), min(begin + 3, where.end_s)),
            measure=measure,
            limit=STEP_DB,
        ),
        SpanSet((where,)),
    )


def _question(exam: Examination, track: Track, reading: TrackReading) -> str | None:
    """Return why a track's level cannot be judged."""
    if _is_silent(reading):
        return f"{track.name} is silent (see silent-track)"
    if reading.active.active_speech_dbov is None or not _speaks(reading):
        return f"{track.name} holds no speech whose level could be judged"
    alone = _beside_echo(exam, track)
    if reading.active.active_speech_dbov < LOW_SPEECH.value and alone is not None and not alone:
        return f"{track.name} holds an echo of the agent and hardly a word of the user, whose level could be judged"
    if reading.active.active_speech_dbov < LOW_SPEECH.value and suppresses_noise(exam.session):
        return (
            f"{track.name} is soft, and noise suppression took the room that would tell a soft talker from a low gain"
        )
    spoken = exam.activity(track.name).spans if alone is None else alone
    return fallen_capture.question(track, reading, spoken)


def _speaks(reading: TrackReading) -> bool:
    clear_of_noise = reading.snr_db is None or reading.snr_db >= SPEECH_SNR.value
    factor, length_s = reading.active.activity_factor or 0.0, reading.level.rms.size * reading.level.hop_s
    return clear_of_noise and factor >= SPEECH_FACTOR.value and factor * length_s >= LEAST_VOICE_S.value


def _is_silent(reading: TrackReading) -> bool:
    return float(reading.level.peak.max(initial=0.0)) < LEAST_PEAK.value


def _nothing_lost() -> dict[str, float | None]:
    return {"gaps": 0, "gap_total_s": 0.0, "duplicated": 0}


def _linear(dbov: float | None) -> float | None:
    return None if dbov is None else 10 ** (dbov / 20)


def _finding(
    said: str, remedy: str, primary: Evidence, where: SpanSet, supporting: tuple[Evidence, ...] = ()
) -> Finding:
    return Finding(
        id=ID,
        cause=Cause.STARVATION,
        severity=Severity.HIGH,
        confidence=PRECISION[ID],
        summary=f"{said}.",
        remedy=remedy,
        primary=primary,
        supporting=supporting,
        where=where,
    )


DETECTOR = Detector(id=ID, cause=Cause.STARVATION, question="Does the microphone deliver all of it?", examine=examine)
