"""Grades A to F for voice, each number held against limits that say where they come from.

D still passes: it is heard, but little. F is what people complain of.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicediag.limits import Limit

LETTERS = "ABCDF"
SOF = "Intel SOF src_test.m, after AES17 6.6.6: aliases and images at most -60 dB"
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


REJECTION = _scale(
    "dB",
    (80, "house rule: below the noise of a quiet room behind a good microphone"),
    (60, SOF),
    (30, "house rule: as far below speech as its own vowels hide"),
    (20, "house rule: a tenth of the voice; above it sibilants are heard as another sound"),
    rising=True,
)
SINAD = _scale(
    "dB",
    (80, "Intel SOF src_test.m, after AES17 6.3.2: THD+N at most -80 dB"),
    (65, "XMOS lib_src: 65 dB is its voice quality"),
    (40, "house rule: G.711, the telephone's own coding, has 38 dB"),
    (30, "house rule: noise that is heard under speech"),
    rising=True,
)
DROOP = _scale(
    "dB",
    (0.1, "house rule: nothing in a chain of ten adds up to 1 dB"),
    (0.5, "house rule: not heard side by side"),
    (1, "house rule: just heard side by side"),
    (3, "the usual end of a pass band"),
)
WIDE_DROOP = _scale(
    "dB",
    (1, "house rule: just heard side by side"),
    (3.5, "house rule: speex's own setting for VoIP is 3.1 dB down at 7 kHz"),
    (9, "house rule: dull"),
    (20, "house rule: the end of the band is gone"),
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
    (-70, "house rule: below the noise of a quiet room"),
    (-50, "house rule: soft ticks in silence"),
    (
        -40,
        "house rule: stateless use of good resamplers makes -30 to -39 dB, heard as a buzz at the rate of the chunks",
    ),
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
