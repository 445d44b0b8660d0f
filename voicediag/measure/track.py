"""All meters of one track, fed from the same blocks."""

from __future__ import annotations

from dataclasses import dataclass

from voicediag.measure._filters import Samples
from voicediag.measure.active_level import ActiveLevel, ActiveLevelMeter
from voicediag.measure.clipping import Clipping, ClippingMeter
from voicediag.measure.envelope import Envelope, EnvelopeMeter
from voicediag.measure.gaps import GapMeter, Gaps
from voicediag.measure.levels import Level, LevelMeter
from voicediag.measure.loudness import Loudness, LoudnessMeter
from voicediag.measure.noise import Noise, noise_floor, snr_db
from voicediag.measure.repeats import RepeatMeter, Repeats
from voicediag.measure.silence import DropoutMeter, Dropouts, Silence, SilenceMeter
from voicediag.measure.true_peak import TruePeak, TruePeakMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackReading:
    """What every meter read of one track."""

    level: Level
    loudness: Loudness
    true_peak: TruePeak
    active: ActiveLevel
    noise: Noise
    clipping: Clipping
    silence: Silence
    repeats: Repeats
    dropouts: Dropouts
    gaps: Gaps
    envelope: Envelope

    @property
    def snr_db(self) -> float | None:
        """Active speech level over the noise floor, in dB."""
        return snr_db(active_speech_dbov=self.active.active_speech_dbov, noise_floor_dbfs=self.noise.noise_floor_dbfs)

    def meters(self) -> dict[str, float | int | None]:
        """Return the readings as flat numbers, each with its unit in its name."""
        return {
            "rms_dbfs": self.level.rms_dbfs,
            "peak_dbfs": self.level.peak_dbfs,
            "true_peak_dbtp": self.true_peak.true_peak_dbtp,
            "integrated_lufs": self.loudness.integrated_lufs,
            "short_term_lufs": self.loudness.max_short_term_lufs,
            "active_speech_dbov": self.active.active_speech_dbov,
            "activity_factor": self.active.activity_factor,
            "noise_floor_dbfs": self.noise.noise_floor_dbfs,
            "snr_db": self.snr_db,
            "dc": self.level.dc,
            "clipped_samples": self.clipping.clipped_samples,
            "wraps": self.clipping.wraps,
            "silence_s": self.silence.zero_s,
            "stuck_s": self.silence.stuck_s,
            "repeated": int(self.repeats.starts.size),
            "dropouts": int(self.dropouts.starts.size),
        }


class TrackMeters:
    """Every meter of one track; push blocks, then ask for the reading.

    Parameters
    ----------
    rate_hz : int
    """

    def __init__(self, rate_hz: int) -> None:
        self._level = LevelMeter(rate_hz)
        self._loudness = LoudnessMeter(rate_hz)
        self._true_peak = TruePeakMeter(rate_hz)
        self._active = ActiveLevelMeter(rate_hz)
        self._clipping = ClippingMeter(rate_hz)
        self._silence = SilenceMeter(rate_hz)
        self._repeats = RepeatMeter(rate_hz)
        self._dropouts = DropoutMeter(rate_hz)
        self._gaps = GapMeter(rate_hz)
        self._envelope = EnvelopeMeter(rate_hz)

    def push(self, samples: Samples) -> None:
        """Feed every meter the next block; float32, shape (frames,), in [-1, 1]."""
        meters = (
            self._level, self._loudness, self._true_peak, self._active,
            self._clipping, self._silence, self._repeats, self._dropouts, self._gaps, self._envelope,
        )  # fmt: skip
        for meter in meters:
            meter.push(samples)

    def result(self) -> TrackReading:
        """Return what every meter has read so far."""
        level = self._level.result()
        return TrackReading(
            level=level,
            loudness=self._loudness.result(),
            true_peak=self._true_peak.result(),
            active=self._active.result(),
            noise=noise_floor(level),
            clipping=self._clipping.result(),
            silence=self._silence.result(),
            repeats=self._repeats.result(),
            dropouts=self._dropouts.result(),
            gaps=self._gaps.result(),
            envelope=self._envelope.result(),
        )
