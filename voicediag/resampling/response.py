"""What became of each tone of the plan: gain, images, aliases, noise, and the delay that its phase tells."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from voicediag.limits import Limit
from voicediag.resampling.locate import Place, place
from voicediag.resampling.plan import LANDING_SHARE, PEAK, REFERENCE_HZ, VOICE_SHARE, Plan, Tone
from voicediag.resampling.tones import Array, Line, db, fit, rms

MOST_LINES = 33
# Lines closer to each other than this share of what the window resolves are one.
LEAST_CYCLES = 1.5
DELAY_PAIR_HZ = (947, 1_047)
TELEPHONE_HZ = 3_400.0
CLEARLY_TURNED = -0.9
# A part of a tone resolves less and is steady all the same: only what was torn is that much cleaner in one of them.
PARTS = 4
FAR_CLEANER = Limit(6.0, "dB", "house rule: a quarter of a steady tone resolves that much less, and is no cleaner")
HUSHED = Limit(3.0, "dB", "house rule: a part that is half as strong as all of the tone has a gap in it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One line of the output that a tone became.

    Attributes
    ----------
    order : int
        0 is the tone itself; any other is an image.
    prototype_hz : int
        Where it lay before the output was sampled: the resampler's response at this frequency is `gain_db`.
    at_hz : int
        Where it is heard, from 0 to half of the output's rate.
    gain_db : float
        Relative to the tone that went in.
    """

    order: int
    prototype_hz: int
    at_hz: int
    gain_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of one tone.

    Attributes
    ----------
    frequency_hz : int
    heard : tuple of Heard
        The tone and its images. Of a tone above half of the output's rate all of them are aliases.
    phase_rad : float
        Of the tone, at sample 0.
    rest_db : float
        Everything but the tone, relative to the tone that went in; of an alias, everything.
    offset : float
        The mean of that.
    beside_gap : bool
        Whether it was read beside a gap or a click of a recording.
    """

    frequency_hz: int
    heard: tuple[Heard, ...]
    phase_rad: float
    rest_db: float
    offset: float
    beside_gap: bool = False

    @property
    def gain_db(self) -> float:
        """The gain of the tone itself."""
        return self.heard[0].gain_db

    @property
    def sinad_db(self) -> float:
        """The tone above everything else."""
        return self.gain_db - self.rest_db

    @property
    def images_db(self) -> float | None:
        """All images together; None where none are possible."""
        powers = [10 ** (line.gain_db / 10) for line in self.heard if line.order]
        return 10 * math.log10(sum(powers) + 1e-40) if powers else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a resampler does to each frequency.

    Attributes
    ----------
    within, above : tuple of Reading
        The tones that both rates can hold, and those that only the input can, by frequency.
    references : tuple of Reading
        The tone of 997 Hz at the start, in the middle and at the end.
    place : Place
    """

    plan: Plan
    within: tuple[Reading, ...]
    above: tuple[Reading, ...]
    references: tuple[Reading, ...]
    place: Place

    @property
    def sinad_997_db(self) -> float:
        """The worst of the three readings of 997 Hz."""
        return min(reading.sinad_db for reading in self.references)

    @property
    def gain_997_db(self) -> float:
        """The gain that the others are held against."""
        return float(np.median([reading.gain_db for reading in self.references]))

    @property
    def worst_sinad_db(self) -> float:
        """The worst of all tones of the voice zone."""
        return min(reading.sinad_db for reading in (*self.references, *self.zone))

    @property
    def offset(self) -> float:
        """What is added to every sample."""
        return float(np.median([reading.offset for reading in self.references]))

    @property
    def zone(self) -> tuple[Reading, ...]:
        """The tones below 0.85 of half of the lower rate."""
        return tuple(reading for reading in self.within if reading.frequency_hz <= VOICE_SHARE * self.plan.shared_hz)

    def alias_db(self, *, landing_share: float = LANDING_SHARE) -> float | None:
        """Return the loudest alias that lands below a share of half of the output's rate; None where none can."""
        least_hz = self.plan.rate_out_hz * (1 - landing_share / 2)
        return max((each.rest_db for each in self.above if each.frequency_hz >= least_hz), default=None)

    def image_db(self, *, below_hz: float) -> float | None:
        """Return the loudest images of any tone below a frequency, relative to it; None where there can be none."""
        readings = (*self.references, *self.within)
        found = [
            images - reading.gain_db
            for reading in readings
            if reading.frequency_hz <= below_hz and (images := reading.images_db) is not None
        ]
        return max(found, default=None)

    def droop_db(self, frequency_hz: float) -> float | None:
        """Return by how much a frequency is softer than 997 Hz; None where the plan has none within 1 %."""
        nearest = min(self.within, key=lambda each: abs(each.frequency_hz - frequency_hz))
        near = abs(nearest.frequency_hz / frequency_hz - 1) < 0.01
        return self.gain_997_db - nearest.gain_db if near else None

    def ripple_db(self) -> float | None:
        """Return the largest gain below 0.7 of half of the lower rate above the smallest there."""
        gains = [each.gain_db for each in self.within if each.frequency_hz <= 0.7 * self.plan.shared_hz]
        return max(gains) - min(gains) if gains else None

    def width_hz(self, down_db: float = 3.0) -> float | None:
        """Return where the gain first falls below what it is at 997 Hz by so much, between tones; None if nowhere."""
        wanted = self.gain_997_db - down_db
        for before, after in zip(self.within, self.within[1:], strict=False):
            if before.frequency_hz > REFERENCE_HZ and after.gain_db < wanted <= before.gain_db:
                share = (before.gain_db - wanted) / (before.gain_db - after.gain_db)
                return before.frequency_hz + share * (after.frequency_hz - before.frequency_hz)
        return None

    def delay_s(self) -> float:
        """Return the group delay around 1 kHz: the slope of the phase between 947 and 1047 Hz."""
        low, high = (next(each for each in self.within if each.frequency_hz == hz) for hz in DELAY_PAIR_HZ)
        apart_hz = (high.frequency_hz - low.frequency_hz) * (1 + self.place.speed)
        around = 1 / apart_hz
        slope_s = -(high.phase_rad - low.phase_rad) / (2 * math.pi * apart_hz)
        # The phase knows the delay but for whole turns; the chirps know which.
        return slope_s + round((self.place.delay_s - slope_s) / around) * around

    @property
    def gaps(self) -> int:
        """How many tones of a recording were read beside a gap or a click."""
        return sum(reading.beside_gap for reading in (*self.references, *self.within, *self.above))

    @property
    def inverted(self) -> bool:
        """Whether its polarity is the other one."""
        low = next(each for each in self.within if each.frequency_hz == DELAY_PAIR_HZ[0])
        turned = low.phase_rad + 2 * math.pi * low.frequency_hz * (1 + self.place.speed) * self.delay_s()
        return math.cos(turned) < CLEARLY_TURNED


