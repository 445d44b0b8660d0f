"""A resampler as a live app uses it, chunk by chunk: what the cutting does to the sound, and when it comes out.

The sound is a chord of steady tones. Whatever a resampler makes of a chord is again a set of steady lines; what is left
once they are taken off is what the cutting did. That needs no alignment, so that a stream which begins at another phase
than the whole recording is not blamed for it. Where both are the same but for a shift, they are compared directly.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from voicediag.errors import InputError
from voicediag.limits import Limit
from voicediag.resampling.plan import Plan
from voicediag.resampling.response import lines_of
from voicediag.resampling.target import Target
from voicediag.resampling.tones import Array, Line, db, fit, rms, sine

CHORD_HZ = (997, 443, 2_711)
CHORD_PEAK = 0.25
SIZES = (128, 160, 441, 480, 1_024)
FEW_SIZES = (160, 480)
RANDOM_MOST = 1_024
SECONDS, WARM_S, COOL_S = 1.6, 0.4, 0.15
EDGE_S = 0.0005
HELD_S, HELD_CHUNK_S = 2.0, 0.02
# Streams that clear themselves do so after 0.2 s without sound.
PAUSED_S, PAUSE_S = 0.4, 0.25
UNSURE = Limit(
    10.0, "dB", "house rule: so far below what one piece leaves of the chord, what chunks leave cannot be told from it"
)
SEARCH_SHARE = 0.04
MOST_LINES = 9
CLEAN = Limit(-60.0, "dB", "house rule: a residue so small leaves no room for a drift of a tenth of a ppm")
MUCH_SMALLER = Limit(0.7, "times", "house rule: 3 dB less is left by a drift that is one; noise alone leaves as much")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """What one way of cutting did.

    Attributes
    ----------
    frames : int or None
        Of each chunk; None where they are of random lengths.
    error_db : float
        What the cutting added or took away, relative to the sound. 0 where nothing came out.
    edge_share : float or None
        How much of the error's energy lies within half a millisecond of a chunk's edge; None where there is none.
    click_db : float or None
        The largest error, relative to the sound's peak.
    drift_ppm : float
        By how much too long the output becomes: negative where samples are lost.
    refused : str
        What it raised; empty where it takes such chunks.
    """

    frames: int | None
    error_db: float
    edge_share: float | None
    click_db: float | None
    drift_ppm: float
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldUp:
    """How long sound is held back, with chunks of 20 ms.

    Attributes
    ----------
    mean_ms, max_ms : float
        Input that was pushed, less output that came out, after each push.
    first_chunk : int or None
        With which chunk something came out first, from 1; None where nothing did.
    pushes, empty : int
        How many chunks were pushed, and how many brought nothing.
    burst_ms : float
        The most that came out at once.
    course_ms : tuple of float
        What was held back after each push.
    """

    mean_ms: float
    max_ms: float
    first_chunk: int | None
    pushes: int
    empty: int
    burst_ms: float
    course_ms: tuple[float, ...]


def chord(plan: Plan, seconds: float) -> Array:
    """Return the chord at the input's rate."""
    at = np.arange(round(seconds * plan.rate_in_hz), dtype=np.int64)
    tones = [sine(hz, plan.rate_in_hz, at, peak=CHORD_PEAK) for hz in _frequencies(plan)]
    return np.asarray(np.sum(tones, axis=0))


def chunkings(target: Target, plan: Plan, *, brief: bool = False) -> Iterator[Chunking]:
    """Yield what each way of cutting does."""
    sound = chord(plan, SECONDS)
    whole = target.whole(sound)
    rough = _Residue.of(whole, plan)
    for frames in (*(FEW_SIZES if brief else SIZES), None):
        try:
            out = np.concatenate(_pushed(target, sound, frames))
        except InputError as error:
            yield Chunking(
                frames=frames, error_db=-400.0, edge_share=None, click_db=None, drift_ppm=0.0,
                refused=error.got,
            )  # fmt: skip
            continue
        yield _compared(frames, np.nan_to_num(out), np.nan_to_num(whole), rough, plan)


def edges_of(frames: int | None, total: int) -> list[int]:
    """Return where the chunks of a sound end, in frames; random lengths are the same ones each time."""
    if frames is not None:
        return [*range(frames, total, frames), total]
    draw = np.random.default_rng(20)
    edges = [0]
    while edges[-1] < total:
        edges.append(min(total, edges[-1] + int(draw.integers(1, RANDOM_MOST))))
    return edges[1:]


