"""The lag of an echo from one eighth of a second to the next, followed through a session, and where it jumps.

Method
    Blocks of some seconds are read around the last lag, so that three hours never sit in memory. In each one the frames
    (`measure.echo_frames`) are put on a path (`measure.lag_track`), the room is learnt along it, and the path is sought
    again in that room, which goes on to the next block. Where the lag runs out of reach the block ends early. The steps
    of the path are `measure.lag_steps`.
Conventions
    Times in seconds on the clock of the readers. A jump is dated by the microphone; a negative one means that the echo
    comes earlier from there on: the microphone lost sound, or the player's queue got shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from voicediag.measure import lag_steps
from voicediag.measure.echo_frames import FRAME, HOP, REACH, SIZE, Curves, EchoFrames, tops
from voicediag.measure.echo_grid import EDGE_S, Reader, far_end, microphone
from voicediag.measure.echo_grid import Stretch as Track
from voicediag.measure.echo_search import CENTRE, FIT_SIGMAS, LEAST_MEAN, LOST_FRAMES, SEARCHED_S, lost_frames, sought
from voicediag.measure.lag_path import Path, Room, held, on_one_reflection, without_excursions
from voicediag.measure.lag_track import likelihood, steadiest
from voicediag.measure.whitening import GRID_HZ
from voicediag.spans import Span

BLOCK_S = 30.0
OVERLAP_S = 2.0
LEAST_BLOCK_S = 1.5
# Reflections far from the middle of what is read are cut off.
WELL_WITHIN = 3 * REACH // 4
# Twice, because the first path hops between reflections, which blurs the room that is learnt along it.
PASSES = 2
# A room in which half of the frames fit so well needs no second pass.
KNOWN_SIGMAS = 10.0
MOST_WEIGHT = 10.0
# Two blocks see the same step at places that differ by a frame.
SAME_STEP_S = 0.25
# A leap is known from this many frames before it.
KNOWN_FRAMES = 16
LEAST_KNOWN = 4
LEAP_SUPPORT = LOST_FRAMES * LEAST_MEAN
MS = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A moment at which the lag of an echo changes.

    Attributes
    ----------
    at_s : float
        When, at the microphone.
    between : Span
        All of the time in which it may lie: a pause of the far end hides it.
    size_ms : float
        By how much; negative where the echo comes earlier from there on.
    support : float
        Sigmas by which the sound fits better with the jump than without it, on its worse side.
    """

    at_s: float
    between: Span
    size_ms: float
    support: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LagTrack:
    """The lag over time.

    Attributes
    ----------
    times_s, lags_s : float64, shape (frames,)
        The far end's time and the lag of each frame in which it speaks.
    fits : float32, shape (frames,)
        How well each frame fits its lag, in sigmas.
    breaks_s : float64, shape (breaks,)
        Where the path steps, whether or not the sound bears it out.
    jumps : tuple of Jump
        Those steps that it bears out.
    """

    times_s: NDArray[np.float64]
    lags_s: NDArray[np.float64]
    fits: NDArray[np.float32]
    breaks_s: NDArray[np.float64]
    jumps: tuple[Jump, ...]


