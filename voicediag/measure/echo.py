"""Is the loudspeaker in the microphone: how late, how loud, and where.

What is measured
    Whether the far end turns up in the microphone, where, how late and how loud; or below which level it would have
    been missed.
Method
    `trace`: groups of far-end frames whose lag curve has a strong and lonely peak (`measure.delay`), or whose lag
    agrees with such a neighbour's, are an echo; where no group is strong, all of them added up may be. `settled`: the
    path at that lag (`measure.echo_path`) gives the loss, and the loudest path at decoy lags, where nothing but chance
    can be found, says how weak a loss can still be read and, where there is no echo, how weak an echo would have been
    missed.
Conventions
    ERL in dB, positive where the echo is weaker than the far end; delay in ms, positive where the microphone is later.
Differences from other tools
    Level alone (an envelope's cosine, a gate's closures) calls every interruption an echo and misses an echo under a
    talker. This looks for the far end's own waveform, and says unjudged where the far end never spoke.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from voicediag.measure.delay import CLEAR_SIGMAS, FRAME_S, LONELY_SHARE, DelayMeter, LagGroup, Samples
from voicediag.measure.echo_delay import along
from voicediag.measure.echo_motion import EchoMotion, motion
from voicediag.measure.echo_path import LONG_FRAME_S, PATH_FRAME_S, EchoPath, PathAt, Paths
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Sequence

# Above all strangers of `python -m benchmarks.echo`.
STRONG_SIGMAS = CLEAR_SIGMAS
# Among many groups one is as high by chance some day: alone it must be higher.
SURE_SIGMAS = 10.0
MANY_GROUPS = 4
# A weaker group counts where a strong neighbour has the same lag: a chance peak agrees once in two hundred.
AGREEING_SIGMAS = 4.5
AGREEING_LAG_S = 0.015
# Less far-end speech than two seconds settles nothing, unless the echo stands so clear that it needs no more.
LEAST_FRAMES = 4
LEAST_SURE_FRAMES = 3
# A path that stands less than this above every decoy has a loss that chance can move by a dB and more.
MARGIN_DB = 4.0
# Far enough from the lag, and from each other, that no reverberation reaches from one to the next.
DECOYS_S = (-1.2, -0.8, -0.4, 0.4, 0.8, 1.2)
# House rule: from here on longer frames, which a room's reverberation fits into, stand clear of chance too. Short ones
# miss its end, and read the loss too high.
LONG_MARGIN_DB = 12.0
# The probability of an echo given the highest match, where one is as likely as none: a logistic above a floor, which
# `python -m benchmarks.echo_fit` fits on the fitted sources. The floor is what a talker hides whatever the match.
HIDDEN = 0.085
EVEN_SIGMAS = 5.36
ODDS_PER_SIGMA = 3.56
# A path's loss is known to a tenth of a dB after half a minute of speech; more would only cost time.
PATH_S = 30.0

MS = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What can be said about an echo.

    Attributes
    ----------
    verdict : {"echo", "clear", "unjudged"}
    reason : str
        Why nothing can be said, for ``"unjudged"``.
    delay_ms : float or None
        Lag of the middle one of the groups that show the echo, each counted by its strength.
    erl_db : float or None
        Echo return loss; None where the talker hides the path: it is then greater than `bound_db` less `MARGIN_DB`;
        and where the lag moves too fast (`motion.is_too_fast`).
    bound_db : float or None
        Echo return loss that chance alone reaches: an echo louder than this would have been seen.
    strength : float or None
        Highest peak, in robust sigmas.
    drift_ppm, wander_ms : float or None
        Slope of the lag over time, and the spread of nine tenths of it once the slope is taken out; None where they
        cannot be told: `motion` says why.
    spans : SpanSet
        Where the echo was heard, on the far end's clock.
    far_end_s : float
        Far-end speech that was looked at.
    motion : EchoMotion or None
        The lag over time, and its jumps; None without an echo.
    """

    verdict: Literal["echo", "clear", "unjudged"]
    reason: str = ""
    delay_ms: float | None = None
    erl_db: float | None = None
    bound_db: float | None = None
    strength: float | None = None
    drift_ppm: float | None = None
    wander_ms: float | None = None
    spans: SpanSet = field(default_factory=SpanSet)
    far_end_s: float = 0.0
    motion: EchoMotion | None = None

    @property
    def probability(self) -> float | None:
        """That of an echo 20 to 40 dB under a talker, as likely as none beforehand, given the highest peak."""
        if self.strength is None or self.verdict == "unjudged":
            return None
        return HIDDEN + (1 - HIDDEN) / (1 + math.exp(-ODDS_PER_SIGMA * (self.strength - EVEN_SIGMAS)))


