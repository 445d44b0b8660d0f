"""The one call: a resampler and two rates in, a `Report` out."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from voicediag.errors import InputError
from voicediag.resampling import grades
from voicediag.resampling.arguments import Rates
from voicediag.resampling.chunks import Chunking, HoldUp, chunkings, hold_up, pause_lost_ms
from voicediag.resampling.impulses import Impulse, impulse
from voicediag.resampling.intermodulation import intermodulation
from voicediag.resampling.measured import LIVE, NARROW_HZ, TELEPHONE, WIDEBAND, Part
from voicediag.resampling.numbers import Number, above_floor, below_floor, gain_floor_db, sinad_floor_db
from voicediag.resampling.plan import VOICE_SHARE, Plan, plan, sweep
from voicediag.resampling.probe import probed
from voicediag.resampling.report import Report
from voicediag.resampling.response import TELEPHONE_HZ, Response, measure
from voicediag.resampling.sample_types import INT16, SampleType
from voicediag.resampling.target import Target, target_of
from voicediag.resampling.tones import Array
from voicediag.resampling.whole_numbers import WholeNumbers, examine

LEAST_HZ, MOST_HZ = 4_000, 384_000
TRIAL_S = 0.25
# All test signals together are about 40 s long; what would take longer than this for them gets the brief ones.
PATIENCE_S, WHOLE_S = 20.0, 40.0
# Level and clock of a recording are those of who played and recorded it.
OF_THE_WAY = ("gain_997_db", "clock_error_ppm")
BOTH = (WIDEBAND, TELEPHONE)


def evaluate(
    target: Any,
    rate_in_hz: int,
    rate_out_hz: int,
    *,
    live: bool = True,
    pauses: bool = True,
    sample_type: str | None = None,
    name: str | None = None,
) -> Report:
    """Return what a resampler does to voice between two rates.

    Parameters
    ----------
    target : callable, class or object
        A function of the samples (and of the rates, if its arguments are named so), an object with `push`, `process`,
        `resample_chunk` or the like, a class of such, or a function without arguments that makes one.
    rate_in_hz, rate_out_hz : int
    live : bool
        Whether it is to be used chunk by chunk. A function is then called anew for each chunk, as apps do.
    pauses : bool
        Whether a live one is also left alone for a quarter of a second, in real time.
    sample_type : str, optional
        ``float64``, ``float32``, ``int16``, ``bytes`` or ``bytearray``; found by trying where it is left out.
    name : str, optional

    Raises
    ------
    InputError
        Where it takes no sound, or the rates make no sense.

    Examples
    --------
    >>> import numpy as np
    >>> def linear(samples):
    ...     return np.interp(np.arange(len(samples) * 2 // 3) * 1.5, np.arange(len(samples)), samples)
    >>> report = evaluate(linear, 24_000, 16_000, live=False)
    >>> report.grade, round(report.droop_3400_db, 1)
    ('F', 0.4)
    """
    from threadpoolctl import threadpool_limits

    rates = rates_of(rate_in_hz, rate_out_hz)
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(all="ignore"):
        ready = probed(target_of(target, rates, name=name), sample_type=_sample_type(sample_type))
        brief = _speed_s(ready) * WHOLE_S > PATIENCE_S
        signal = plan(rates.in_hz, rates.out_hz, brief=brief)
        began = time.perf_counter()
        output = ready.whole(signal.samples)
        speed_s = (time.perf_counter() - began) / signal.duration_s
        response = measure(signal, np.nan_to_num(output))
        if response is None and ready.keeps_state:
            # Some are late by a chunk, however long it is.
            ready = replace(ready, in_chunks=True)
            output = ready.whole(signal.samples)
            response = measure(signal, np.nan_to_num(output))
        ends = examine(ready, signal, output)
        mixed = intermodulation(ready, signal)
        shape = impulse(ready, signal) if not brief else None
        swept = np.zeros(0) if brief else np.nan_to_num(ready.whole(sweep(rates.in_hz)))
        cuts = tuple(chunkings(ready, signal, brief=brief)) if live else ()
        held = hold_up(ready, signal) if live else None
        paused = pause_lost_ms(ready, signal) if live and pauses and ready.keeps_state else None
    floor_db = sinad_floor_db(signal, ready.sample_type)
    numbers = _numbers(response, floor_db, ready.sample_type, cuts, held)
    width_hz = _width_hz(shape, response)
    numbers |= {"width_3db_hz": _exact(width_hz)} if width_hz else {}
    numbers |= {"imd_db": mixed} if mixed else {}
    return Report(
        name=ready.name,
        plan=signal,
        sample_type=ready.sample_type,
        scale=ready.scale,
        keeps_state=ready.keeps_state,
        live=live,
        output=output,
        sweep=swept,
        response=response,
        impulse=shape,
        chunkings=cuts,
        held=held,
        ends=ends,
        numbers=numbers,
        parts=tuple(_parts(numbers, ends, signal)),
        speed_s=speed_s,
        tail_lost_ms=_tail_lost_ms(signal, output, response),
        lingers=ready.lingers,
        pause_lost_ms=paused,
    )


def judged_output(signal: Plan, output: Array, *, name: str, kind: SampleType) -> Report:
    """Return the report on a plan that was played somewhere else, and of which only the output came back."""
    response = measure(signal, np.nan_to_num(output), spares_gaps=True)
    numbers = _numbers(response, sinad_floor_db(signal, kind), kind, (), None)
    width_hz = _width_hz(None, response)
    numbers |= {"width_3db_hz": _exact(width_hz)} if width_hz else {}
    ends = WholeNumbers(
        wraps=0, square_samples=0, noisy_silence=0, silence_samples=0,
        not_finite=int(np.count_nonzero(~np.isfinite(output))),
    )  # fmt: skip
    return Report(
        name=name,
        plan=signal,
        sample_type=kind,
        scale=1.0,
        keeps_state=True,
        live=False,
        output=output,
        sweep=np.zeros(0),
        response=response,
        impulse=None,
        chunkings=(),
        held=None,
        ends=ends,
        numbers=numbers,
        parts=tuple(part for part in _parts(numbers, ends, signal) if part.key not in OF_THE_WAY),
        speed_s=0.0,
        tail_lost_ms=0.0,
    )


def _width_hz(shape: Impulse | None, response: Response | None) -> float | None:
    """Return the -3 dB point: from the impulse response where that tells it, else between two tones."""
    if shape is not None and response is not None and shape.tells_gain:
        return shape.width_hz(response.plan)
    return response.width_hz() if response else None


def rates_of(rate_in_hz: int, rate_out_hz: int) -> Rates:
    """Return a pair of rates.

    Raises
    ------
    InputError
        Where one of them is no rate of sound.
    """
    for rate in (rate_in_hz, rate_out_hz):
        if not LEAST_HZ <= rate <= MOST_HZ or rate != int(rate):
            raise InputError(
                expected=f"rates from {LEAST_HZ} to {MOST_HZ} Hz, in whole Hz", got=f"{rate!r}", likely="kHz for Hz"
            )
    return Rates(in_hz=int(rate_in_hz), out_hz=int(rate_out_hz))


def _sample_type(name: str | None) -> SampleType | None:
    try:
        return SampleType(name) if name else None
    except ValueError:
        raise InputError(expected=f"one of {', '.join(SampleType)}", got=repr(name)) from None


def _speed_s(target: Target) -> float:
    """Return how long a second of sound takes, from the second time on: the first one may compile or load."""
    sound = np.zeros(round(TRIAL_S * target.rates.in_hz))
    target.whole(sound)
    began = time.perf_counter()
    target.whole(sound)
    return (time.perf_counter() - began) / TRIAL_S


def _tail_lost_ms(signal: Plan, output: Array, response: Response | None) -> float:
    """Return how much of the end is missing; one sample is no tail."""
    if response is None:
        return 0.0
    ended_s = signal.duration_s / (1 + response.place.speed) + max(0.0, response.delay_s())
    lost = ended_s * signal.rate_out_hz - output.size
    return 1_000 * lost / signal.rate_out_hz if lost > 1.5 else 0.0


def _numbers(
    response: Response | None, floor_db: float, kind: SampleType, cuts: tuple[Chunking, ...], held: HoldUp | None
) -> dict[str, Number]:
    """Return every number that arises, beside its floor."""
    found: dict[str, Number | None] = {}
    if response is not None:
        found |= _of_response(response, floor_db)
    taken = [cut for cut in cuts if not cut.refused]
    if taken:
        # Twenty decibels below the noise of the type the comparison itself adds up rounding errors.
        found["boundary_error_db"] = below_floor(max(cut.error_db for cut in taken), -min(floor_db, 300.0))
        drift = max((cut.drift_ppm for cut in taken), key=abs)
        found["length_drift_ppm"] = _at_least(drift, 1e3 if kind.is_integer else 1.0)
    if held is not None:
        found |= {"hold_up_mean_ms": _exact(held.mean_ms), "hold_up_max_ms": _exact(held.max_ms)}
        late = held.mean_ms + (max(0.0, 1_000 * response.delay_s()) if response else 0.0)
        found["late_ms"] = _exact(late)
    return {key: number for key, number in found.items() if number is not None}


def _of_response(response: Response, floor_db: float) -> dict[str, Number | None]:
    zone_hz = VOICE_SHARE * response.plan.shared_hz
    frames = response.plan.rate_out_hz // 10
    gain_floor = gain_floor_db(floor_db, frames)

    def rejected(level: float | None) -> Number | None:
        return above_floor(None if level is None else -level, floor_db)

    def gain(value: float | None) -> Number | None:
        return None if value is None else _at_least(value, gain_floor, digits=True)

    delay_ms = 1_000 * response.delay_s()
    noise = 10 ** (-floor_db / 20)
    delay_floor = 1_000 * noise * (2 / frames) ** 0.5 / (2 * math.pi * 100)
    return {
        "sinad_997_db": above_floor(response.sinad_997_db, floor_db),
        "worst_sinad_db": above_floor(response.worst_sinad_db, floor_db),
        "alias_rejection_db": rejected(response.alias_db()),
        "alias_rejection_nyquist_db": rejected(response.alias_db(landing_share=1.0)),
        "image_rejection_db": rejected(response.image_db(below_hz=zone_hz)),
        "image_rejection_nyquist_db": rejected(response.image_db(below_hz=response.plan.shared_hz)),
        "image_rejection_telephone_db": rejected(response.image_db(below_hz=TELEPHONE_HZ * 1.01)),
        "droop_3400_db": gain(response.droop_db(3_400)),
        "droop_7000_db": gain(response.droop_db(7_000)),
        "ripple_db": gain(response.ripple_db()),
        "gain_997_db": gain(response.gain_997_db),
        "delay_ms": _at_least(delay_ms, delay_floor, digits=True),
        "offset_lsb": _at_least(response.offset * INT16, noise * INT16 / frames**0.5, digits=True),
        "clock_error_ppm": _exact(1e6 * response.place.speed),
    }


def _exact(value: float) -> Number:
    """Return a count, which has no floor but zero."""
    return Number(value=value, floor=0.0, at_floor=False)


def _at_least(value: float, floor: float, *, digits: bool = False) -> Number:
    """Return a value that may have either sign, nothing of which is told below its floor."""
    scaled = floor if digits else floor * 1e-4
    return Number(value=0.0 if abs(value) <= scaled else value, floor=scaled, at_floor=abs(value) <= scaled)


def _parts(numbers: dict[str, Number], ends: WholeNumbers, signal: Plan) -> list[Part]:
    """Return what is graded, and what for."""
    wide = signal.rate_in_hz > 2 * NARROW_HZ
    everywhere = BOTH if wide else (TELEPHONE,)
    rows = [
        ("alias_rejection_db", grades.ALIASES, (WIDEBAND,)),
        ("image_rejection_db", grades.IMAGES, (WIDEBAND,)),
        ("image_rejection_telephone_db", grades.TELEPHONE_IMAGES, (TELEPHONE,)),
        ("sinad_997_db", grades.SINAD, everywhere),
        ("droop_3400_db", grades.DROOP, everywhere),
        ("droop_7000_db", grades.WIDE_DROOP, (WIDEBAND,)),
        ("gain_997_db", grades.GAIN, everywhere),
        ("clock_error_ppm", grades.DRIFT, everywhere),
        ("boundary_error_db", grades.SEAMS, (LIVE,)),
        ("length_drift_ppm", grades.DRIFT, (LIVE,)),
        ("late_ms", grades.LATE, (LIVE,)),
    ]
    signed = {"droop_3400_db", "droop_7000_db", "gain_997_db", "clock_error_ppm", "length_drift_ppm"}
    parts = [
        Part(key=key, number=_unsigned(numbers[key]) if key in signed else numbers[key], scale=scale, of=of)
        for key, scale, of in rows
        if key in numbers and (wide or of != (WIDEBAND,))
    ]
    counts = {"wrapped_samples": ends.wraps, "not_finite_samples": ends.not_finite}
    return parts + [
        Part(key=key, number=_exact(count), scale=grades.NONE, of=everywhere) for key, count in counts.items() if count
    ]


def _unsigned(number: Number) -> Number:
    return Number(value=abs(number.value), floor=number.floor, at_floor=number.at_floor)
