"""What kind of echo it is: through a room, a hybrid, a line or a loopback, or what a canceller left of one.

What is measured
    Whether the echo's way has a tail, and how long; whether the far end's waveform is still in it; and whether its
    powers follow the far end's, or have holes.
Method
    The tails and the fit are those of `measure.echo_response`. A way whose direct sound stands clear of the noise, or
    which explains the clearest tenth of the echo, is linear: nothing was cut out of that echo. A room goes on beyond
    20 ms, a hybrid ends before (the path models of ITU-T G.168, annex D), a wire has no tail at all. What is not
    linear is a canceller's work if dB do not follow dB, band by band, and there are holes: hops in which a band lies
    `HOLE_DB` below the loudest tenth, relative to the far end. Linear ways have none, suppressors cut them.
Conventions
    float32 samples of one rate, shape (frames,), beginning together; a positive lag means that the microphone is later.
    dB relative to the direct sound.
Differences from other tools
    Delay alone does not tell them apart: a loopback may be late and a loudspeaker at the microphone early. None where
    the evidence is too weak for a word. It takes an echo for granted: two strangers look like what a canceller left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voicediag.measure._filters import Samples
from voicediag.measure.echo_response import EchoResponse, echo_response
from voicediag.measure.single_talk import FLOOR_PERCENTILE, Bands, band_powers, moved, smeared

Kind: TypeAlias = Literal["acoustic", "hybrid", "line", "loopback", "residual"]

LOUD_DB = 20.0
HOLE_DB = 20.0
QUIET_DB = 10.0
CLEAR_OF_FLOOR_DB = 15.0
LOUDEST_PERCENTILE = 90.0
LEAST_HOPS = 50
# A tail that is not seen lies this far below the noise at least: what stands a tenth above it counts as seen.
UNSEEN_DB = 10.0
MS = 1_000.0
TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class KindMarks:
    """Where one kind ends and the next begins; between two marks there is no word.

    They were chosen on one half of the material of ``benchmarks.kinds``, which reports the other.

    Attributes
    ----------
    linear_fit, linear_noise_db, least_fit : float
        A way that explains the clearest tenth so well, or whose noise lies so low while it explains something, is
        linear.
    left_fit, left_follows, left_holes, left_quiet : float
        Below such a fit, below such a correlation of powers, and above such a share of holes a canceller was at work,
        if the microphone is down at the room's level for such a share of the far end's loud hops: a user who talks all
        the time hides an echo as well.
    room_late_db, room_early_db : float
        A tail so strong after 20 ms is a room's; before that only where the way reaches beyond a telephone's band.
    hybrid_early_db, hybrid_fall_db : float
        A hybrid's early reflections, and by how much they must have fallen after 20 ms.
    wire_db : float
        A wire's early reflections lie below this: what is left of the direct sound's own spread.
    wide_db : float
        What passes above 4.2 kHz, beside what passes below 3 kHz, of a way that is no telephone's.
    loopback_ms : float
        Sound needs 3 ms a metre, and a converter at either end a few more.
    """

    linear_fit: float = 0.62
    linear_noise_db: float = -10.0
    least_fit: float = 0.3
    left_fit: float = 0.5
    left_follows: float = 0.35
    left_holes: float = 0.15
    left_quiet: float = 0.45
    room_late_db: float = -27.0
    room_early_db: float = -18.0
    hybrid_early_db: float = -20.0
    hybrid_fall_db: float = 24.0
    wire_db: float = -23.0
    wide_db: float = -20.0
    loopback_ms: float = 5.0


MARKS = KindMarks()


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoKind:
    """What kind of echo it is, and on which evidence.

    Attributes
    ----------
    kind : {"acoustic", "hybrid", "line", "loopback", "residual"} or None
        Through a room; through a telephone's hybrid; without either, late or at once; left by a canceller; None where
        it cannot be told.
    is_linear : bool
        Whether nothing was cut out of it: no suppressor had its hands in it.
    response : EchoResponse or None
        Its way; None with too little sound.
    follows : float or None
        How well the echo's powers follow the far end's, -1 to 1; None with too little sound.
    holes : float or None
        Share of the hops in which a band is missing.
    """

    kind: Kind | None
    is_linear: bool
    response: EchoResponse | None
    follows: float | None
    holes: float | None


def echo_kind(mic: Samples, speaker: Samples, *, rate_hz: int, lag_s: float, marks: KindMarks = MARKS) -> EchoKind:
    """Return what kind of echo it is.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,)
        Half a minute is plenty.
    rate_hz : int
    lag_s : float
        How much later the microphone repeats the speaker.
    marks : KindMarks, optional
    """
    frames = min(mic.size, speaker.size)
    mic, speaker = mic[:frames], speaker[:frames]
    follows, holes = _powers(mic, moved(speaker, round(lag_s * rate_hz)), rate_hz)
    response = echo_response(mic, speaker, rate_hz=rate_hz, lag_s=lag_s)
    is_linear = response is not None and (
        response.clearest >= marks.linear_fit
        or (response.clearest >= marks.least_fit and response.early_noise_db <= marks.linear_noise_db)
    )
    kind: Kind | None = None
    if response is not None and is_linear:
        kind = _way(response, marks, rate_hz, lag_s)
    elif response is not None and follows is not None and holes is not None:
        is_lost = response.clearest < marks.left_fit and response.early_noise_db > marks.linear_noise_db
        is_cut = follows < marks.left_follows and holes > marks.left_holes
        is_alone = _quiet(mic, moved(speaker, round(lag_s * rate_hz)), rate_hz) > marks.left_quiet
        kind = "residual" if is_lost and is_cut and is_alone else None
    return EchoKind(kind=kind, is_linear=is_linear, response=response, follows=follows, holes=holes)


def _way(seen: EchoResponse, marks: KindMarks, rate_hz: int, lag_s: float) -> Kind | None:
    """Return the word for a linear way."""
    early, late = seen.early_db, seen.late_db
    highest_late = late if late is not None else seen.late_noise_db - UNSEEN_DB
    highest_early = early if early is not None else seen.early_noise_db - UNSEEN_DB
    if late is not None and late >= max(marks.room_late_db, seen.late_noise_db):
        return "acoustic"
    if highest_early <= marks.wire_db and seen.early_noise_db <= marks.wire_db + UNSEEN_DB / 2:
        return "loopback" if abs(lag_s) * MS < marks.loopback_ms else "line"
    if early is None or early < seen.early_noise_db:
        return None
    if _is_wide(seen, marks, rate_hz):
        return "acoustic" if early >= marks.room_early_db else None
    is_short = highest_late <= early - marks.hybrid_fall_db
    return "hybrid" if is_short and early >= marks.hybrid_early_db else None


def _is_wide(seen: EchoResponse, marks: KindMarks, rate_hz: int) -> bool:
    """Whether the way reaches beyond a telephone's band."""
    power, hertz = np.abs(np.fft.rfft(seen.taps)) ** 2, np.fft.rfftfreq(seen.taps.size, 1 / rate_hz)
    above, below = power[(hertz > 4_200) & (hertz < 0.8 * rate_hz / 2)], power[(hertz > 400) & (hertz < 3_000)]
    return bool(above.size and 10 * np.log10((above.mean() + TINY) / (below.mean() + TINY)) >= marks.wide_db)


def _quiet(mic: Samples, speaker: Samples, rate_hz: int) -> float:
    """Return the share of the far end's loud hops in which the microphone holds hardly more than the room."""
    heard, said = (band_powers(sound, rate_hz).sum(axis=1) for sound in (mic, speaker))
    floor = np.percentile(heard, FLOOR_PERCENTILE) + TINY
    return float(np.mean(heard[_loud(smeared(said[:, None])[:, 0])] < 10 ** (QUIET_DB / 10) * floor))


def _powers(mic: Samples, speaker: Samples, rate_hz: int) -> tuple[float | None, float | None]:
    """Return how well powers follow the far end's and the share of holes, medians over the bands."""
    heard, said = band_powers(mic, rate_hz), smeared(band_powers(speaker, rate_hz))
    floor = np.percentile(heard, FLOOR_PERCENTILE, axis=0) + TINY if heard.size else np.zeros(0)
    bands = [_band(heard[:, band], said[:, band], floor[band]) for band in range(floor.size)]
    told = [band for band in bands if band is not None]
    if not told:
        return None, None
    follows, holes = np.median(np.array(told), axis=0)
    return float(follows), float(holes)


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