def trace(
    groups: Sequence[LagGroup],
    whole: LagGroup | None = None,
    *,
    strong: float = STRONG_SIGMAS,
    agreeing_s: float = AGREEING_LAG_S,
) -> Echo:
    """Return what the lags of a session say about an echo, without its loss.

    Parameters
    ----------
    groups : sequence of LagGroup
        From `DelayMeter.result`.
    whole : LagGroup, optional
        All of them added up, from `DelayMeter.whole`.
    strong : float
        Robust sigmas from which a group is an echo by itself.
    agreeing_s : float
        How far the lag may wander from one group to the next.
    """
    frames = sum(group.frames for group in groups)
    far_end_s = frames * FRAME_S
    found = _found(groups, strong, agreeing_s)
    if frames < LEAST_FRAMES and not found:
        reason = f"the agent speaks for {far_end_s:.1f} s only"
        return Echo(verdict="unjudged", reason=reason, far_end_s=far_end_s)
    strongest = max((*groups, whole) if whole else groups, key=lambda group: group.strength)
    if not found and whole and _stands_alone(whole, strong):
        found = list(groups)
    if not found and strongest.strength >= strong and not _is_lonely(strongest):
        reason = "both tracks hold the same tones, or sounds that repeat: they fit at many lags"
        return Echo(verdict="unjudged", reason=reason, strength=strongest.strength, far_end_s=far_end_s)
    if not found and any(group.is_soft for group in groups):
        reason = "the agent's track is too soft to tell speech from noise: nothing in it is louder than -60 dBFS"
        return Echo(verdict="unjudged", reason=reason, strength=strongest.strength, far_end_s=far_end_s)
    if not found:
        return Echo(verdict="clear", strength=strongest.strength, far_end_s=far_end_s)
    sure = [group for group in found if abs(group.lag_s - strongest.lag_s) <= agreeing_s or group.strength >= strong]
    return Echo(
        verdict="echo",
        delay_ms=_middle(sure or [strongest]).lag_s * MS,
        strength=strongest.strength,
        spans=SpanSet(span for group in found for span in (group.heard or (group.span,))),
        far_end_s=far_end_s,
    )


def _middle(groups: Sequence[LagGroup]) -> LagGroup:
    """Return the group with the middle lag, each counted by its strength: between two reflections there is no echo."""
    order = sorted(groups, key=lambda group: group.lag_s)
    below = np.cumsum([group.strength for group in order])
    return order[int(np.searchsorted(below, below[-1] / 2))]


def _found(groups: Sequence[LagGroup], strong: float, agreeing_s: float) -> list[LagGroup]:
    """Return the groups that are strong, and their neighbours that agree with them."""
    found = [_stands_alone(group, strong) for group in groups]
    for order in (range(1, len(groups)), range(len(groups) - 2, -1, -1)):
        step = 1 if order.step < 0 else -1
        for here in order:
            near = abs(groups[here].lag_s - groups[here + step].lag_s) <= agreeing_s
            found[here] |= found[here + step] and near and groups[here].strength >= AGREEING_SIGMAS
    heard = [group for group, is_found in zip(groups, found, strict=True) if is_found]
    by_chance = len(groups) >= MANY_GROUPS and len(heard) == 1 and heard[0].strength < SURE_SIGMAS
    return [] if by_chance else heard


def _stands_alone(group: LagGroup, strong: float) -> bool:
    """Whether a group is an echo whatever its neighbours say."""
    is_sure = group.frames >= LEAST_SURE_FRAMES and group.strength >= max(strong, SURE_SIGMAS)
    return (is_sure or (group.frames >= LEAST_FRAMES and group.strength >= strong)) and _is_lonely(group)


def _is_lonely(group: LagGroup) -> bool:
    return group.rival <= LONELY_SHARE * group.strength


