"""Whether two transcripts say the same words.

What is measured
    How many words of one text stand, in order, in another.
Method
    Both are normalised by the Whisper normaliser ("mince 2 cloves" and "mince two cloves" become one), cut into words,
    and matched by longest common runs (`difflib`, junk heuristics off). Runs shorter than `LEAST_RUN` do not count:
    "the" and "you" are in every sentence.
Conventions
    Counts are words; a share with nothing to divide by is None.
Differences from other tools
    This is no word error rate: it asks for a run inside a longer text, wherever it begins.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_RUN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Words of `heard` that stand in `said`.

    Attributes
    ----------
    matched, heard : int
        Words found again, of how many.
    first, last : int or None
        Where in `said` the found words begin and end (words, half-open); None where there are none.
    said : int
        Words of the text that was searched.
    """

    matched: int
    heard: int
    first: int | None
    last: int | None
    said: int

    @property
    def share(self) -> float | None:
        """Share of the heard words that were found again; None where nothing was heard."""
        return self.matched / self.heard if self.heard else None


def normalise(text: str) -> str:
    """Return a text as it is spoken: lower case, numbers in one form, no punctuation.

    Examples
    --------
    >>> normalise("Mince two cloves!")
    'mince 2 cloves'
    """
    return " ".join(_normaliser()(text).split())


def match(heard: str, said: str, *, least_run: int = LEAST_RUN) -> Match:
    """Return which words of `heard` stand in `said`, in order.

    Parameters
    ----------
    heard, said : str
        Two transcripts, as the provider wrote them.
    least_run : int
        Shortest run of words that counts.
    """
    mine, theirs = normalise(heard).split(), normalise(said).split()
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    runs = [block for block in blocks if block.size >= min(least_run, max(1, len(mine)))]
    return Match(
        matched=sum(block.size for block in runs),
        heard=len(mine),
        first=runs[0].b if runs else None,
        last=runs[-1].b + runs[-1].size if runs else None,
        said=len(theirs),
    )


@cache
def _normaliser() -> Callable[[str], str]:
    """Return the normaliser; its tables are read once, when the first text comes."""
    with warnings.catch_warnings():
        # Its regular expressions stand in plain strings, which Python says once to whoever imports it first.
        warnings.simplefilter("ignore", category=SyntaxWarning)
        warnings.simplefilter("ignore", category=DeprecationWarning)
        from whisper_normalizer.english import EnglishTextNormalizer

    normaliser: Callable[[str], str] = EnglishTextNormalizer()
    return normaliser