def measure(plan: Plan, output: Array, *, spares_gaps: bool = False) -> Response | None:
    """Return what became of the plan; None where it cannot be found in the output.

    A live recording has gaps and clicks that are no resampler's: `spares_gaps` reads each tone beside them.
    """
    from threadpoolctl import threadpool_limits

    where = place(plan, output)
    if where is None:
        return None
    # Fits of some hundred rows are slower on two threads than on one.
    with threadpool_limits(limits=1, user_api="blas"):
        read = _beside_gaps if spares_gaps else _reading
        readings = [(tone, read(plan, output, tone, where)) for tone in plan.tones]
    heard = [(tone, reading) for tone, reading in readings if reading is not None]
    shared = plan.shared_hz
    plain = sorted((reading for tone, reading in heard if not tone.is_reference), key=lambda each: each.frequency_hz)
    references = tuple(reading for tone, reading in heard if tone.is_reference)
    within = tuple(each for each in plain if each.frequency_hz < shared)
    if not references or not {each.frequency_hz for each in within}.issuperset(DELAY_PAIR_HZ):
        return None
    return Response(
        plan=plan,
        within=within,
        above=tuple(each for each in plain if each.frequency_hz >= shared),
        references=references,
        place=where,
    )


def _reading(plan: Plan, output: Array, tone: Tone, where: Place) -> Reading | None:
    """Return what became of one tone; None where the output ends before."""
    rate = plan.rate_out_hz
    start, end = where.frame(tone.start_s, rate), where.frame(tone.end_s, rate)
    if start < 0 or end > output.size:
        return None
    window = output[start:end]
    lines = lines_of(tone.frequency_hz, plan, window.size, speed=where.speed)
    _, alone = fit(window, lines[:1], rate, start=start)
    amplitudes, _ = fit(window, lines, rate, start=start)
    heard = tuple(
        Heard(
            order=line.order,
            prototype_hz=abs(line.prototype_hz),
            at_hz=min(line.at_hz, rate - line.at_hz),
            gain_db=db(abs(amplitude) / PEAK),
        )
        for line, amplitude in zip(lines, amplitudes, strict=True)
    )
    rest = window if tone.frequency_hz >= plan.shared_hz else alone
    return Reading(
        frequency_hz=tone.frequency_hz,
        heard=heard,
        phase_rad=float(np.angle(amplitudes[0])),
        rest_db=db(rms(rest) * math.sqrt(2) / PEAK),
        offset=float(np.mean(alone)),
    )


