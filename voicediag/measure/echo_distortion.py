"""How much of an echo does not follow the loudspeaker's waveform: what a loudspeaker that is driven hard adds.

What is measured
    The power of the whole echo over that of its linear part, in dB. So much less than the loss of the linear part is
    the loss of all of it, and so much is left of the echo when a linear canceller has done all that it can.
Method
    The far end through the echo's way (`measure.echo_response`) is its linear part. In the windows in which the agent
    speaks alone (`measure.single_talk`) what is left of the microphone beside it, less the room, is held against it:
    the median over the windows, each counted by its echo's power, so that a few that hold a user decide nothing.
Conventions
    dB; float32 samples of one rate, shape (frames,), beginning together. A loudspeaker whose output y has the linear
    part a x adds 10 log10(<y, y> / (a^2 <x, x>)) with a = <x, y> / <x, x> (Bussgang, MIT RLE report 216, 1952).
Differences from other tools
    Total harmonic distortion needs a tone. This reads it off speech, and tells nothing where the windows disagree, as
    they do where a user hides in them or a suppressor has cut holes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.echo_response import BAND_HZ, BEFORE_S, NYQUIST_SHARE, EchoResponse
from voicediag.measure.single_talk import FLOOR_PERCENTILE, HOP_S, WINDOW_S, moved, single_talk

# Two seconds of loud echo alone.
LEAST_WINDOWS = 8
# Softer windows tell of the room.
LOUD_SHARE = 0.1
LOUDEST_PERCENTILE = 90.0
# House rule: where the middle half of the windows spreads wider than this they do not tell of one loudspeaker.
MOST_SPREAD_DB = 1.5
TINY = 1e-20

Powers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distortion:
    """What an echo holds beside its linear part.

    Attributes
    ----------
    excess_db : float
        All of the echo over its linear part: 0 for a loudspeaker that adds nothing.
    spread_db : float
        Between which bounds the middle half of the windows lies.
    windows : int
        How many quarters of a second were counted.
    """

    excess_db: float
    spread_db: float
    windows: int

    @property
    def distortion_db(self) -> float | None:
        """What was added, over the linear part; None where nothing was."""
        added = 10 ** (self.excess_db / 10) - 1
        return 10 * float(np.log10(added)) if added > 0 else None

    @property
    def most_off_db(self) -> float | None:
        """What a canceller that takes off all of the linear part takes off the whole; None for all of it."""
        return None if self.distortion_db is None else self.excess_db - self.distortion_db


def distortion(
    mic: Samples, speaker: Samples, *, rate_hz: int, lag_s: float, response: EchoResponse
) -> Distortion | None:
    """Return what an echo holds beside its linear part; None with too little of it alone, or where that disagrees.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,)
        Half a minute is plenty.
    rate_hz : int
    lag_s : float
        How much later the microphone repeats the speaker.
    response : EchoResponse
        From `echo_response`, of the same two tracks and lag.
    """
    frames = min(mic.size, speaker.size)
    alone = single_talk(mic[:frames], speaker[:frames], rate_hz=rate_hz, lag_s=lag_s).agent
    heard = _in_band(mic[:frames], rate_hz)
    due = _through(moved(speaker[:frames], round(lag_s * rate_hz)), response, rate_hz)
    size = round(WINDOW_S * rate_hz)
    count = min(alone.size, frames // size)
    chosen = np.flatnonzero(alone[:count])
    ears, parts = (sound[: count * size].reshape(count, size)[chosen] for sound in (heard, due))
    linear = np.square(parts).sum(axis=1)
    loud = linear > LOUD_SHARE * np.percentile(linear, LOUDEST_PERCENTILE) if linear.size else linear > 0
    if np.count_nonzero(loud) < LEAST_WINDOWS:
        return None
    gain = float((ears * parts)[loud].sum() / linear[loud].sum())
    beside = np.square(ears - gain * parts).sum(axis=1) - _floor(heard, rate_hz) * size
    shares = np.maximum(beside / (gain**2 * linear + TINY), 0.0)
    low_db, middle_db, high_db = 10 * np.log10(1 + _quartiles(shares[loud], linear[loud]))
    if high_db - low_db > MOST_SPREAD_DB:
        return None
    return Distortion(
        excess_db=float(middle_db), spread_db=float(high_db - low_db), windows=int(np.count_nonzero(loud))
    )


def _in_band(sound: Samples, rate_hz: int) -> Powers:
    """Return a sound within the band in which the way is known."""
    spectrum, hertz = np.fft.rfft(sound), np.fft.rfftfreq(sound.size, 1 / rate_hz)
    spectrum[(hertz < BAND_HZ[0]) | (hertz > min(BAND_HZ[1], NYQUIST_SHARE * rate_hz / 2))] = 0
    return np.fft.irfft(spectrum, sound.size)


def _through(sound: Samples, response: EchoResponse, rate_hz: int) -> Powers:
    """Return a sound through the echo's way, as late as the microphone has it."""
    size, before = sound.size + response.taps.size, round(BEFORE_S * rate_hz)
    whole = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response.taps, size), size)
    return np.asarray(whole[before : before + sound.size])


def _floor(sound: Powers, rate_hz: int) -> float:
    """Return the room's mean square."""
    hop = round(HOP_S * rate_hz)
    hops = np.square(sound[: sound.size // hop * hop].reshape(-1, hop)).mean(axis=1)
    return float(np.percentile(hops, FLOOR_PERCENTILE))


def _quartiles(values: Powers, weights: Powers) -> Powers:
    """Return the quartiles of values that count by their weights."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    at = np.searchsorted(below, below[-1] * np.array([0.25, 0.5, 0.75]))
    return np.asarray(values[order][np.minimum(at, values.size - 1)])
