"""What kind of echo it is: through a room, through a line, from a loopback, or what a canceller left of one.

What is measured
    Whether the echo's path has a room's tail; and whether its powers follow those of the far end, or have holes.
Method
    The tail is the energy of the least-squares response from `TAIL_S` after its highest tap, over that within
    `DIRECT_S` of it. The energy before the tap, where a response has none, is the noise: it is taken off, and says how
    weak a tail would have been seen. The powers of `measure.single_talk`, where the far end is loud, follow it if dB
    correlate with dB, band by band; a hole is a hop in a band that lies `HOLE_DB` below the loudest tenth, relative to
    the far end: linear paths have none, suppressors cut them.
Conventions
    float32 samples of one rate, shape (frames,), beginning together; a positive lag means that the microphone is later.
    dB relative to the direct sound.
Differences from other tools
    Delay alone does not tell them apart: a loopback may be late and a loudspeaker at the microphone early. None where
    the evidence is too weak for a word: a talker over all of the echo hides tail and holes. It takes an echo for
    granted: two strangers look like what a canceller left of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.echo_path import PathMeter
from voicediag.measure.single_talk import FLOOR_PERCENTILE, Bands, band_powers, moved, smeared

Kind: TypeAlias = Literal["acoustic", "line", "loopback", "residual"]

# Between a room's tail (-3 to -18 dB over 16 rooms) and the numerical tail of a straight wire (-26 dB and less).
ROOM_DB = -20.0
WIRE_DB = -24.0
# Unless the noise lies this far down, the tail is not seen.
CLEAR_DB = -10.0
CLEAR_WIRE_DB = -18.0
# Sound needs 3 ms a metre, and a converter at either end a few more.
LOOPBACK_MS = 5.0
# Of 48 raw echoes all correlate by 0.32 to 0.92 and have up to 31 % holes, but for one that its device gates; what two
# cancellers left of them by -0.22 to 0.57, with 4 to 78 % holes.
FOLLOWS = 0.6
FOLLOWS_HOLES = 0.12
LEFT = 0.3
LEFT_HOLES = 0.15
# Of 34 outputs of two cancellers the far end's waveform explained 9 % at the most, and mostly less than 1 %.
LEFT_LINEAR = 0.05
# Where somebody talks over the agent all the time, up to 43 % of the hops are near the room's level.
LEFT_QUIET = 0.45

FRAME_S = 0.512
BEFORE_S = 0.1
TAIL_S = (0.003, 0.080)
DIRECT_S = 0.0015
SEARCH_S = 0.3
BAND_HZ = (150.0, 7_000.0)
NYQUIST_SHARE = 0.9
LOUD_DB = 20.0
HOLE_DB = 20.0
QUIET_DB = 10.0
CLEAR_OF_FLOOR_DB = 15.0
LOUDEST_PERCENTILE = 90.0
LEAST_FRAMES = 8
LEAST_HOPS = 50
MS = 1_000.0
TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoKind:
    """What kind of echo it is, and on which evidence.

    Attributes
    ----------
    kind : {"acoustic", "line", "loopback", "residual"} or None
        Through a room; without one, late or at once; left by a canceller; None where it cannot be told.
    tail_db : float or None
        The tail's energy over the direct sound's; None where it drowns in the noise.
    noise_db : float or None
        The same of the noise: a weaker tail is not seen. None with too little sound.
    follows : float or None
        How well the echo's powers follow the far end's, -1 to 1; None with too little sound.
    holes : float or None
        Share of the hops in which a band is missing.
    linear : float or None
        Share of the microphone's power that the far end's waveform explains.
    quiet : float or None
        Share of the far end's loud hops in which the microphone holds hardly more than the room.
    """

    kind: Kind | None
    tail_db: float | None
    noise_db: float | None
    follows: float | None
    holes: float | None
    linear: float | None
    quiet: float | None

    @property
    def is_linear(self) -> bool:
        """Whether nothing was cut out of it: no suppressor had its hands in it."""
        return self.follows is not None and self.follows >= FOLLOWS and (self.holes or 0.0) <= FOLLOWS_HOLES


def echo_kind(mic: Samples, speaker: Samples, *, rate_hz: int, lag_s: float) -> EchoKind:
    """Return what kind of echo it is.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,)
        Half a minute is plenty.
    rate_hz : int
    lag_s : float
        How much later the microphone repeats the speaker.
    """
    frames = min(mic.size, speaker.size)
    mic, speaker = mic[:frames], speaker[:frames]
    follows, holes, quiet = _powers(mic, moved(speaker, round(lag_s * rate_hz)), rate_hz)
    linear = _linear(mic, speaker, rate_hz, lag_s)
    path = _response(moved(mic, -round((lag_s - BEFORE_S) * rate_hz)), speaker, rate_hz)
    tail_db, noise_db = (None, None) if path is None else _tail(path, rate_hz)
    evidence = EchoKind(
        kind=None, tail_db=tail_db, noise_db=noise_db, follows=follows, holes=holes, linear=linear, quiet=quiet
    )
    return replace(evidence, kind=_kind(evidence, lag_s * MS))


def _kind(seen: EchoKind, delay_ms: float) -> Kind | None:
    """Return the word that the evidence is strong enough for."""
    if seen.follows is None or seen.holes is None or seen.quiet is None or seen.linear is None:
        return None
    is_left = seen.follows < LEFT and seen.holes > LEFT_HOLES and seen.linear < LEFT_LINEAR
    if is_left and seen.quiet > LEFT_QUIET:
        return "residual"
    if seen.follows < FOLLOWS or seen.noise_db is None:
        return None
    if seen.noise_db <= CLEAR_DB and seen.tail_db is not None and seen.tail_db >= ROOM_DB:
        return "acoustic"
    if seen.noise_db <= CLEAR_WIRE_DB and (seen.tail_db is None or seen.tail_db <= WIRE_DB):
        return "loopback" if abs(delay_ms) < LOOPBACK_MS else "line"
    return None


def _linear(mic: Samples, speaker: Samples, rate_hz: int, lag_s: float) -> float | None:
    meter = PathMeter(rate_hz, rate_hz)
    meter.push(moved(mic, -round(lag_s * rate_hz)), speaker)
    path = meter.result()
    return None if path is None else 1 - path.near_share


def _powers(mic: Samples, speaker: Samples, rate_hz: int) -> tuple[float | None, float | None, float | None]:
    """Return how well powers follow the far end's and the share of holes, medians over the bands, and of the quiet."""
    heard, said = band_powers(mic, rate_hz), smeared(band_powers(speaker, rate_hz))
    floor = np.percentile(heard, FLOOR_PERCENTILE, axis=0) + TINY if heard.size else np.zeros(0)
    bands = [_band(heard[:, band], said[:, band], floor[band]) for band in range(floor.size)]
    told = [band for band in bands if band is not None]
    if not told:
        return None, None, None
    follows, holes = np.median(np.array(told), axis=0)
    under = heard.sum(axis=1)[_loud(said.sum(axis=1))]
    quiet = np.mean(under < 10 ** (QUIET_DB / 10) * (np.percentile(heard.sum(axis=1), FLOOR_PERCENTILE) + TINY))
    return float(follows), float(holes), float(quiet)


