"""What a player with another cushion would have made of a session: gaps, stale sound and waiting, for each.

The chunks of each answer are played again when they came, by players that wait shorter or longer before they begin.
What is a gap is what `starved-playback` calls one, and the cushion that is recommended is the one that it names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from voicediag.detect import playback, wire
from voicediag.detect.examination import Examination
from voicediag.detect.playback import CUSHION, LEAST_GAP, MOST_CUSHION, Stream
from voicediag.detect.ways import Way, down
from voicediag.errors import InputError
from voicediag.measure.cushion import NO_GAP_S, STEP_S, Adaptive, Knee, heard_from, knee, silence_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicediag.measure.arrival import Seconds
    from voicediag.session import Session

    Play = Callable[[Seconds, Seconds], Seconds]

Manner: TypeAlias = Literal["fixed", "refills", "adaptive"]
# Where people look: fine as far as conversations bear, coarse beyond.
GRID_MS = (*range(0, 201, 20), 250, 300, 400, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000)
# A log of garbage must not keep anybody waiting.
MOST_PLACES = 2_000
MS = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one player would have made of the session.

    Attributes
    ----------
    cushion_s : float
        What it waits for; of an adaptive one, on average.
    manner : {"fixed", "refills", "adaptive"}
    underruns : int
        How often the agent would have fallen silent in mid-speech.
    covered : int
        How many of the session's gaps it hides.
    late_s : float
        How long it would have been silent there.
    stale_s : float or None
        The longest that stale sound would have been heard after an interruption; None where there was none.
    stale_unflushed_s : float or None
        The same of a player that is not told of interruptions.
    added_s : float
        How much later answers begin than their sound comes, on average.
    """

    cushion_s: float
    manner: Manner
    underruns: int
    covered: int
    late_s: float
    stale_s: float | None
    stale_unflushed_s: float | None
    added_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The players that were tried on a session.

    Attributes
    ----------
    source : str
    rows : tuple of Row
        In order of their cushions; the adaptive one last.
    gaps : int
        How many the session has, with the cushion that its player kept.
    gap_total_s : float
    base_s : float
        That cushion.
    assumed : bool
        Whether it was assumed, because no log of the player says.
    knee : Knee or None
        None where the sound is in time.
    answers, interruptions : int
    way : Way or None
        The pace at which the sound came, where there was enough of it.
    """

    source: str
    rows: tuple[Row, ...]
    gaps: int
    gap_total_s: float
    base_s: float
    assumed: bool
    knee: Knee | None
    answers: int
    interruptions: int
    way: Way | None = None

    @property
    def recommended(self) -> Row | None:
        """The row at the knee of the curve; where the sound is in time, the least cushion that keeps it so.

        None where no cushion helps that somebody would wait for.
        """
        fixed = [row for row in self.rows if row.manner != "adaptive"]
        if self.knee is None:
            if self._slow is not None:
                return None
            return next((row for row in fixed if not row.underruns), fixed[-1])
        if self.knee.cushion_s is None:
            return None
        wanted_s = self.knee.cushion_s
        return next((row for row in fixed if row.cushion_s >= wanted_s - NO_GAP_S), fixed[-1])

    @property
    def sentence(self) -> str:
        """What to make of it, with the numbers in it."""
        if self.knee is None and self._slow is not None:
            return f"{self._slow} No gap alone is long; the longest answer ends {self._behind_s:.1f} s late."
        if self.knee is None:
            least_ms = self.recommended.cushion_s * MS if self.recommended else 0.0
            return f"Nothing is late: a cushion of {least_ms:.0f} ms is enough for these {self.answers} answers."
        if self.knee.cushion_s is None:
            return f"{self._why_not(self.knee)} {self.longest_ms:g} ms, the longest that is, {self._covers(self.knee)}."
        said = f"{self.knee.cushion_s * MS:.0f} ms covers {self.knee.covered} of {self.gaps} gaps"
        more = "" if self.knee.covered == self.gaps else f"; {self.knee.all_s * MS:.0f} ms all"
        if self.knee.all_s * MS > self.longest_ms:
            more = f"; others come up to {self.knee.all_s:.1f} s late, which no cushion should hide"
        return f"{said}{more}."

    @property
    def longest_ms(self) -> float:
        """The longest cushion that a conversation bears, or what the player kept where that is longer."""
        return max(MOST_CUSHION.value, self.base_s) * MS

    def _covers(self, best: Knee) -> str:
        return f"covers {best.covered} of {self.gaps} {'gap' if self.gaps == 1 else 'gaps'}"

    def _why_not(self, best: Knee) -> str:
        """Return why no cushion helps."""
        if self._slow is not None:
            return self._slow
        held = f"a stall of {self._stall_s:.1f} s" if self._stall_s else f"sound comes up to {best.all_s:.1f} s late"
        return f"No cushion that a conversation bears helps against {held}: find what held it up."

    @property
    def _slow(self) -> str | None:
        """Why no cushion helps where sound comes more slowly than it is heard; None where it does not."""
        if self.way is None or self.way.kind != "slow-source":
            return None
        return (
            f"No cushion helps: {1 - self.way.pace.underfeed:.2f} s of sound come each second, more slowly than they "
            "are heard, and a cushion only delays the running dry."
        )

    @property
    def _behind_s(self) -> float:
        return self.way.pace.gained_s if self.way is not None else 0.0

    @property
    def _stall_s(self) -> float:
        return self.way.pace.longest_stall_s if self.way is not None else 0.0


def sweep(session: Session, *, refills: bool = False, flush_after_s: float | None = 0.0) -> Sweep:
    """Return what players with each cushion would have made of a session.

    Parameters
    ----------
    session : Session
        With a wire log that says when the agent's sound came, and where each answer ends.
    refills : bool
        Whether the players wait for their cushion again after each gap.
    flush_after_s : float, optional
        How long after an interruption they empty their queue; None: never.

    Raises
    ------
    InputError
        Where the session does not say when its sound came.
    """
    exam = Examination(session)
    stream = Stream.of(exam)
    if stream is None and wire.first(session.marks, "telephone") is not None:
        raise InputError(
            expected="a session whose player keeps a cushion of its own",
            got=f"a telephone call, {session.source}: the line plays from a queue of its own, which nobody can set",
            likely="an app that sends an answer at the pace of its sound: send it as it comes, clear on interruptions",
        )
    if stream is None:
        raise InputError(
            expected="a wire log that says when each chunk of the agent's sound came, and where an answer ends",
            got=f"{session.source} without one",
            likely="a sound file: record with voicediag relay or record",
        )
    return _Replay(session, stream, refills=refills, flush_after_s=flush_after_s).sweep()


@dataclass(eq=False)
class _Replay:
    """A session whose sound is played again."""

    session: Session
    stream: Stream
    refills: bool
    flush_after_s: float | None
    _spoken: dict[int, bool] = field(default_factory=dict)

    def sweep(self) -> Sweep:
        played = playback.played(self.stream)
        gaps = [gap for gap in played.gaps if gap.needed_s is not None] if played else self.stream.late()
        needed = np.array([gap.needed_s or 0.0 for gap in gaps])
        base_s = playback.cushion_kept_s(self.stream) if played else CUSHION.value
        best = knee(needed, base_s=base_s, most_s=MOST_CUSHION.value)
        rows = [self._fixed(cushion_s, needed) for cushion_s in self._cushions(base_s, best)]
        return Sweep(
            source=self.session.source,
            rows=(*rows, self._adaptive(needed)),
            gaps=len(gaps),
            gap_total_s=sum(gap.span.duration_s for gap in gaps),
            base_s=base_s,
            assumed=played is None,
            knee=best,
            answers=len(self.answers),
            interruptions=len(self.interruptions),
            way=self.stream.exam.once(down),
        )

    @cached_property
    def answers(self) -> list[slice]:
        """Which chunks belong to each answer."""
        return self.stream.chunks.each_answer()

    @cached_property
    def lengths_s(self) -> Seconds:
        """How long each chunk's sound lasts."""
        chunks = self.stream.chunks
        lengths: Seconds = (chunks.ends - chunks.firsts) / chunks.rate_hz
        return lengths

    @cached_property
    def interruptions(self) -> list[tuple[float, int]]:
        """When the agent was interrupted, and how much of its sound had come; each once."""
        marks = [mark for mark in self.session.marks if mark.kind == "interrupted"]
        return [
            (mark.at_s, mark.received)
            for before, mark in zip([None, *marks], marks, strict=False)
            if before is None or before.received != mark.received
        ]

    def _cushions(self, base_s: float, best: Knee | None) -> list[float]:
        """Return the cushions to try, up to the first that covers all."""
        most_s = max(float(self._places_needed.max(initial=0.0)), base_s, best.all_s if best else 0.0)
        mine = {base_s, *((best.cushion_s or best.all_s, best.all_s) if best else ())}
        grid = [ms / MS for ms in GRID_MS]
        last_s = next((each for each in grid if each >= most_s), grid[-1])
        every = sorted({*(each for each in grid if each <= last_s), *mine})
        return [each for n, each in enumerate(every) if n == 0 or each - every[n - 1] > NO_GAP_S]

    @cached_property
    def _places_needed(self) -> Seconds:
        """What each place needs at which a player without a cushion falls silent in mid-speech."""
        starts = self._heard(lambda at_s, lengths_s: heard_from(at_s, lengths_s, cushion_s=0.0))
        places = [index for index, _ in self._silences(starts)]
        return np.ceil((self.stream.lateness_s[places] - NO_GAP_S) / STEP_S) * STEP_S

    def _fixed(self, cushion_s: float, needed: Seconds) -> Row:
        def play(at_s: Seconds, lengths_s: Seconds) -> Seconds:
            return heard_from(at_s, lengths_s, cushion_s=cushion_s, refills=self.refills)

        covered = int(np.count_nonzero(needed <= cushion_s + NO_GAP_S))
        return self._row(self._heard(play), "refills" if self.refills else "fixed", covered, cushion_s)

    def _adaptive(self, needed: Seconds) -> Row:
        player = Adaptive()
        targets: list[float] = []

        def play(at_s: Seconds, lengths_s: Seconds) -> Seconds:
            targets.append(player.target_s)
            return player.heard_from(at_s, lengths_s)

        starts = self._heard(play)
        mean_s = float(np.mean(targets))
        silent = len(list(self._silences(starts)))
        return self._row(starts, "adaptive", max(0, needed.size - silent), mean_s)

    def _row(self, starts_s: Seconds, manner: Manner, covered: int, cushion_s: float) -> Row:
        silences = [size for _, size in self._silences(starts_s)]
        firsts = [part.start for part in self.answers]
        return Row(
            cushion_s=cushion_s,
            manner=manner,
            underruns=len(silences),
            covered=covered,
            late_s=sum(silences),
            stale_s=self._stale_s(starts_s, self.flush_after_s),
            stale_unflushed_s=self._stale_s(starts_s, None),
            added_s=float(np.mean(starts_s[firsts] - self.stream.chunks.at_s[firsts])),
        )

    def _heard(self, play: Play) -> Seconds:
        at_s = self.stream.chunks.at_s
        return np.concatenate([play(at_s[part], self.lengths_s[part]) for part in self.answers])

    def _silences(self, starts_s: Seconds) -> Iterator[tuple[int, float]]:
        """Yield where the agent falls silent in mid-speech: before which chunk, and for how long."""
        silent = [silence_before(starts_s[part], self.lengths_s[part]) for part in self.answers]
        sizes = np.concatenate(silent)
        for index in np.flatnonzero(sizes >= LEAST_GAP.value - NO_GAP_S)[:MOST_PLACES].tolist():
            if index not in self._spoken:
                self._spoken[index] = self.stream.is_in_speech(int(self.stream.chunks.firsts[index]))
            if self._spoken[index]:
                yield index, float(sizes[index])

    def _stale_s(self, starts_s: Seconds, flush_after_s: float | None) -> float | None:
        """Return the longest that sound from before an interruption is heard after it."""
        if not self.interruptions:
            return None
        ends_s = starts_s + self.lengths_s
        stale = []
        for at_s, received in self.interruptions:
            until_s = np.inf if flush_after_s is None else at_s + flush_after_s
            came = (self.stream.chunks.firsts < received) & (ends_s > at_s)
            heard = np.minimum(ends_s, until_s) - np.maximum(starts_s, at_s)
            stale.append(float(np.maximum(heard[came], 0.0).sum()))
        return max(stale)
