"""What the bench measured, and the grade for voice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from voicediag.resampling import grades
from voicediag.resampling.chunks import Chunking, HoldUp
from voicediag.resampling.grades import Scale
from voicediag.resampling.impulses import Impulse
from voicediag.resampling.numbers import Number
from voicediag.resampling.plan import Plan
from voicediag.resampling.response import Response
from voicediag.resampling.sample_types import SampleType
from voicediag.resampling.tones import Array
from voicediag.resampling.whole_numbers import WholeNumbers

TELEPHONE, WIDEBAND, LIVE = "telephone-band", "wideband", "live"
NARROW_HZ = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One number of the card.

    Attributes
    ----------
    key : str
        As in JSON.
    number : Number
    scale : Scale
    of : tuple of str
        What it counts for: ``wideband`` and ``telephone-band`` sound, and use ``live``, chunk by chunk.
    """

    key: str
    number: Number
    scale: Scale
    of: tuple[str, ...]

    @property
    def letter(self) -> str:
        """The letter that this number would get alone."""
        return self.scale.letter(self.number.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What became of the test signals.

    Attributes
    ----------
    name : str
        Of the resampler.
    plan : Plan
    sample_type : SampleType
        What it was fed with.
    scale : float
        What its output was divided by.
    keeps_state : bool
        Whether it can know the chunk before.
    live : bool
        Whether it was also judged chunk by chunk.
    output : array of float64
        What became of the plan.
    sweep : array of float64
        What became of a linear sweep from 0 Hz to half of the input's rate, to look at; empty where there is none.
    response : Response or None
        None where the plan cannot be found in the output.
    numbers : dict
        By key.
    parts : tuple of Part
        Those that are graded.
    speed_s : float
        How long it took for a second of sound.
    tail_lost_ms : float
        How much of a sound's end never came out.
    lingers : bool
        Whether it could not be had anew for each test; see `Target`.
    pause_lost_ms : float or None
        How much sound a pause in real time loses; None where that was not tried.
    """

    name: str
    plan: Plan
    sample_type: SampleType
    scale: float
    keeps_state: bool
    live: bool
    output: Array
    sweep: Array
    response: Response | None
    impulse: Impulse | None
    chunkings: tuple[Chunking, ...]
    held: HoldUp | None
    ends: WholeNumbers
    numbers: dict[str, Number]
    parts: tuple[Part, ...]
    speed_s: float
    tail_lost_ms: float
    lingers: bool = False
    pause_lost_ms: float | None = None

    def __getattr__(self, key: str) -> float | None:
        """Return a measured number by its key; None where it does not arise between these rates."""
        if key.startswith("_") or not key.endswith(("_db", "_ms", "_ppm", "_hz", "_lsb")):
            raise AttributeError(key)
        number = self.numbers.get(key)
        return number.value if number else None

    @property
    def grade(self) -> str:
        """A to F: the worst of all that counts."""
        return grades.worst([part.letter for part in self.parts]) or "F" if self.response else "F"

    @property
    def passes(self) -> bool:
        """Whether it will do for voice."""
        return grades.passes(self.grade)

    @property
    def chunk_invariant(self) -> bool | None:
        """Whether every way of cutting gives the same sound; None where it was not tried."""
        tried = [part for part in self.parts if part.key in ("boundary_error_db", "length_drift_ppm")]
        return all(part.letter == "A" or part.number.at_floor for part in tried) if tried else None

    @property
    def wraps(self) -> bool:
        """Whether an overshoot at full scale comes out with the wrong sign."""
        return self.ends.wraps > 0

    @property
    def contents(self) -> tuple[str, ...]:
        """The kinds of sound that the input's rate can hold."""
        return (WIDEBAND, TELEPHONE) if self.plan.rate_in_hz > 2 * NARROW_HZ else (TELEPHONE,)

    def grade_for(self, what: str) -> str | None:
        """Return the grade for one kind of sound in one piece, or for how it is used live; None where not judged."""
        if self.response is None:
            return "F"
        return grades.worst([part.letter for part in self.parts if what in part.of])

    def worst_parts(self, what: str) -> Iterator[Part]:
        """Yield the parts that brought the grade for something down to what it is."""
        letter = self.grade_for(what)
        yield from (part for part in self.parts if what in part.of and part.letter == letter)