def settled(echo: Echo, groups: Sequence[LagGroup], path_at: PathAt) -> Echo:
    """Return the echo with its loss, or with the bound below which there is none.

    Parameters
    ----------
    echo : Echo
        From `trace`.
    groups : sequence of LagGroup
        The same that `trace` took.
    path_at : PathAt
    """
    if echo.verdict == "unjudged":
        return echo
    strongest = max(groups, key=lambda group: group.strength)
    lag_s = strongest.lag_s if echo.delay_ms is None else echo.delay_ms / MS
    spans = first_seconds(echo.spans or SpanSet(group.span for group in groups), PATH_S)
    bound_db = min(
        (loss for step in DECOYS_S if (loss := _loss(path_at(spans, lag_s + step, frame_s=PATH_FRAME_S))) is not None),
        default=None,
    )
    if echo.verdict == "clear":
        return replace(echo, bound_db=bound_db)
    if echo.motion and echo.motion.is_too_fast:
        return replace(echo, bound_db=bound_db)
    erl_db = _loss(path_at(spans, lag_s, frame_s=PATH_FRAME_S))
    if erl_db is not None and bound_db is not None:
        if erl_db > bound_db - MARGIN_DB:
            erl_db = None
        elif erl_db < bound_db - LONG_MARGIN_DB:
            erl_db = _loss(path_at(spans, lag_s, frame_s=LONG_FRAME_S)) or erl_db
    return replace(echo, erl_db=erl_db, bound_db=bound_db)


def _loss(path: EchoPath | None) -> float | None:
    return path.erl_db if path else None


def moving(echo: Echo, groups: Sequence[LagGroup], paths: Paths) -> Echo:
    """Return the echo with its motion."""
    if echo.verdict != "echo":
        return echo
    delay_s = (echo.delay_ms or 0.0) / MS
    heard = [
        (group.span, group.lag_s if group.strength >= STRONG_SIGMAS else delay_s)
        for group in groups
        if SpanSet(group.heard or (group.span,)) & echo.spans
    ]
    found = motion(
        paths.mic,
        paths.speaker,
        mic_rate_hz=paths.mic_rate_hz,
        speaker_rate_hz=paths.speaker_rate_hz,
        heard=heard,
    )
    return replace(echo, drift_ppm=found.drift_ppm, wander_ms=found.wander_ms, motion=found)


def first_seconds(spans: SpanSet, most_s: float) -> SpanSet:
    """Return the first spans, at most `most_s` seconds of them."""
    kept: list[Span] = []
    left = most_s
    for span in spans:
        if left <= 0:
            break
        kept.append(Span(span.start_s, min(span.end_s, span.start_s + left)))
        left -= span.duration_s
    return SpanSet(kept)


def leak(mic: Samples, speaker: Samples, *, rate_hz: int, speaker_rate_hz: int | None = None) -> Echo:
    """Return whether `speaker` is heard in `mic`, how late and how loud.

    Parameters
    ----------
    mic, speaker : float32, shape (frames,), in [-1, 1]
        Two tracks that begin at the same time.
    rate_hz : int
        Rate of `mic`, and of `speaker` unless `speaker_rate_hz` says otherwise.
    """
    far_rate = speaker_rate_hz or rate_hz
    meter = DelayMeter(rate_hz, far_rate)
    meter.push(mic, speaker)
    groups = meter.result()
    paths = Paths(partial(_cut, mic, rate_hz), partial(_cut, speaker, far_rate), rate_hz, far_rate)
    return measured(trace(groups, meter.whole), groups, paths)


def measured(echo: Echo, groups: Sequence[LagGroup], paths: Paths) -> Echo:
    """Return the echo with its motion, and its loss along it.

    Parameters
    ----------
    echo : Echo
        From `trace`.
    groups : sequence of LagGroup
        The same that `trace` took.
    paths : Paths
        Between the two tracks.
    """
    echo = moving(echo, groups, paths)
    return settled(echo, groups, along(echo, paths))


def _cut(samples: Samples, rate_hz: int, span: Span) -> Samples:
    """Return the samples of a span, with silence where it reaches beyond them."""
    start, frames = round(span.start_s * rate_hz), round(span.duration_s * rate_hz)
    out = np.zeros(frames, np.float32)
    low, high = max(0, start), min(samples.size, start + frames)
    if high > low:
        out[low - start : high - start] = samples[low:high]
    return out