def _beside_gaps(plan: Plan, output: Array, tone: Tone, where: Place) -> Reading | None:
    """Return what became of one tone: of all of it, or of its cleanest part where that is far cleaner."""
    whole = _reading(plan, output, tone, where)
    if whole is None:
        return None
    step_s = (tone.end_s - tone.start_s) / PARTS
    parts = [
        replace(tone, start_s=tone.start_s + part * step_s, end_s=tone.start_s + (part + 1) * step_s)
        for part in range(PARTS)
    ]
    found = [reading for part in parts if (reading := _reading(plan, output, part, where))]
    # What is silent is a gap; of a tone that the output cannot hold, silence is right.
    heard = [
        part for part in found if part.frequency_hz >= plan.shared_hz or part.gain_db > whole.gain_db - HUSHED.value
    ]
    best = min(heard, key=lambda part: part.rest_db, default=whole)
    return replace(best, beside_gap=True) if best.rest_db < whole.rest_db - FAR_CLEANER.value else whole


def lines_of(frequency_hz: int, plan: Plan, frames: int, *, speed: float = 0.0, most: int = MOST_LINES) -> list[Line]:
    """Return the lines that a tone may become, the tone first, then its images from the nearest on.

    Raising the rate by a whole number repeats the spectrum around each multiple of the input's rate; the output's rate
    folds that. Nothing that is linear makes any other line.
    """
    rate = plan.rate_out_hz
    apart_hz = LEAST_CYCLES * rate / frames
    found: list[Line] = []
    orders = [0] + [order for step in range(1, plan.images) for order in (-step, step)]
    for order in orders[: min(plan.images, most)]:
        prototype = order * plan.rate_in_hz + frequency_hz
        line = Line(order=order, prototype_hz=prototype, at_hz=prototype % rate, moved_hz=prototype * speed)
        folded = min(line.at_hz, rate - line.at_hz)
        taken = [min(other.at_hz, rate - other.at_hz) for other in found]
        # What lies at 0 or at half of the rate has one amplitude and no phase.
        free = apart_hz < folded < rate / 2 - apart_hz and all(abs(folded - other) > apart_hz for other in taken)
        if free or not found:
            found.append(line)
    return found
