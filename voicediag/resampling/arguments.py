"""Which argument is what: the rates, the ratio, the state, found by the names that resamplers give them."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

INTO = {"in", "input", "from", "src", "source", "orig", "original", "old", "inrate", "insr", "in1", "fin", "freq1"}
OUT = {"out", "output", "to", "dst", "dest", "target", "new", "outrate", "outsr", "fout", "desired", "destination"}
RATES = {"rate", "rates", "sr", "fs", "hz", "freq", "frequency", "samplerate", "inrate", "outrate", "insr", "outsr"}
RATES |= {"fin", "fout"}
FIXED: dict[str, Any] = {"width": 2, "nchannels": 1, "channels": 1, "num_channels": 1, "n_channels": 1}
FIXED |= {"sampwidth": 2, "sample_width": 2, "num_chans": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """A pair of rates, and what is said of it."""

    in_hz: int
    out_hz: int

    def named(self, name: str, *, has_default: bool = False) -> Any:
        """Return what an argument of this name asks for; None where it asks for nothing that is known.

        Where it has a default only a rate is put in its place: a `width` may be that of a filter.
        """
        divisor = math.gcd(self.in_hz, self.out_hz)
        plain = name.lower()
        known = {
            "up": self.out_hz // divisor,
            "down": self.in_hz // divisor,
            "ratio": self.out_hz / self.in_hz,
            "l": self.out_hz // divisor,
            "m": self.in_hz // divisor,
            **FIXED,
        }
        if plain in known and not has_default:
            return known[plain]
        words = {word for word in re.split(r"[_\d]+|(?<=[a-z])(?=[A-Z])", name) if word}
        words = {word.lower() for word in words}
        is_rate = bool(words & RATES) or (not has_default and words <= INTO | OUT)
        if is_rate and words & INTO:
            return self.in_hz
        if is_rate and words & OUT:
            return self.out_hz
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How something is called, beside the samples.

    Attributes
    ----------
    before : tuple
        What follows the samples by position.
    named : dict
        What is given by name.
    state : str or int or None
        The argument, by name or place, that takes what came back with the last chunk.
    frames : str or None
        The argument that takes the number of samples to make.
    """

    before: tuple[Any, ...]
    named: dict[str, Any]
    state: str | int | None = None
    frames: str | None = None


def parameters(call: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """Return the parameters of something that can be called; None where it does not tell."""
    try:
        found = list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):
        return None
    return [each for each in found if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]


def shape(call: Callable[..., Any], rates: Rates, *, takes_samples: bool) -> Shape:
    """Return how to call a resampler, or to make one, for a pair of rates.

    Raises
    ------
    TypeError
        Where it asks for something that nothing is known of.
    """
    found = parameters(call)
    if found is None:
        return Shape(before=(), named={})
    rest = found[1:] if takes_samples else found
    before: list[Any] = []
    named: dict[str, Any] = {}
    state: str | int | None = None
    frames: str | None = None
    unknown = [each for each in rest if each.default is each.empty and not _known(each.name, rates)]
    if unknown and len(rest) >= 2 and takes_samples and len([e for e in rest if e.default is e.empty]) == 2:
        return Shape(before=(rates.in_hz, rates.out_hz), named={})
    for each in rest:
        value = rates.named(each.name, has_default=each.default is not each.empty)
        by_place = each.kind is each.POSITIONAL_ONLY
        if each.name in ("state", "cvstate"):
            state = len(before) if by_place else each.name
            value = None
        elif each.name in ("num", "num_samples", "n_out") and each.default is each.empty:
            frames = each.name
            continue
        elif value is None:
            if each.default is each.empty:
                raise TypeError(f"it asks for {each.name!r}, which is no rate")
            continue
        if by_place:
            before.append(value)
        else:
            named[each.name] = value
    return Shape(before=tuple(before), named=named, state=state, frames=frames)


def _known(name: str, rates: Rates) -> bool:
    return rates.named(name) is not None or name in ("state", "cvstate", "num", "num_samples", "n_out")
