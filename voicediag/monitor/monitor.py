"""The whole of it: sound and messages in, a state as JSON out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from voicediag.measure.echo_stream import FIRST_S, EchoMeter
from voicediag.monitor.captions import Captions
from voicediag.monitor.running_cost import RunningCost
from voicediag.monitor.strip import Strip
from voicediag.monitor.track import TrackNow
from voicediag.protocols.events import Event, Fact, TurnTaking, Used, Words
from voicediag.session import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.session import Samples

FULL_SCALE = 32_768
# What is left of a player's silence after it was resampled and rounded to 16 bits.
SILENT = 1e-3
# House rule: an echo comes back within this, through the slowest loudspeakers by Bluetooth and a room's tail.
ECHOES_S = 0.6
WARM_HZ, WARM_S = 48_000, 4


class Monitor:
    """Watches one conversation.

    Parameters
    ----------
    rate_hz : int
        Of both tracks.
    model : str
        Who is talked to: what it used is priced by this name where its messages name no model.
    """

    def __init__(self, rate_hz: int, model: str) -> None:
        self._rate_hz = rate_hz
        self._model = model
        self._frames = 0
        # How long the loudspeaker has been silent; before it first speaks, for ever.
        self._quiet = round(ECHOES_S * rate_hz)
        self._mic, self._speaker = TrackNow(rate_hz), TrackNow(rate_hz)
        self._echo = EchoMeter(rate_hz, rate_hz)
        self._strip = Strip(rate_hz)
        self._captions = Captions()
        self._cost = RunningCost()

    def sound(self, mic: bytes, played: bytes) -> None:
        """Take a stretch of both tracks, 16-bit and of one length."""
        heard, spoken = _decoded(mic), _decoded(played)
        self._frames += heard.size
        self._quiet = 0 if float(np.abs(spoken).max(initial=0.0)) >= SILENT else self._quiet + spoken.size
        # A voice is measured where the loudspeaker is silent: an echo is no speech of the user's.
        self._mic.push(heard, alone=self._quiet - spoken.size >= ECHOES_S * self._rate_hz)
        self._speaker.push(spoken)
        self._echo.push(heard, spoken)
        self._strip.sound(heard, spoken)

    def meant(self, event: Event, at_s: float) -> None:
        """Take what a message of the provider meant, `at_s` after the sound began."""
        match event:
            case Words():
                self._captions.words(event)
            case TurnTaking():
                self._captions.cue(event.kind)
                self._cost.event(event.kind)
                if event.kind == "interrupted":
                    self._strip.mark(at_s, "interrupted")
            case Used():
                usage = Usage(at_s=at_s, kind=event.kind, model=event.model or self._model, tally=event.tally)
                self._cost.used(usage, event.counted)
            case Fact():
                self._cost.event(event.kind)
                if event.kind in {"error", "tool-call", "going-away"}:
                    self._captions.note(event.kind, event.said or event.name)
            case _:
                pass

    def marked(self, at_s: float) -> None:
        """Take a moment that the user marked."""
        self._strip.mark(at_s, "mark")

    def state(self) -> Mapping[str, Any]:
        """Return what there is to be told, as JSON."""
        now = self._echo.now
        echo = {
            "verdict": now.verdict,
            "delay_ms": now.delay_ms,
            "erl_db": now.erl_db,
            "far_end_s": now.far_end_s,
            "first_s": FIRST_S,
        }
        return {
            "at_s": self._frames / self._rate_hz,
            "mic": self._mic.read(),
            "speaker": self._speaker.read(),
            "echo": echo,
            **self._strip.read(),
            "captions": self._captions.read(),
            "cost": self._cost.read(),
        }


def warm_up() -> None:
    """Load what the first reading would wait for, before somebody speaks."""
    noise = np.random.default_rng(1).standard_normal(WARM_HZ * WARM_S) * FULL_SCALE / 10
    monitor, sound = Monitor(WARM_HZ, ""), noise.astype("<i2").tobytes()
    monitor.sound(sound, sound)
    monitor.state()


def _decoded(sound: bytes) -> Samples:
    return np.frombuffer(sound, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
