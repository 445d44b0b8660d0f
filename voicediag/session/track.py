"""A track: sound named by whose it is and where it was tapped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from voicediag.errors import InputError
from voicediag.session.clock import Clock

if TYPE_CHECKING:
    from voicediag.session.source import AudioSource, Samples
    from voicediag.spans import Span

Role: TypeAlias = Literal["user", "agent"]
TrackName: TypeAlias = Literal["user-captured", "user-sent", "agent-received", "agent-played"]

# In the order in which the sound passes them: the first tap that shows a fault is where it was made.
TRACK_NAMES: tuple[TrackName, ...] = get_args(TrackName)


def track_name(text: str) -> TrackName:
    """Return `text` as a track name.

    Raises
    ------
    InputError
        Where it names no role and tap.
    """
    if text not in TRACK_NAMES:
        raise InputError(expected=f"a track name ({', '.join(TRACK_NAMES)})", got=repr(text))
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One voice at one tap.

    Parameters
    ----------
    name : TrackName
        ``user-captured`` (raw microphone), ``user-sent`` (what went up the wire), ``agent-received`` (what came down)
        or ``agent-played`` (what the loudspeaker really got).
    source : AudioSource
        Where its samples are read from.
    clock : Clock
        Where its frames lie on the session clock.
    encoding : str
        What it was stored as: ``pcm_16``, ``flac``, ``mulaw`` ...
    provenance : str
        Where it comes from, in words a person can check.
    """

    name: TrackName
    source: AudioSource = field(repr=False)
    clock: Clock = field(default_factory=Clock)
    encoding: str = "float32"
    provenance: str = ""

    @property
    def role(self) -> Role:
        """Whose voice it is."""
        return "user" if self.name.startswith("user") else "agent"

    @property
    def rate_hz(self) -> int:
        """Nominal frames a second."""
        return self.source.rate_hz

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.source.frames

    @property
    def lost_frames(self) -> int:
        """About how many of the frames that were read so far are corrupt in their file, and were read as silence."""
        # Only a source that decodes can lose frames; the others need not know the word.
        stream = getattr(self.source, "stream", self.source)
        return int(getattr(stream, "lost_frames", 0))

    @property
    def span(self) -> Span:
        """Where the track lies on the session clock."""
        return self.clock.span_of((0, self.frames), self.rate_hz)

    def read(self, span: Span) -> Samples:
        """Return what the track holds of a session span.

        Returns
        -------
        float32, shape (frames,)
            As long as the span; silence where the span reaches beyond the track.
        """
        start = self.clock.frame_at(span.start_s, self.rate_hz)
        frames = round(span.duration_s * self.rate_hz)
        out = np.zeros(frames, np.float32)
        low = max(0, -start)
        if low < frames:
            heard = self.source.read(start + low, frames - low)
            out[low : low + heard.size] = heard
        return out
