"""Where the plan lies in what came back: how late, which way up, and how much too fast or too slow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voicediag.resampling.plan import CHIRP_S, REFERENCE_HZ, Plan, Tone, chirp
from voicediag.resampling.tones import Array, Line, fit, rms

# A chirp that is found stands out of everything else by far more; noise alone reaches half of this.
LEAST_MATCH = 0.25
MOST_SPEED_ERROR = 0.2
# How much less sure than four standard errors a speed may be before it is taken for exactly right.
SURE_SIGMAS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How the output's time follows from the input's: ``out_s = in_s / (1 + speed) + delay_s``.

    Attributes
    ----------
    delay_s : float
        Of the chirps, to a tenth of a sample; the tones tell it better.
    speed : float
        By how much the output runs too fast: 1e-6 is 1 ppm.
    match : float
        How well the chirps were found, 0 to 1.
    """

    delay_s: float
    speed: float
    match: float

    def frame(self, in_s: float, rate_hz: int) -> int:
        """Return the frame of the output that a moment of the input became."""
        return round((in_s / (1 + self.speed) + self.delay_s) * rate_hz)


def place(plan: Plan, output: Array) -> Place | None:
    """Return where the plan lies in the output; None where it cannot be found there."""
    rate = plan.rate_out_hz
    first = _chirp_at(plan, output, plan.chirps_s[0], up=True)
    last = _chirp_at(plan, output, plan.chirps_s[1], up=False)
    if first is None or last is None:
        return None
    took_s = (last[0] - first[0]) / rate
    speed = (plan.chirps_s[1] - plan.chirps_s[0]) / took_s - 1 if took_s > 0 else 1.0
    if abs(speed) > MOST_SPEED_ERROR:
        return None
    rough = Place(delay_s=first[0] / rate - plan.chirps_s[0] / (1 + speed), speed=speed, match=min(first[1], last[1]))
    return _refined(plan, output, rough)


def _chirp_at(plan: Plan, output: Array, near_s: float, *, up: bool) -> tuple[float, float] | None:
    """Return the frame at which a chirp begins, with a fraction, and how well it matches."""
    rate = plan.rate_out_hz
    pattern = chirp(np.arange(round(CHIRP_S * rate)) / rate, plan.shared_hz, up=up)
    reach = plan.duration_s * MOST_SPEED_ERROR
    begin = 0 if up else max(0, round((near_s - reach) * rate))
    end = round((near_s + 1.0) * rate) + pattern.size if up else output.size
    part = output[begin:end]
    if part.size < pattern.size:
        return None
    size = 1 << (part.size + pattern.size).bit_length()
    spectrum = np.fft.rfft(part, size) * np.conj(np.fft.rfft(pattern, size))
    match = np.abs(np.fft.irfft(spectrum, size)[: part.size - pattern.size + 1])
    power = np.concatenate([[0.0], np.cumsum(np.square(part))])
    energy = power[pattern.size :] - power[: -pattern.size]
    floor = 1e-3 * float(energy.max(initial=0.0)) + 1e-300
    likeness = match / np.sqrt((energy + floor) * np.sum(np.square(pattern)))
    peak = int(np.argmax(likeness))
    if likeness[peak] < LEAST_MATCH:
        return None
    around = match[max(0, peak - 1) : peak + 2]
    bend = around[0] - 2 * around[1] + around[-1] if around.size == 3 else 0.0
    offset = 0.5 * (around[0] - around[-1]) / bend if bend else 0.0
    return begin + peak + float(np.clip(offset, -0.5, 0.5)), float(likeness[peak])


def _refined(plan: Plan, output: Array, rough: Place) -> Place:
    """Return the place with its speed read from the phases of the reference tones, where they allow it."""
    found = [reading for tone in plan.tones if tone.is_reference if (reading := _phase(plan, output, rough, tone))]
    if len(found) < 2:
        return rough
    (first_s, first, error), (last_s, last, last_error) = found[0], found[-1]
    apart_s = last_s - first_s
    slipped = float(np.angle(np.exp(1j * (last - first)))) / (2 * np.pi * REFERENCE_HZ * apart_s)
    unsure = SURE_SIGMAS * max(error, last_error) / (2 * np.pi * REFERENCE_HZ * apart_s)
    speed = rough.speed + slipped
    # A clock that cannot be told from the right one is the right one: only then is every phase exact.
    if abs(speed) <= unsure + 1e-13:
        speed = 0.0
    delay_s = rough.delay_s + plan.chirps_s[0] * (1 / (1 + rough.speed) - 1 / (1 + speed))
    return Place(delay_s=delay_s, speed=speed, match=rough.match)


def _phase(plan: Plan, output: Array, rough: Place, tone: Tone) -> tuple[float, float, float] | None:
    """Return when a reference tone is heard, its phase there, and the phase's standard error."""
    rate = plan.rate_out_hz
    start, end = rough.frame(tone.start_s, rate), rough.frame(tone.end_s, rate)
    window = output[max(0, start) : end]
    if start < 0 or window.size < end - start:
        return None
    line = Line(order=0, prototype_hz=REFERENCE_HZ, at_hz=REFERENCE_HZ, moved_hz=REFERENCE_HZ * rough.speed)
    amplitudes, rest = fit(window, [line], rate, start=start)
    size = abs(amplitudes[0])
    if size < 1e-9:
        return None
    # Of time at the middle of the window, so that what the fit missed of the frequency does not count.
    return (start + end) / 2 / rate, float(np.angle(amplitudes[0])), rms(rest) / size * (2 / window.size) ** 0.5
