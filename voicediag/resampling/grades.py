"""Grades A to F for voice, each number held against limits that say where they come from.

D still passes: it is heard, but little. F is what people complain of.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicediag.limits import Limit

LETTERS = "ABCDF"
SOF = "Intel SOF src_test.m, after AES17 6.6.6: aliases and images at most -60 dB"
BENCH = "benchmarks.resampler_grades"
HARDLY = f"{BENCH}: nine voices of ten lose at most 0.1 MOS of PESQ-WB"
CLEARLY = f"{BENCH}: nine voices of ten lose at most 0.5 MOS of PESQ-WB"
FILTERED = f"{BENCH}: nine voices of ten lose at most 0.2 MOS of PESQ-WB, which forgives filters"
G114 = "ITU-T G.114: 150 ms one way for all of the path; half of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What each letter asks for.

    Attributes
    ----------
    steps : tuple of Limit
        For A, B, C and D.
    rising : bool
        Whether more is better.
    """

    steps: tuple[Limit, Limit, Limit, Limit]
    rising: bool

    def letter(self, value: float) -> str:
        """Return the letter of a value; what is exactly at a limit is within it."""
        within = [(value >= step.value) if self.rising else (value <= step.value) for step in self.steps]
        return LETTERS[within.index(True)] if True in within else "F"

    def limit(self, letter: str) -> Limit:
        """Return the limit that a letter just kept, or for F the one that it broke."""
        return self.steps[min(LETTERS.index(letter), len(self.steps) - 1)]


def _scale(unit: str, *steps: tuple[float, str], rising: bool = False) -> Scale:
    first, second, third, fourth = (Limit(value, unit, source) for value, source in steps)
    return Scale(steps=(first, second, third, fourth), rising=rising)


ALIASES = _scale(
    "dB",
    (80, "house rule: below the noise of a quiet room behind a good microphone"),
    (60, SOF),
    (36, HARDLY),
    (25, CLEARLY),
    rising=True,
)
IMAGES = _scale(
    "dB",
    (80, "house rule: below the noise of a quiet room behind a good microphone"),
    (60, SOF),
    (41, HARDLY),
    (32, CLEARLY),
    rising=True,
)
TELEPHONE_IMAGES = _scale(
    "dB",
    (80, "house rule: below the noise of a quiet room behind a good microphone"),
    (60, SOF),
    (54, HARDLY),
    (40, CLEARLY),
    rising=True,
)
SINAD = _scale(
    "dB",
    (80, "Intel SOF src_test.m, after AES17 6.3.2: THD+N at most -80 dB"),
    (65, "XMOS lib_src: 65 dB is its voice quality"),
    (51, HARDLY),
    (42, CLEARLY),
    rising=True,
)
DROOP = _scale(
    "dB",
    (0.1, "house rule: nothing in a chain of ten adds up to 1 dB"),
    (0.5, "house rule: not heard side by side"),
    (6, HARDLY),
    (29, FILTERED),
)
WIDE_DROOP = _scale(
    "dB",
    (1, "house rule: just heard side by side"),
    (3.5, "house rule: speex's own setting for VoIP is 3.1 dB down at 7 kHz"),
    (9, "house rule: dull"),
    (20, FILTERED),
)
GAIN = _scale(
    "dB",
    (0.1, "house rule: nothing in a chain of ten adds up to 1 dB"),
    (0.5, "house rule: not heard side by side"),
    (1, "house rule: just heard side by side"),
    (6.03, "house rule: half of the voice's level, or twice"),
)
LATE = _scale(
    "ms",
    (5, "house rule: a quarter of a chunk of 20 ms"),
    (10, "house rule: half of a chunk of 20 ms"),
    (20, "house rule: one chunk of 20 ms"),
    (75, G114),
)
SEAMS = _scale(
    "dB",
    (-90, "house rule: the last bit of 16"),
    (-75, "house rule: two dithers of 16 bits, as of soxr's, which differ from run to run"),
    (-71, HARDLY),
    (-61, CLEARLY),
)
DRIFT = _scale(
    "ppm",
    (1, "house rule: 4 ms in an hour"),
    (5, "house rule: 18 ms in an hour, a chunk"),
    (20, "house rule: a good crystal"),
    (100, "house rule: two bad crystals; 0.36 s in an hour"),
)
NONE = _scale(
    "samples",
    *((0.0, "house rule: one such sample is a click at full scale"),) * 4,
)


def worst(letters: list[str]) -> str | None:
    """Return the worst of some letters; None of none."""
    return max(letters, key=LETTERS.index, default=None)


def passes(letter: str) -> bool:
    """Return whether a letter passes."""
    return letter != "F"