def hold_up(target: Target, plan: Plan) -> HoldUp | None:
    """Return how long sound is held back; None where chunks of 20 ms are refused."""
    frames = round(HELD_CHUNK_S * plan.rate_in_hz)
    try:
        sizes = [part.size for part in target.chunked(chord(plan, HELD_S), frames)[:-1]]
    except InputError:
        return None
    out_s = np.cumsum(sizes) / plan.rate_out_hz
    in_s = np.arange(1, len(sizes) + 1) * frames / plan.rate_in_hz
    held_ms = 1_000 * (in_s - out_s)
    came = np.flatnonzero(sizes)
    return HoldUp(
        mean_ms=max(0.0, float(np.mean(held_ms))),
        max_ms=max(0.0, float(np.max(held_ms))),
        first_chunk=int(came[0]) + 1 if came.size else None,
        pushes=len(sizes),
        empty=len(sizes) - came.size,
        burst_ms=1_000 * max(sizes) / plan.rate_out_hz,
        course_ms=tuple(round(float(value), 3) for value in held_ms),
    )


def pause_lost_ms(target: Target, plan: Plan) -> float | None:
    """Return how much sound is lost by a pause in real time, after which some clear what they hold back.

    None where chunks of 20 ms are refused.
    """
    frames = round(HELD_CHUNK_S * plan.rate_in_hz)
    sound = chord(plan, PAUSED_S)
    sizes = []
    for pause_s in (0.0, PAUSE_S):
        stream = target.opened()
        try:
            first = [stream.push(sound[at : at + frames]) for at in range(0, sound.size, frames)]
            time.sleep(pause_s)
            again = [stream.push(sound[at : at + frames]) for at in range(0, sound.size, frames)]
            sizes.append(sum(part.size for part in (*first, *again, stream.flush())))
        except InputError:
            return None
    lost = sizes[0] - sizes[1]
    return 1_000 * lost / plan.rate_out_hz if lost > 1 else 0.0


def _frequencies(plan: Plan) -> list[int]:
    return [hz for hz in CHORD_HZ if hz < 0.8 * plan.shared_hz]


