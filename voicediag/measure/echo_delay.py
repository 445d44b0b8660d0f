"""How late an echo is at one moment of the session: lost frames and drifting clocks move it by hundreds of ms."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.measure.echo_motion import EchoMotion
    from voicediag.measure.echo_path import EchoPath, PathAt, Paths

MS = 1_000.0
# A jump is placed to 150 ms, and the lag before it is not that behind it.
BESIDE_S = 0.2
# A path is measured in pieces so short that the lag stays; longer ones where it moves by a drift that can be taken out.
PIECE_S = 1.1
DRIFTING_PIECE_S = 8.0
PPM = 1e-6
# In the half minute that a path is measured over a slower drift moves the lag by less than a period of the band's top.
STILL_PPM = 5.0
# What wanders by less is as good as still.
STILL_MS = 0.1
# A frame that was followed knows the lag for so long on either side.
AROUND_S = 0.3


class Followed(Protocol):
    """An echo whose lag was followed: `voicediag.measure.echo.Echo`."""

    @property
    def delay_ms(self) -> float | None:
        """Lag of the whole session."""

    @property
    def drift_ppm(self) -> float | None:
        """Its slope."""

    @property
    def wander_ms(self) -> float | None:
        """How far it moves beside that."""

    @property
    def motion(self) -> EchoMotion | None:
        """Its course."""


def between_jumps(echo: Followed, speech: SpanSet) -> SpanSet:
    """Return the far end's speech, interrupted wherever the lag jumps."""
    jumps = echo.motion.jumps if echo.motion else ()
    at_s = (jump.at_s - (echo.delay_ms or 0.0) / MS for jump in jumps)
    return speech - SpanSet(Span(max(0.0, at - BESIDE_S), max(0.0, at + BESIDE_S)) for at in at_s)


def delay_over(echo: Followed, span: Span) -> float:
    """Return by how many seconds the microphone is later in the middle of a span of the far end.

    Where the lag was not followed there, it is that of the nearest moment at which it was, or of the whole session.
    """
    motion = echo.motion
    if motion is None or not motion.times_s.size:
        return (echo.delay_ms or 0.0) / MS
    middle_s = (span.start_s + span.end_s) / 2
    within = (motion.times_s >= span.start_s) & (motion.times_s < span.end_s)
    if within.any():
        moved_ms = (echo.drift_ppm or 0.0) * PPM * (motion.times_s[within] - middle_s) * MS
        return float(np.median(motion.delays_ms[within] - moved_ms)) / MS
    nearest = int(np.abs(motion.times_s - middle_s).argmin())
    return float(motion.delays_ms[nearest]) / MS


def along(echo: Followed, paths: Paths) -> PathAt:
    """Return what measures an echo's path, or one so much later, along the lag that was followed."""

    def path_at(spans: SpanSet, lag_s: float, *, frame_s: float) -> EchoPath | None:
        later_s = lag_s - (echo.delay_ms or 0.0) / MS
        each_s = max(PIECE_S, 2 * frame_s) if echo.drift_ppm is None else DRIFTING_PIECE_S
        pieces = _pieces(between_jumps(echo, spans), each_s)
        lags = ((piece, delay_over(echo, piece) + later_s) for piece in pieces)
        return paths.over(lags, frame_s, drift_ppm=echo.drift_ppm or 0.0)

    def path_still(spans: SpanSet, lag_s: float, *, frame_s: float) -> EchoPath | None:
        return paths.over(((span, lag_s) for span in spans), frame_s)

    def path_along(spans: SpanSet, lag_s: float, *, frame_s: float) -> EchoPath | None:
        later_s = lag_s - (echo.delay_ms or 0.0) / MS
        moving = paths.along(_followed(echo, spans, later_s), frame_s)
        return _louder(moving, steady(spans, lag_s, frame_s=frame_s))

    steady = path_at if _moves(echo) else path_still
    return path_along if (echo.wander_ms or 0.0) >= STILL_MS else steady


def _moves(echo: Followed) -> bool:
    return bool(echo.motion and (echo.motion.jumps or abs(echo.drift_ppm or 0.0) >= STILL_PPM))


def _louder(first: EchoPath | None, second: EchoPath | None) -> EchoPath | None:
    """Return that of two ways along the lag which loses less of the echo: a lag that hops to and fro only seems to."""
    told = [path for path in (first, second) if path and path.erl_db is not None]
    return min(told, key=lambda path: path.erl_db or 0.0, default=first)


def _pieces(spans: SpanSet, each_s: float) -> Iterator[Span]:
    for span in spans:
        parts = max(1, round(span.duration_s / each_s))
        edges = np.linspace(span.start_s, span.end_s, parts + 1)
        yield from (Span(float(start), float(end)) for start, end in pairwise(edges))


def _followed(
    echo: Followed, spans: SpanSet, later_s: float
) -> Iterator[tuple[Span, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield the stretches over which the lag was followed, with moments and the lag then, so much later."""
    motion = echo.motion
    if motion is None:
        return
    times_s, lags_s = motion.times_s, motion.delays_ms / MS + later_s
    followed = SpanSet(Span(max(0.0, at - AROUND_S), at + AROUND_S) for at in times_s.tolist())
    for span in between_jumps(echo, spans & followed):
        here = (times_s >= span.start_s) & (times_s < span.end_s)
        if here.any():
            yield span, times_s[here], _smooth(lags_s[here])


def _smooth(lags_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lags, each as the middle of itself and its neighbours."""
    wide = np.pad(lags_s, 1, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(wide, 3), axis=1))
