"""The sound around a piece of evidence, as data that an HTML page can carry.

Levels are honest: nothing is normalised, so that what is too quiet is heard to be too quiet. Where that is too quiet to
hear anything at all, a second clip is louder by a round number of dB, and says so. Each track is a clip of its own:
a codec that saves on stereo would carry one voice over into the other, and that is just what an echo is.
"""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from voicediag.present.plots.columns import excerpt
from voicediag.spans import Span

if TYPE_CHECKING:
    from voicediag.detect.finding import Evidence
    from voicediag.session import Samples, Session, Track, TrackName

# What MP3 takes (ISO/IEC 11172-3 and 13818-3, and the lower rates that every decoder knows too); anything else is
# resampled to the next one above. Every browser plays MP3, and it takes a fifth of Opus's time to make.
MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# libsndfile crashes where a lossy encoder is handed much at once (python-soundfile issue 426).
BLOCK_FRAMES = 16_384
# 0 is the largest, 1 the smallest file: for speech at 16 kHz 0.3 is some 35 kbit/s, and 0.6 some 25, for many clips.
COMPRESSION, MANY_COMPRESSION = 0.3, 0.6
# Speech that peaks below this is hard to hear from a laptop in a room with people.
QUIET_DBFS = -30.0
BOOSTED_PEAK_DBFS = -6.0
BOOST_STEP_DB = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Some seconds of one track.

    Attributes
    ----------
    track : TrackName
    span : Span
        On the session clock; clips of one piece of evidence share it.
    uri : str
        ``data:audio/mpeg;base64,...``
    boost_db : float
        By how much it is louder than the track; 0 for an honest one.
    silent : bool
        Whether there is nothing but digital zeros in it.
    """

    track: TrackName
    span: Span
    uri: str
    boost_db: float = 0.0
    silent: bool = False

    @property
    def label(self) -> str:
        """What to call it."""
        if self.boost_db:
            return f"{self.track} +{self.boost_db:.0f} dB"
        return f"{self.track} (digital silence)" if self.silent else self.track


def around(session: Session, evidence: Evidence, *, compression: float = COMPRESSION) -> tuple[Clip, ...]:
    """Return the clips of the tracks that a piece of evidence names, and louder ones of those that are too quiet."""
    span = excerpt(session.tracks[evidence.track], evidence.span, within=Span(0.0, session.duration_s))
    named = (evidence.track, evidence.against)
    tracks = [track for name in named if name is not None and (track := session.tracks.get(name))]
    return tuple(piece for track in tracks for piece in _honest_and_boosted(track, span, compression))


def clip(track: Track, span: Span, *, boost_db: float = 0.0, compression: float = COMPRESSION) -> Clip:
    """Return a span of a track as a clip, as loud as it is or louder by `boost_db`."""
    sound = track.read(span)
    uri = data_uri(sound * np.float32(10 ** (boost_db / 20)), rate_hz=track.rate_hz, compression=compression)
    return Clip(track=track.name, span=span, uri=uri, boost_db=boost_db, silent=not sound.any())


def _honest_and_boosted(track: Track, span: Span, compression: float) -> list[Clip]:
    honest = clip(track, span, compression=compression)
    boost_db = boost_for(track.read(span))
    return [honest, clip(track, span, boost_db=boost_db, compression=compression)] if boost_db else [honest]


def boost_for(samples: Samples) -> float:
    """Return by how many dB, a multiple of `BOOST_STEP_DB`, quiet samples should be louder; 0 for others."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0 or 20 * math.log10(peak) >= QUIET_DBFS:
        return 0.0
    return BOOST_STEP_DB * math.floor((BOOSTED_PEAK_DBFS - 20 * math.log10(peak)) / BOOST_STEP_DB)


def data_uri(samples: Samples, *, rate_hz: int, compression: float = COMPRESSION) -> str:
    """Return samples as a data URI: MP3, or WAV where the sound library makes none.

    Parameters
    ----------
    samples : float32, shape (frames,), in [-1, 1]
    rate_hz : int
    compression : float
        0 for the largest file, 1 for the smallest.
    """
    import soundfile

    if "MP3" in soundfile.available_formats():
        return _uri("audio/mpeg", _mp3(samples, rate_hz, compression))
    return _uri("audio/wav", _written(samples, rate_hz, "WAV", "PCM_16"))


def _mp3(samples: Samples, rate_hz: int, compression: float) -> bytes:
    to_hz = next((rate for rate in MP3_RATES_HZ if rate >= rate_hz), MP3_RATES_HZ[-1])
    if to_hz != rate_hz:
        import soxr

        samples = soxr.resample(samples, rate_hz, to_hz)
    # A constant bit rate would make what is soft 0.5 dB softer.
    return _written(samples, to_hz, "MP3", "MPEG_LAYER_III", compression_level=compression, bitrate_mode="VARIABLE")


def _written(samples: Samples, rate_hz: int, container: str, subtype: str, **how: Any) -> bytes:
    """Return samples as a sound file, written in blocks."""
    import soundfile

    page = io.BytesIO()
    with soundfile.SoundFile(
        page, "w", samplerate=rate_hz, channels=1, format=container, subtype=subtype, **how
    ) as file:
        for start in range(0, samples.size, BLOCK_FRAMES):
            file.write(np.clip(samples[start : start + BLOCK_FRAMES], -1.0, 1.0))
    return page.getvalue()


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