def _band(heard: Bands, said: Bands, floor: float) -> tuple[float, float] | None:
    """Return correlation and holes of one band; None where the far end has too little in it."""
    loud = _loud(said)
    if np.count_nonzero(loud) < LEAST_HOPS:
        return None
    ear, mouth = (10 * np.log10(power[loud] + TINY) for power in (heard, said))
    if not np.ptp(ear) or not np.ptp(mouth):
        return None
    ratio_db = ear - mouth
    expected_db = mouth + np.percentile(ratio_db, LOUDEST_PERCENTILE)
    clear = expected_db > 10 * np.log10(floor) + CLEAR_OF_FLOOR_DB
    holes = float(np.mean(ear[clear] < expected_db[clear] - HOLE_DB)) if clear.any() else 0.0
    return float(np.corrcoef(ear, mouth)[0, 1]), holes


def _loud(said: Bands) -> NDArray[np.bool_]:
    return np.asarray(said > np.percentile(said, 95) * 10 ** (-LOUD_DB / 10))


def _response(mic: Samples, speaker: Samples, rate_hz: int) -> NDArray[np.float64] | None:
    """Return the least-squares response from speaker to microphone; None with too little of the far end."""
    size = round(FRAME_S * rate_hz)
    if mic.size < size:
        return None
    window = np.hanning(size).astype(np.float32)
    ears, mouths = (
        np.fft.rfft(np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // 4] * window)
        for sound in (mic, speaker)
    )
    power = np.abs(mouths) ** 2
    loudness = power.mean(axis=1)
    spoken = loudness > np.percentile(loudness, 95) * 1e-3
    if np.count_nonzero(spoken) < LEAST_FRAMES:
        return None
    # A talker hides the echo: each frame counts by how quiet the microphone is.
    near = np.mean(np.abs(ears) ** 2, axis=1)
    weight = (spoken / (near + 0.1 * near.mean() + TINY))[:, None]
    far = (weight * power).sum(axis=0)
    path = (weight * ears * np.conj(mouths)).sum(axis=0) / (far + 1e-3 * np.median(far) + TINY)
    hertz = np.fft.rfftfreq(size, 1 / rate_hz)
    path[(hertz < BAND_HZ[0]) | (hertz > min(BAND_HZ[1], NYQUIST_SHARE * rate_hz / 2))] = 0
    return np.asarray(np.fft.irfft(path, size))


def _tail(response: NDArray[np.float64], rate_hz: int) -> tuple[float | None, float | None]:
    """Return the tail's energy and the noise's over that of the direct sound, in dB."""
    energy = response**2
    peak = int(energy[: round(SEARCH_S * rate_hz)].argmax())

    def within(begin_s: float, end_s: float) -> NDArray[np.float64]:
        return energy[max(0, peak + round(begin_s * rate_hz)) : max(0, peak + round(end_s * rate_hz))]

    direct, before = float(within(-DIRECT_S, DIRECT_S).sum()), within(-0.080, -0.005)
    if direct <= 0 or not before.size:
        return None, None
    noise = float(before.mean()) * within(*TAIL_S).size
    tail = float(within(*TAIL_S).sum()) - noise
    noise_db = 10 * float(np.log10(max(noise, TINY * direct) / direct))
    return (10 * float(np.log10(tail / direct)) if tail > noise / 10 else None), noise_db
