"""Silero's VADIterator, as silero-vad 6.2 has it: the same events on the same probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from voicediag.tune.vad.checks import probability, wait_ms
from voicediag.tune.vad.machine import Rules, windows

HYSTERESIS: Final = 0.15
"""How far under the threshold silence begins: silero-vad 6.2, utils_vad.VADIterator."""
MS: Final = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VadIterator:
    """Settings of Silero's VADIterator, with its defaults.

    Parameters
    ----------
    threshold : float
        Probability from which on a window is speech; under threshold - 0.15 it is silence.
    min_silence_duration_ms : float
        How long after the first silent window a stop waits.
    speech_pad_ms : float
        How much sooner a start is told than speech begins, and how much later a stop.
    """

    name: ClassVar[str] = "Silero's VADIterator"
    note: ClassVar[str] = "Both pads are in the times told."
    assumed: ClassVar[tuple[str, ...]] = ()

    threshold: float = 0.5
    min_silence_duration_ms: float = 100.0
    speech_pad_ms: float = 30.0

    def __post_init__(self) -> None:
        probability("threshold", self.threshold)
        wait_ms("min_silence_duration_ms", self.min_silence_duration_ms)
        wait_ms("speech_pad_ms", self.speech_pad_ms)

    def rules(self, step_s: float) -> Rules:
        """Return what that means for windows of `step_s`."""
        return Rules(
            on=self.threshold,
            off=self.threshold - HYSTERESIS,
            silent_windows=windows(self.min_silence_duration_ms / MS, step_s),
            start_shift_s=-self.speech_pad_ms / MS,
            stop_shift_s=self.speech_pad_ms / MS,
        )