@dataclass(slots=True)
class EchoFollower:
    """Follows an echo from a lag that is known, block by block.

    Parameters
    ----------
    mic, speaker : callable
        Return the samples of a span of each track, float32, silence where there is none.
    mic_rate_hz, speaker_rate_hz : int
        Rates of the two tracks; they need not be equal.
    lag_s : float
        Where the echo is at first, to `REACH / GRID_HZ` seconds.
    pool : Executor, optional
        What reads the next block while this one is followed.
    """

    mic: Reader
    speaker: Reader
    mic_rate_hz: int
    speaker_rate_hz: int
    lag_s: float
    pool: Executor | None = None
    _ahead: tuple[tuple[Span, int], Future[_Stretch]] | None = field(default=None, repr=False)
    _reading: Lock = field(default_factory=Lock, repr=False)
    _said: tuple[Span, Track] | None = field(default=None, repr=False)
    _room: Room | None = field(default=None, repr=False)
    _blocks: list[_Block] = field(default_factory=list, repr=False)
    _jumps: list[Jump] = field(default_factory=list, repr=False)
    _last_jump_s: float = -np.inf
    _leapt_s: float = -np.inf

    def follow(self, span: Span, then: Span | None = None) -> None:
        """Follow over a span of the far end of `BLOCK_S` at most; spans come in order, and then the next."""
        at_s = span.start_s
        while at_s < span.end_s:
            at_s = self._advance(Span(at_s, span.end_s), then)

    def result(self) -> LagTrack:
        """Return what was followed so far."""
        blocks = self._blocks
        return LagTrack(
            times_s=np.concatenate([block.times_s for block in blocks] or [np.zeros(0)]),
            lags_s=np.concatenate([block.lags_s for block in blocks] or [np.zeros(0)]),
            fits=np.concatenate([block.fits for block in blocks] or [np.zeros(0, np.float32)]),
            breaks_s=np.concatenate([block.breaks_s for block in blocks] or [np.zeros(0)]),
            jumps=tuple(self._jumps),
        )

    def _advance(self, span: Span, then: Span | None) -> float:
        """Follow over one block, and return until when."""
        stretch = self._block(span, then)
        path, scores = self._path(stretch)
        if not path.size:
            return span.end_s
        times_s = stretch.begin_s + (np.arange(path.size) * HOP + FRAME / 2) / GRID_HZ
        end_s = _until(times_s, path, span)
        leap = self._leap(stretch, path, scores, after=int(np.searchsorted(times_s, span.start_s)))
        if leap and leap.frame < path.size and times_s[leap.frame] < end_s:
            end_s = float(times_s[leap.frame])
        else:
            leap = None
        kept = (times_s >= span.start_s) & (times_s < end_s)
        lags = tops(scores, path)
        self._take_jumps(stretch, path, scores, lags, kept)
        live = kept & stretch.frames.is_live
        steps = np.flatnonzero((np.abs(np.diff(path)) >= lag_steps.LEAST_STEP) & kept[:-1])
        breaks_s = times_s[steps] + HOP / GRID_HZ / 2
        self._blocks.append(
            _Block(
                times_s[live],
                (lags[live] + stretch.first_lag) / GRID_HZ,
                scores[live, path[live]],
                np.append(breaks_s, end_s) if leap else breaks_s,
            )
        )
        # The next block begins within this one.
        again = int(np.searchsorted(times_s, end_s - OVERLAP_S))
        self.lag_s = (int(path[min(again, path.size - 1)]) + stretch.first_lag) / GRID_HZ
        if leap:
            self.lag_s, self._leapt_s = leap.lag / GRID_HZ, end_s
            if leap.jump:
                self._jumps.append(leap.jump)
                self._last_jump_s = leap.jump.at_s
        return end_s

    def _leap(self, stretch: _Stretch, path: Path, scores: Curves, *, after: int) -> _Leap | None:
        """Return the jump to a lag that was not read; None where there is none, or where the echo is only gone."""
        is_live = stretch.frames.is_live
        fits = scores[np.arange(path.size), path]
        lost, room = lost_frames(fits, is_live, after=after), self._room
        if not lost.size or room is None:
            return None
        first = int(lost[0])
        begin_s = stretch.begin_s + first * HOP / GRID_HZ
        known = np.flatnonzero(is_live[:first] & (fits[:first] >= FIT_SIGMAS))
        times_s = stretch.begin_s + (known * HOP + FRAME / 2) / GRID_HZ
        times_s, lags = self._known(times_s, path[known] + stretch.first_lag)
        before = round(float(np.median(lags))) if lags.size else int(path[first]) + stretch.first_lag
        span = Span(begin_s, begin_s + (int(lost[-1]) - first) * HOP / GRID_HZ + FRAME / GRID_HZ)
        behind = sought(self._around(span, before), room, around=before)
        if begin_s < self._leapt_s + LEAST_BLOCK_S or behind is None or abs(behind - before) < WELL_WITHIN:
            return None
        if lags.size < LEAST_KNOWN:
            # Where it begins elsewhere than it was looked for there is no jump.
            return _Leap(first, behind, None)
        last_s = float(times_s[-1])
        at_s, between = self._between(Span(last_s, max(last_s, begin_s + FRAME / GRID_HZ)), room, (before, behind))
        jump = Jump(
            at_s=at_s,
            between=between,
            size_ms=(behind - before) / GRID_HZ * MS,
            support=LEAP_SUPPORT,
        )
        return _Leap(first, behind, jump)

    def _known(
        self, times_s: NDArray[np.float64], lags: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the last times and lags that are sure, in samples of the grid, up to some of this block."""
        sure = [(block, block.fits >= FIT_SIGMAS) for block in self._blocks[-1:]]
        times_s = np.concatenate([*(block.times_s[fit] for block, fit in sure), times_s])
        found = np.concatenate([*(block.lags_s[fit] * GRID_HZ for block, fit in sure), lags])
        order = np.argsort(times_s, kind="stable")[-KNOWN_FRAMES:]
        return times_s[order], found[order]

    def _between(self, span: Span, room: Room, lags: tuple[int, int]) -> tuple[float, Span]:
        """Return when the lag changed, at the microphone, that changed within a span of the far end."""
        low = min(lags)
        reach_s = abs(lags[1] - lags[0]) / GRID_HZ
        start_s, end_s = span.start_s - 1.0, span.end_s + 1.0 + reach_s
        heard_s = start_s + low / GRID_HZ
        mic, speaker = self._tracks(Span(heard_s, heard_s + end_s - start_s + reach_s), Span(start_s, end_s))
        within = (GRID_HZ, GRID_HZ + round(span.duration_s * GRID_HZ))
        places = lag_steps.place(mic.white, speaker.white, room, (lags[0] - low, lags[1] - low), within)
        return _on_clock(places, heard_s)

    def _block(self, span: Span, then: Span | None) -> _Stretch:
        """Return both tracks around a block at the lag that is known, and begin to read what comes then."""
        centre = round(round(self.lag_s * GRID_HZ) / CENTRE)
        known, self._ahead = self._ahead, None
        is_known = known is not None and known[0] == (span, centre)
        stretch = known[1].result() if known and is_known else self._read(_overlapping(span), centre * CENTRE)
        if self.pool and then:
            # The lag seldom moves so far that it has to be read again.
            reading = self.pool.submit(self._read, _overlapping(then), centre * CENTRE)
            self._ahead = (then, centre), reading
        return stretch

    def _read(self, span: Span, lag: int) -> _Stretch:
        """Return both tracks around a span, the microphone by the lag later."""
        first_lag = round(lag / CENTRE) * CENTRE - REACH
        heard_s = span.start_s + first_lag / GRID_HZ
        reach_s = (SIZE + HOP) / GRID_HZ
        mic, speaker = self._tracks(Span(heard_s, heard_s + span.duration_s + reach_s), span)
        return _Stretch(span.start_s, first_lag, mic, speaker, EchoFrames.of(mic, speaker))

    def _around(self, span: Span, lag: int) -> Callable[[int], EchoFrames]:
        """Return what returns the frames of a span with the microphone around a lag, any that is searched from one."""
        middle, size = round(lag / CENTRE) * CENTRE, round(span.duration_s * GRID_HZ) + SIZE + HOP
        first = middle - round(SEARCHED_S * GRID_HZ) - REACH
        heard_s, reach_s = span.start_s + first / GRID_HZ, (size + 2 * (middle - REACH - first)) / GRID_HZ
        mic, speaker = self._tracks(Span(heard_s, heard_s + reach_s), span)
        return lambda centre: EchoFrames.of(mic.cut(centre - REACH - first, size), speaker)

    def _tracks(self, heard: Span, said: Span) -> tuple[Track, Track]:
        """Return a span of the microphone and one of the speaker, as the frames want them."""
        with self._reading:
            mic = self.mic(_with_edges(heard))
            if self._said is None or self._said[0] != said:
                # A search asks for the same again and again.
                self._said = said, far_end(self.speaker(_with_edges(said)), rate_hz=self.speaker_rate_hz)
            speaker = self._said[1]
        return microphone(mic, rate_hz=self.mic_rate_hz), speaker

    def _path(self, stretch: _Stretch) -> tuple[Path, Curves]:
        """Return the path of a stretch and what it goes by, and learn its room."""
        frames, known = stretch.frames, self._room
        if not frames.is_live.any():
            return np.zeros(0, np.intp), np.zeros((0, 2 * REACH), np.float32)
        first = round(self.lag_s * GRID_HZ) - stretch.first_lag
        curves: Curves | None = None
        if known is None:
            curves = frames.curves()
            # A loudspeaker may be wired the other way round: without a room a trough is as good as a top.
            scores = np.abs(curves[:, : 2 * REACH])
        else:
            scores = frames.scores(known)
        path = steadiest(likelihood(scores, frames.is_live), first=first)
        fits = scores[np.arange(path.size), path]
        if known is not None and np.median(fits[frames.is_live]) >= KNOWN_SIGMAS:
            self._room = frames.room(path, np.clip(fits, 0, MOST_WEIGHT))
            return without_excursions(held(path, frames.is_live)), scores
        curves = frames.curves() if curves is None else curves
        for _ in range(PASSES if known is None else PASSES - 1):
            weight = np.clip(scores[np.arange(path.size), path], 0, MOST_WEIGHT)
            path = on_one_reflection(frames, curves, path, weight, known)
            self._room = frames.room(path, weight, curves)
            scores = frames.scores(self._room)
            path = steadiest(likelihood(scores, frames.is_live), first=None if known is None else first)
        return without_excursions(held(path, frames.is_live)), scores

    def _take_jumps(
        self, stretch: _Stretch, path: Path, scores: Curves, lags: NDArray[np.float64], kept: NDArray[np.bool_]
    ) -> None:
        """Note the steps of a path that the sound bears out."""
        known_until_s = self._last_jump_s + SAME_STEP_S
        fits = scores[np.arange(path.size), path]
        for after in np.flatnonzero(np.abs(np.diff(path)) >= lag_steps.LEAST_STEP).tolist():
            before, behind = lag_steps.sides(path, stretch.frames.is_live, after)
            # A step at the edge of a block may lie a frame beyond it.
            if not (kept[after : after + 3].any() and before.size and behind.size):
                continue
            support = lag_steps.backing(scores, path, stretch.frames.is_live, after)
            size = lag_steps.size(lags, fits, before, behind)
            if support < lag_steps.LEAST_SUPPORT or size is None or abs(size) < lag_steps.LEAST_STEP:
                continue
            jump = self._jump(stretch, path, (int(before[-1]), int(behind[0])), size, support)
            if jump.at_s > known_until_s:
                self._jumps.append(jump)
                self._last_jump_s = jump.at_s

    def _jump(self, stretch: _Stretch, path: Path, frames: tuple[int, int], size: float, support: float) -> Jump:
        """Return the jump between two frames, dated."""
        lags = (int(path[frames[0]]), int(path[frames[1]]))
        within = (frames[0] * HOP + FRAME // 2, frames[1] * HOP + FRAME // 2)
        room = self._room if self._room is not None else np.zeros(0, np.complex64)
        places = lag_steps.place(stretch.mic.white, stretch.speaker.white, room, lags, within)
        at_s, between = _on_clock(places, stretch.begin_s + stretch.first_lag / GRID_HZ)
        return Jump(at_s=at_s, between=between, size_ms=size / GRID_HZ * MS, support=support)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Both tracks on the grid; `first_lag` is the lag of the first place of a path."""

    begin_s: float
    first_lag: int
    mic: Track
    speaker: Track
    frames: EchoFrames


@dataclass(frozen=True, slots=True)
class _Leap:
    """A lag that was not read at once: from which frame on, in samples of the grid, and the jump that leads there."""

    frame: int
    lag: int
    jump: Jump | None


@dataclass(frozen=True, slots=True)
class _Block:
    """What one block brought."""

    times_s: NDArray[np.float64]
    lags_s: NDArray[np.float64]
    fits: NDArray[np.float32]
    breaks_s: NDArray[np.float64]


def blocks(spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the blocks of the session, of `BLOCK_S` each, in which any of the spans lies."""
    done, last_s = -1, max((span.end_s for span in spans), default=0.0)
    for span in spans:
        for index in range(max(done + 1, int(span.start_s // BLOCK_S)), int(span.end_s // BLOCK_S) + 1):
            done = index
            if index * BLOCK_S < last_s:
                yield Span(index * BLOCK_S, min((index + 1) * BLOCK_S, last_s))


def _until(times_s: NDArray[np.float64], path: Path, span: Span) -> float:
    """Return until when the path is well within reach, or the end of the span."""
    gone = np.flatnonzero((times_s >= span.start_s + LEAST_BLOCK_S) & (np.abs(path - REACH) > WELL_WITHIN))
    return min(span.end_s, float(times_s[gone[0]])) if gone.size else span.end_s


def _overlapping(span: Span) -> Span:
    return Span(max(0.0, span.start_s - OVERLAP_S), span.end_s + OVERLAP_S)


def _with_edges(span: Span) -> Span:
    return Span(span.start_s - EDGE_S, span.end_s + EDGE_S)


def _on_clock(places: tuple[float, float, float], begin_s: float) -> tuple[float, Span]:
    """Return a moment and what it lies within, given in samples of the grid."""
    at, first, last = (begin_s + place / GRID_HZ for place in places)
    return at, Span(first, last)
