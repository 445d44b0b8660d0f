"""Anything that resamples, as something that can be asked for a fresh stream as often as needed."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from voicediag.errors import InputError
from voicediag.resampling.arguments import Rates, parameters, shape
from voicediag.resampling.sample_types import SampleType, gathered
from voicediag.resampling.streams import Calls, Stream, Untold, stream_of
from voicediag.resampling.tones import Array

RESETS = ("reset", "clear")
# What the longest filters in use hold back, and more.
WASHED_S = 1.0
FALL_BACK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A resampler, how it is fed, and how a fresh one is made.

    Attributes
    ----------
    name : str
    rates : Rates
    fresh : callable
        Takes nothing; returns a stream that has heard nothing yet.
    keeps_state : bool
        Whether it knows the chunk before; a function that is called anew for each does not.
    sample_type : SampleType
    in_chunks : bool
        Whether whole recordings are pushed in chunks of 20 ms, because it is late by a chunk.
    scale : float
        What comes back is divided by this: 32768 where a resampler makes floats of the size of int16.
    lingers : bool
        Whether it is one object that can be neither copied nor reset: it is the same each time, after a second of
        silence, and never flushed. What it holds back comes out as delay then.
    """

    name: str
    rates: Rates
    fresh: Callable[[], Stream]
    keeps_state: bool
    sample_type: SampleType = SampleType.FLOAT64
    in_chunks: bool = False
    scale: float = 1.0
    lingers: bool = False

    def opened(self) -> Open:
        """Return a fresh stream that takes and gives float64."""
        stream = Open(target=self, stream=self.fresh())
        if self.lingers:
            frames = round(FALL_BACK_S * self.rates.in_hz)
            for _ in range(round(WASHED_S / FALL_BACK_S)):
                stream.push(np.zeros(frames))
        return stream

    def whole(self, samples: Array) -> Array:
        """Return what becomes of a whole recording: in one piece, or in chunks of 20 ms where that is refused."""
        frames = round(FALL_BACK_S * self.rates.in_hz)
        padded = np.append(samples, np.zeros(-samples.size % frames))
        if self.in_chunks:
            return np.concatenate(self.chunked(padded, frames))
        stream = self.opened()
        try:
            return np.concatenate([stream.push(samples), stream.flush()])
        except InputError:
            return np.concatenate(self.chunked(padded, frames))

    def chunked(self, samples: Array, frames: int) -> list[Array]:
        """Return what comes back for each chunk of so many frames, and at last for the flush."""
        stream = self.opened()
        out = [stream.push(samples[at : at + frames]) for at in range(0, samples.size, frames)]
        return [*out, stream.flush()]


@dataclass(slots=True, kw_only=True)
class Open:
    """A stream that is being pushed float64."""

    target: Target
    stream: Stream

    def push(self, samples: Array) -> Array:
        """Return what comes out for a chunk.

        Raises
        ------
        InputError
            Where the resampler raises anything, or hands back no sound.
        """
        return self._read(lambda: self.stream.push(self.target.sample_type.of(samples)), f"{samples.size} samples")

    def flush(self) -> Array:
        """Return what was still held back."""
        return np.zeros(0) if self.target.lingers else self._read(self.stream.flush, "the end of the sound")

    def _read(self, call: Callable[[], Any], of: str) -> Array:
        try:
            # A copy: some hand out the same buffer again and again.
            return np.array(gathered(call()), dtype=np.float64) / self.target.scale
        except Exception as error:  # other people's code may raise anything
            raise InputError(
                expected=f"a resampler that takes {of} as {self.target.sample_type}",
                got=f"{type(error).__name__}: {error}",
                likely="it takes more than samples; hand over lambda samples: ...",
            ) from error


def target_of(given: Any, rates: Rates, *, name: str | None = None) -> Target:
    """Return a target of a function, a class, a factory or an object.

    A factory is a class, or a function that takes no arguments; it is called for each fresh stream. An object is
    copied; where it cannot be, its `reset` or `clear` is called; where it has neither, it hears a second of silence.

    Raises
    ------
    InputError
        Where nothing takes sound, or no fresh one can be made.
    """
    said = name or getattr(given, "__qualname__", None) or type(given).__name__
    if isinstance(given, Target):
        return given
    if isinstance(given, type):
        return _made(said, rates, lambda: _instance(given, rates))
    is_function = callable(given) and (hasattr(given, "__name__") or hasattr(given, "func"))
    if inspect.ismodule(given):
        raise InputError(
            expected="a function, a class or an object",
            got=f"the module {given.__name__}",
            likely="the module was handed over, not what is in it",
        )
    if not is_function:
        copies = _copies(given, rates)
        made = _made(said, rates, copies or (lambda: given))
        return made if copies else replace(made, lingers=True)
    asked = parameters(given)
    if asked is not None and not asked and not _takes_any(given):
        return _factory(said, given, rates)
    if asked is None:
        return Target(name=said, rates=rates, fresh=lambda: Untold.of(given, rates), keeps_state=False)
    try:
        form = shape(given, rates, takes_samples=True)
    except TypeError as error:
        raise InputError(
            expected="a function of the samples, and perhaps of the rates",
            got=f"{said}: {error}",
            likely="hand over lambda samples: ... with the rest filled in",
        ) from None
    return Target(name=said, rates=rates, fresh=lambda: Calls(given, form, rates), keeps_state=form.state is not None)


def _takes_any(given: Callable[..., Any]) -> bool:
    """Return whether a function takes what it does not name."""
    return any(each.kind is each.VAR_POSITIONAL for each in inspect.signature(given).parameters.values())


def _factory(name: str, make: Callable[[], Any], rates: Rates) -> Target:
    """Return the target of a function that makes resamplers: of objects, or of functions that keep a state."""
    first = make()
    if callable(first) and hasattr(first, "__name__"):
        form = shape(first, rates, takes_samples=True)
        return Target(name=name, rates=rates, fresh=lambda: Calls(make(), form, rates), keeps_state=True)
    return _made(name, rates, make)


def _made(name: str, rates: Rates, make: Callable[[], Any]) -> Target:
    stream_of(make(), rates)
    return Target(name=name, rates=rates, fresh=lambda: stream_of(make(), rates), keeps_state=True)


def _instance(kind: type, rates: Rates) -> Any:
    """Return a new object of a class, with the rates where its initialiser asks for them."""
    try:
        form = shape(kind, rates, takes_samples=False)
        return kind(*form.before, **form.named)
    except TypeError as error:
        raise InputError(
            expected="a class that is made from nothing but the two rates",
            got=f"{kind.__name__}: {error}",
            likely=f"hand over lambda: {kind.__name__}(...), which makes a fresh one",
        ) from None


def _copies(given: Any, rates: Rates) -> Callable[[], Any] | None:
    """Return how to get an object that has heard nothing, again and again; None where it cannot be had."""
    try:
        pristine = copy.deepcopy(given)
    except Exception:  # noqa: BLE001  objects of C raise what they like
        pristine = None
    if pristine is not None:
        return lambda: copy.deepcopy(pristine)
    for name in RESETS:
        if callable(reset := getattr(given, name, None)):
            return lambda: (reset(), given)[1]
    if all(hasattr(given, part) for part in ("format", "layout", "rate", "resample")):
        return lambda: type(given)(format=given.format.name, layout=given.layout.name, rate=rates.out_hz)
    return None