def _pushed(target: Target, sound: Array, frames: int | None) -> list[Array]:
    stream = target.opened()
    begins = [0, *edges_of(frames, sound.size)]
    out = [stream.push(sound[begin:end]) for begin, end in pairwise(begins)]
    return [*out, stream.flush()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Residue:
    """What is left of a chord when its lines are taken off, and how fast it runs."""

    speed: float
    gains: tuple[float, ...]
    rest: Array
    start: int

    @classmethod
    def of(cls, out: Array, plan: Plan) -> _Residue | None:
        """Return the residue of the steady middle; None where there is too little of it."""
        rate = plan.rate_out_hz
        start, end = round(WARM_S * rate), min(out.size, round(SECONDS * rate)) - round(COOL_S * rate)
        if end - start < rate // 2 or not np.any(out[start:end]):
            return None
        window = out[start:end]
        exact = _fitted(window, 0.0, plan, start)
        if exact.error < rms(window) * 10 ** (CLEAN.value / 20):
            return exact
        # By how much the length is off is rough where a tail was lost, and exact where it drifts.
        guesses = (0.0, _peak_speed(window, rate), round(SECONDS * rate) / out.size - 1)
        found = [_fitted(window, _sharpened(window, guess, plan, start), plan, start) for guess in guesses]
        best = min(found, key=lambda each: each.error)
        return best if best.error < exact.error * MUCH_SMALLER.value else exact

    @property
    def error(self) -> float:
        """How loud what is left is."""
        return rms(self.rest)


def _chord_lines(frames: int, speed: float, plan: Plan) -> list[Line]:
    lines = [line for hz in _frequencies(plan) for line in lines_of(hz, plan, frames, speed=speed, most=MOST_LINES)]
    # Lines of two tones that fall together are one.
    return list({line.at_hz: line for line in reversed(lines)}.values())


def _fitted(window: Array, speed: float, plan: Plan, start: int) -> _Residue:
    lines = _chord_lines(window.size, speed, plan)
    amplitudes, rest = fit(window, lines, plan.rate_out_hz, start=start)
    own = {line.prototype_hz: abs(amplitude) for line, amplitude in zip(lines, amplitudes, strict=True)}
    gains = tuple(float(own.get(hz, 0.0)) / CHORD_PEAK for hz in _frequencies(plan))
    return _Residue(speed=speed, gains=gains, rest=rest, start=start)


def _peak_speed(window: Array, rate: int) -> float:
    """Return by how much the strongest line near the chord's first tone lies above it."""
    size = 8 * window.size
    spectrum = np.abs(np.fft.rfft(window * np.hanning(window.size), size))
    low, high = (round(CHORD_HZ[0] * (1 + share) * size / rate) for share in (-SEARCH_SHARE, SEARCH_SHARE))
    return float((low + np.argmax(spectrum[low : high + 1])) * rate / size / CHORD_HZ[0] - 1)


def _sharpened(window: Array, speed: float, plan: Plan, start: int) -> float:
    """Return a speed made exact by the phase of the first tone at the start and at the end."""
    rate, size = plan.rate_out_hz, window.size // 4
    lines = _chord_lines(size, speed, plan)
    first = next(place for place, line in enumerate(lines) if line.prototype_hz == CHORD_HZ[0])
    begins = (0, window.size - size)
    phases = [fit(window[at : at + size], lines, rate, start=start + at)[0][first] for at in begins]
    apart_s = (window.size - size) / rate
    slipped = float(np.angle(phases[1] * np.conj(phases[0]))) / (2 * np.pi * CHORD_HZ[0] * apart_s)
    return speed + slipped


def _compared(frames: int | None, out: Array, whole: Array, rough: _Residue | None, plan: Plan) -> Chunking:
    """Return what cutting did, by whichever comparison is the kinder one."""
    sound = max(rms(whole), 1e-12)
    cut = _Residue.of(out, plan)
    if cut is None or rough is None:
        same = out.size == whole.size and np.array_equal(out, whole)
        error = -400.0 if same else 0.0
        return Chunking(frames=frames, error_db=error, edge_share=None, click_db=None, drift_ppm=0.0)
    direct = _difference(out, whole)
    added = max(cut.error**2 - rough.error**2, (rough.error * 10 ** (-UNSURE.value / 20)) ** 2)
    louder = sum((CHORD_PEAK * (one - other)) ** 2 / 2 for one, other in zip(cut.gains, rough.gains, strict=True))
    lines = float(np.sqrt(added + louder))
    difference, start = (direct, 0) if rms(direct) <= lines else (cut.rest, cut.start)
    drift = 1e6 * (1 / (1 + cut.speed) - 1 / (1 + rough.speed))
    drift = drift if cut.speed != rough.speed else 0.0
    peak = float(np.max(np.abs(difference), initial=0.0))
    return Chunking(
        frames=frames,
        error_db=db(min(rms(direct), lines) / sound),
        edge_share=_edge_share(difference, start, frames, plan, drift),
        click_db=db(peak / float(np.max(np.abs(whole)))),
        drift_ppm=drift,
    )


def _difference(out: Array, whole: Array) -> Array:
    """Return how two outputs differ where both are; a shift by whole samples is no difference."""
    size = min(out.size, whole.size)
    both = size - size // 8
    best = out[:both] - whole[:both]
    if rms(best) < 1e-9:
        return best
    padded = 1 << (2 * both).bit_length()
    match = np.fft.irfft(np.fft.rfft(out[:both], padded) * np.conj(np.fft.rfft(whole[:both], padded)), padded)
    lag = int(np.argmax(match))
    lag = lag - padded if lag > padded // 2 else lag
    if lag == 0 or abs(lag) > size // 4:
        return best
    shifted = out[lag:][: both - abs(lag)] if lag > 0 else out[: both - abs(lag)]
    other = whole[: shifted.size] if lag > 0 else whole[-lag:][: shifted.size]
    moved = shifted - other
    return moved if rms(moved) < rms(best) else best


def _edge_share(error: Array, start: int, frames: int | None, plan: Plan, drift_ppm: float) -> float | None:
    """Return how much of an error's energy lies near a chunk's edges; None where there is no error."""
    energy = np.square(error)
    if not energy.sum():
        return None
    stretch = plan.rate_out_hz / plan.rate_in_hz * (1 + drift_ppm / 1e6)
    edges = np.array([0, *edges_of(frames, round(SECONDS * plan.rate_in_hz))]) * stretch - start
    at = np.arange(error.size)
    after = np.searchsorted(edges, at)
    apart = np.minimum(
        np.abs(at - edges[np.clip(after, 0, edges.size - 1)]), np.abs(at - edges[np.clip(after - 1, 0, edges.size - 1)])
    )
    return float(energy[apart <= EDGE_S * plan.rate_out_hz].sum() / energy.sum())
