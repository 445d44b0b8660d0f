"""OpenAI Realtime's ``server_vad``, as far as its reference says what it does.

``speech_started.audio_start_ms`` counts all sound that was written to the buffer and includes the padding;
``speech_stopped.audio_end_ms`` includes the silence that was waited for. So speech began at audio_start_ms +
prefix_padding_ms, unless that was cut at 0, and ended at audio_end_ms - silence_duration_ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from voicediag.tune.vad.checks import probability, wait_ms
from voicediag.tune.vad.machine import Rules, windows
from voicediag.tune.vad.silero import HYSTERESIS, MS

LEAST_OFF: Final = 0.01
"""silero-vad 6.2, get_speech_timestamps: without it a low threshold would never let a turn end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """Settings of ``turn_detection`` of type ``server_vad``, with its defaults.

    Parameters
    ----------
    threshold : float
        Probability from which on a window is speech.
    prefix_padding_ms : float
        Sound that is kept from before the speech. It makes no start any later; Gemini's setting of that name does.
    silence_duration_ms : float
        Silence after which a stop is told.
    """

    name: ClassVar[str] = "OpenAI's server_vad"
    note: ClassVar[str] = (
        "prefix_padding_ms is sound kept from before the speech and delays nothing; at Gemini it is speech asked for "
        "before a start."
    )
    assumed: ClassVar[tuple[str, ...]] = (
        "the network: OpenAI does not say which it is; Silero v6 stands in for it",
        f"silence begins {HYSTERESIS} under the threshold, and at {LEAST_OFF} at the least, as in Silero's own cutter",
        "a start is told after one window of speech",
        "no noise reduction before it, which a session may have set",
    )

    threshold: float = 0.5
    prefix_padding_ms: float = 300.0
    silence_duration_ms: float = 500.0

    def __post_init__(self) -> None:
        probability("threshold", self.threshold)
        wait_ms("prefix_padding_ms", self.prefix_padding_ms)
        wait_ms("silence_duration_ms", self.silence_duration_ms)

    def rules(self, step_s: float) -> Rules:
        """Return what that means for windows of `step_s`."""
        return Rules(
            on=self.threshold,
            off=min(self.threshold, max(self.threshold - HYSTERESIS, LEAST_OFF)),
            silent_windows=max(0, windows(self.silence_duration_ms / MS, step_s) - 1),
            start_shift_s=-self.prefix_padding_ms / MS,
            stop_shift_s=self.silence_duration_ms / MS,
        )
