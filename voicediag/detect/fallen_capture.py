"""A moment from which on a microphone's voice and room are both lower: its gain fell, and not its talker's voice."""

from __future__ import annotations

from voicediag.detect.finding import Limit
from voicediag.measure.fall import Fall, largest_fall
from voicediag.measure.track import TrackReading
from voicediag.measure.voice_fall import largest_voice_fall
from voicediag.session import Track
from voicediag.spans import SpanSet

STEP_DB = Limit(12.0, "dB", "half of the 20 dB that a tenth is: no talker lowers voice and room alike by as much")
MUTE_DB = Limit(45.0, "dB", "a fall deeper than this is a mute or the end of the track, and leaves no voice to hear")
STEP_LEAST_S = Limit(1.5, "s", "house rule: a phrase on either side of the step")
ALIKE_DB = Limit(8.0, "dB", "house rule: a gain lowers voice and room by the same, and turns differ by some dB")
VOICE_MARGIN_DB = Limit(15.9, "dB", "ITU-T P.56: the margin between speech and the noise under it")
PAUSE_WITHIN_S = Limit(4.0, "s", "house rule: in so much speech there is a pause, in which the room is heard")
LOW_BEFORE = Limit(
    0.03, "of the hops", "house rule: before a gain falls the room is hardly ever as low; noise that comes and goes is"
)
MOST_TENTH_DB = Limit(28.0, "dB", "a tenth is 20 dB, give or take ALIKE_DB: what falls by more is a door, and no voice")
APART_DB = Limit(
    6.0, "dB", "house rule: half of STEP_DB; of 60 dialogues looked at one fell so clearly, by more than MOST_TENTH_DB"
)
STEADY_ROOM_DB = Limit(6.0, "dB", "house rule: half of STEP_DB; a room that stays within it did not hear the gain fall")
LEAST_VOICE_S = Limit(0.5, "s", "house rule: a word or two, in a track and on either side of a fall")


def of_gain(reading: TrackReading) -> Fall | None:
    """Return the moment from which on voice and room are lower by the same; None where there is none."""
    fall = _fall(reading)
    return fall if fall is not None and _is_gain(fall) else None


def question(track: Track, reading: TrackReading, spoken: SpanSet) -> str | None:
    """Return why it cannot be told whether a track's gain fell, from where its talker speaks; None where it can."""
    return _of_room(track, reading) or _of_voice(track, reading, spoken)


def _of_room(track: Track, reading: TrackReading) -> str | None:
    fall = _fall(reading)
    if fall is None or _is_heard(fall) or min(fall.at_s, track.span.duration_s - fall.at_s) < PAUSE_WITHIN_S.value:
        return None
    begin = track.clock.time_of(fall.at_s * track.rate_hz, track.rate_hz)
    lower = f"the room under {track.name} is {fall.room_fall_db:.0f} dB lower from {begin:.1f} s on"
    return f"{lower}, and too little is said on one side of it to tell a gain from a fan that stops"


def _of_voice(track: Track, reading: TrackReading, spoken: SpanSet) -> str | None:
    fall = largest_voice_fall(reading.level.rms, spoken, hop_s=reading.level.hop_s, side_s=STEP_LEAST_S.value)
    if fall is None or not STEP_DB.value <= fall.fall_db <= MOST_TENTH_DB.value or fall.apart_db < APART_DB.value:
        return None
    if fall.room_fall_db is not None and abs(fall.room_fall_db) <= STEADY_ROOM_DB.value:
        return None
    begin = track.clock.time_of(fall.at_s * track.rate_hz, track.rate_hz)
    softer = f"the voice in {track.name} is {fall.fall_db:.0f} dB softer from {begin:.1f} s on"
    return f"{softer}, and the room comes and goes too much to tell a gain that fell from a talker who moved away"


def _fall(reading: TrackReading) -> Fall | None:
    """Return a moment from which on the room is lower for good, as it never was before; None where there is none."""
    fall = largest_fall(
        reading.level.rms,
        hop_s=reading.level.hop_s,
        side_s=STEP_LEAST_S.value,
        margin_db=VOICE_MARGIN_DB.value,
    )
    if fall is None or not STEP_DB.value <= fall.room_fall_db <= MUTE_DB.value:
        return None
    return fall if fall.low_before <= LOW_BEFORE.value else None


def _is_gain(fall: Fall) -> bool:
    """Tell whether what fell was the gain: the voice fell with the room, and by as much."""
    voice_db = fall.voice_fall_db
    if voice_db is None or not _is_heard(fall):
        return False
    return STEP_DB.value <= voice_db and abs(voice_db - fall.room_fall_db) <= ALIKE_DB.value


def _is_heard(fall: Fall) -> bool:
    """Tell whether somebody speaks on both sides; a voice that falls by more than the room is noise on one of them."""
    voice_db = fall.voice_fall_db
    spoken_s = min(fall.before.voice_s, fall.after.voice_s)
    return voice_db is not None and spoken_s >= LEAST_VOICE_S.value and voice_db <= fall.room_fall_db + ALIKE_DB.value
