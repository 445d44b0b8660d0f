"""What a VAD would have reported of a recorded session's user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicediag.errors import InputError
from voicediag.measure.speech import in_call
from voicediag.tune.vad.bands import Band, bands, starts
from voicediag.tune.vad.events import Events, simulated

if TYPE_CHECKING:
    from voicediag.measure._filters import Samples
    from voicediag.session import Session, Track, TrackName
    from voicediag.tune.vad.settings import Settings

BLOCK_S: Final = 30.0
HEARD: Final[tuple[TrackName, ...]] = ("user-sent", "user-captured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a VAD would have reported of a track. All times count the sound that was sent, from its first sample.

    Attributes
    ----------
    track : Track
    settings : Settings
    step_s : float
        Length of a window.
    runs : tuple of Events
        One for each phase, which nobody outside the service knows.
    """

    track: Track = field(repr=False)
    settings: Settings
    step_s: float
    runs: tuple[Events, ...] = field(repr=False)

    @property
    def turns(self) -> tuple[Band, ...]:
        """The turns of all phases."""
        return bands(self.runs)

    @property
    def starts(self) -> tuple[int, int]:
        """How many starts a phase reports, least and most."""
        return starts(self.runs)


def replayed(session: Session, settings: Settings, *, progress: Callable[[float, float], None] | None = None) -> Replay:
    """Return what a VAD would have reported of what the user's side sent.

    Parameters
    ----------
    session : Session
    settings : Settings
    progress : callable, optional
        Told the seconds that were heard, and of how many.

    Raises
    ------
    InputError
        Where there is no such track, or the extra ``voicediag[vad]`` is not installed.
    """
    track = next((session.tracks[name] for name in HEARD if name in session.tracks), None)
    if track is None:
        raise InputError(expected=f"a recording of the user: {' or '.join(HEARD)}", got=", ".join(session.tracks))
    heard = in_call(_blocks(track, progress), rate_hz=track.rate_hz)
    return Replay(track=track, settings=settings, step_s=heard.step_s, runs=simulated(heard, settings))


def _blocks(track: Track, progress: Callable[[float, float], None] | None) -> Iterator[Samples]:
    size = round(BLOCK_S * track.rate_hz)
    for at in range(0, track.frames, size):
        yield track.source.read(at, min(size, track.frames - at))
        if progress:
            progress(min(at + size, track.frames) / track.rate_hz, track.frames / track.rate_hz)
