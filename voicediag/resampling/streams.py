"""One way to push sound into anything that resamples: functions, objects that keep a state, and other people's classes.

A class is known by the names of its methods, never by its own: soxr's `ResampleStream`, libsamplerate's `Resampler`,
PyAV's and LiveKit's `AudioResampler`, pedalboard's `StreamResampler` and pipecat's resamplers all fit, and so does
whatever is made like one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from voicediag.errors import InputError
from voicediag.resampling.arguments import Rates, Shape, parameters, shape

PUSHES = (
    "resample_chunk", "push", "process", "process_chunk", "resample", "feed", "write", "convert", "update", "step",
    "put", "add", "run", "transform", "push_samples", "push_chunk", "push_frame", "process_frame", "downsample",
    "upsample", "resample_stream", "__call__",
)  # fmt: skip
FLUSHES = ("flush", "finish", "finalize", "drain", "end", "close")
PULLS = ("pull", "read", "pop", "get", "get_output", "output")
LAST = ("last", "final", "end", "flush", "end_of_input", "eof", "is_last", "last_chunk", "done")


class Stream(Protocol):
    """What the bench pushes sound into; what comes back is as the resampler makes it."""

    def push(self, chunk: Any) -> Any:
        """Return what comes out for a chunk."""
        ...

    def flush(self) -> Any:
        """Return what was still held back."""
        ...


@dataclass
class Calls:
    """A function, called anew for each chunk; it keeps a state only where it takes one and hands it back."""

    call: Callable[..., Any]
    form: Shape
    rates: Rates
    state: Any = None

    def push(self, chunk: Any) -> Any:
        """Return what the function makes of a chunk by itself."""
        before, named = list(self.form.before), dict(self.form.named)
        if isinstance(self.form.state, int):
            before[self.form.state] = self.state
        elif self.form.state is not None:
            named[self.form.state] = self.state
        if self.form.frames is not None:
            named[self.form.frames] = round(len(chunk) * self.rates.out_hz / self.rates.in_hz)
        out = awaited(self.call(chunk, *before, **named))
        if self.form.state is not None and isinstance(out, tuple):
            out, self.state = out[0], out[1]
        return out

    def flush(self) -> Any:
        """Return nothing: a function holds nothing back."""
        return None


@dataclass
class Untold:
    """A function that does not tell its arguments: the first way of calling it that works is kept."""

    call: Callable[..., Any]
    rates: Rates
    ways: list[tuple[Any, ...]]

    @classmethod
    def of(cls, call: Callable[..., Any], rates: Rates) -> Untold:
        """Return one of which no way was tried yet."""
        return cls(call, rates, [(), (rates.out_hz / rates.in_hz,), (rates.in_hz, rates.out_hz)])

    def push(self, chunk: Any) -> Any:
        """Return what the function makes of a chunk by itself."""
        while len(self.ways) > 1:
            try:
                out = awaited(self.call(chunk, *self.ways[0]))
            except TypeError:
                self.ways = self.ways[1:]
            else:
                return out
        return awaited(self.call(chunk, *self.ways[0]))

    def flush(self) -> Any:
        """Return nothing: a function holds nothing back."""
        return None


@dataclass
class Pushed:
    """An object with a method that takes chunks, and perhaps one that hands out the rest."""

    push_with: Callable[[Any], Any]
    flush_with: Callable[[], Any]

    def push(self, chunk: Any) -> Any:
        """Return what comes out for a chunk."""
        return awaited(self.push_with(chunk))

    def flush(self) -> Any:
        """Return what was still held back."""
        return awaited(self.flush_with())


def awaited(out: Any) -> Any:
    """Return what a coroutine returns that waits for nothing; other values as they are."""
    if not hasattr(out, "send") or not hasattr(out, "cr_frame"):
        return out
    try:
        out.send(None)
    except StopIteration as end:
        return end.value
    out.close()
    raise InputError(expected="a resampler that answers at once", got="a coroutine that waits for something else")


def stream_of(made: Any, rates: Rates) -> Stream:
    """Return how to push sound into an object.

    Raises
    ------
    InputError
        Where it has no method that takes sound.
    """
    if hasattr(made, "format") and hasattr(made, "layout") and hasattr(made, "resample"):
        return _pyav(made, rates)
    for name in PUSHES:
        method = getattr(made, name, None)
        if callable(method) and (name != "__call__" or not isinstance(made, type)):
            return _pushed(made, name, method, rates)
    raise InputError(
        expected="a function, or an object with a method push, process or resample_chunk",
        got=f"{type(made).__name__}",
        likely="the module was handed over, not what is in it",
    )


def _pushed(made: Any, name: str, method: Callable[..., Any], rates: Rates) -> Stream:
    """Return a stream of an object by the method that takes its chunks."""
    known = parameters(method)
    if name == "resample_chunk":
        return Pushed(method, lambda: method(_nothing(made), last=True))
    if name == "process" and (known is None or "ratio" in {each.name for each in known}):
        return _libsamplerate(method, rates)
    form = shape(method, rates, takes_samples=True)
    calls = Calls(method, form, rates)
    pull = next((found for each in PULLS if _is_bare(found := getattr(made, each, None))), None)
    push = calls.push if pull is None else lambda chunk: [calls.push(chunk), pull()]
    last = next((each.name for each in known or [] if each.name in LAST and each.default is not each.empty), None)
    if last is not None:
        return Pushed(push, lambda: method(_nothing(made), *form.before, **{**form.named, last: True}))
    flush = next((found for each in FLUSHES if _is_bare(found := getattr(made, each, None))), None)
    if flush is None:
        return Pushed(push, lambda: _flushed_by_none(method, form))
    return Pushed(push, flush if pull is None else lambda: [flush(), pull()])


def _is_bare(method: Any) -> bool:
    """Return whether something can be called with nothing."""
    if not callable(method):
        return False
    return not any(each.default is each.empty for each in parameters(method) or [])


def _nothing(made: Any) -> Any:
    import numpy as np

    return np.zeros(0, dtype=getattr(made, "_type", None) or getattr(made, "dtype", None) or np.float32)


def _flushed_by_none(method: Callable[..., Any], form: Shape) -> Any:
    """Return what a method hands out for None, which ends the sound for some; nothing where it does not take that."""
    try:
        return method(None, *form.before, **form.named)
    except Exception:  # noqa: BLE001  whatever it raises, it has no such ending
        return None


def _libsamplerate(method: Callable[..., Any], rates: Rates) -> Stream:
    import numpy as np

    ratio = rates.out_hz / rates.in_hz
    return Pushed(
        lambda chunk: method(chunk, ratio, end_of_input=False),
        lambda: method(np.zeros(0, dtype=np.float32), ratio, end_of_input=True),
    )


def _pyav(made: Any, rates: Rates) -> Stream:
    """Return a stream of PyAV's resampler, which takes frames and must know their layout."""
    import importlib

    frame_type = importlib.import_module("av").AudioFrame

    def push(chunk: Any) -> Any:
        planes = {"f8": "dbl", "f4": "flt", "i2": "s16"}[chunk.dtype.str[1:]]
        frame = frame_type.from_ndarray(chunk.reshape(1, -1), format=planes, layout="mono")
        frame.sample_rate = rates.in_hz
        return made.resample(frame)

    return Pushed(push, lambda: made.resample(None))
