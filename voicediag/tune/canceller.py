"""What an echo canceller would have made of a session: its own microphone and loudspeaker, run through a real one.

What a canceller takes off (`measure.erle`) is counted only where the agent speaks alone, and beside it stands what it
does to the user's voice (`measure.near_end`): silence would be the best canceller of all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from voicediag.errors import InputError
from voicediag.measure.echo import MS, Echo, leak
from voicediag.measure.erle import Erle, erle
from voicediag.measure.near_end import NearEnd, near_end
from voicediag.measure.single_talk import SingleTalk, moved, single_talk
from voicediag.session import Samples, Session, Track, TrackName
from voicediag.spans import Span
from voicediag.tune.cancellers import RATE_HZ
from voicediag.tune.cancellers import canceller as canceller_of

# Cancellers converge within seconds; five minutes show what stays, and fit in memory many times over.
MOST_S = 300.0
# AEC3's reach is 512 ms (WebRTC, matched_filter.cc: 5 filters of 32 sub-blocks at 4 kHz), and it cannot look ahead.
# Outside of this the loudspeaker's track is moved, so that what is tried is the canceller and not the recording.
EARLIEST_MS = 0.0
LATEST_MS = 400.0
MOVED_TO_MS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TryOut:
    """What a canceller would have made of a session.

    Attributes
    ----------
    canceller : str
        Its title and version.
    mic, speaker : TrackName
        What it was handed.
    span : Span
        The part of the session that was tried.
    echo : Echo
        What was in the microphone before; times from the span's start.
    moved_ms : float
        By how much the loudspeaker's track was made later, to bring the echo within the canceller's reach; 0 if not.
    talk : SingleTalk
        Who is alone in the microphone.
    erle : Erle
        What was taken off the echo.
    near : NearEnd or None
        What became of the user's voice; None where the user is hardly alone.
    rate_hz : int
    before, after : float32, shape (frames,)
        The microphone without and with the canceller, to listen to.
    reference : float32, shape (frames,)
        The loudspeaker's track as the canceller was handed it.
    """

    canceller: str
    mic: TrackName
    speaker: TrackName
    span: Span
    echo: Echo
    moved_ms: float
    talk: SingleTalk = field(repr=False)
    erle: Erle
    near: NearEnd | None
    rate_hz: int
    before: Samples = field(repr=False)
    after: Samples = field(repr=False)
    reference: Samples = field(repr=False)

    @property
    def sentence(self) -> str:
        """What to make of it, with the numbers in it."""
        if self.echo.verdict == "clear":
            return f"{self.mic} holds no echo of {self.speaker}, so that {self.canceller} has nothing to take off."
        if self.erle.steady_db is None:
            why = self.echo.reason or f"the agent is alone in {self.mic} for {self.talk.agent_s:.1f} s only"
            return f"What {self.canceller} takes off cannot be told: {why}."
        parts = (self._taken_off(self.erle.steady_db), self._moved(), self._voice())
        return " ".join(part for part in parts if part)

    def _taken_off(self, steady_db: float) -> str:
        after = "" if self.erle.after_dbfs is None else f"; what stays lies at {self.erle.after_dbfs:.0f} dBFS"
        if self.erle.converged_s is None:
            return f"{self.canceller} takes {steady_db:.0f} dB off this leak: it fails on this recording{after}."
        when = f"after {self.erle.converged_s:.1f} s of" if self.erle.converged_s else "from the first words of"
        return f"With {self.canceller} this leak falls by {steady_db:.0f} dB, {when} the agent's speech{after}."

    def _moved(self) -> str:
        if not self.moved_ms:
            return ""
        return (
            f"For that {self.speaker} had to be moved by {self.moved_ms:.0f} ms: "
            "as it was recorded, the echo is out of the canceller's reach."
        )

    def _voice(self) -> str:
        if self.near is None:
            return "The user is hardly ever alone, so that what it does to the voice cannot be told."
        return f"The user's voice changes by {self.near.level_db:+.1f} dB."


def try_out(session: Session, *, canceller: str = "aec3", within: Span | None = None) -> TryOut:
    """Return what a canceller would have made of a session.

    Parameters
    ----------
    session : Session
    canceller : str
        One of `voicediag.tune.cancellers.CANCELLERS`.
    within : Span, optional
        The part to try; the first `MOST_S` unless given.

    Raises
    ------
    InputError
        Where a track is missing, or the canceller is not installed.
    """
    chosen = canceller_of(canceller)
    mic, speaker = _tracks(session)
    span = within or Span(0.0, min(session.duration_s, MOST_S))
    near, far = (_read(track, span) for track in (mic, speaker))
    echo = leak(near, far, rate_hz=RATE_HZ)
    moved_ms = _move_ms(echo)
    lag_s = None if echo.delay_ms is None else echo.delay_ms / MS
    talk = single_talk(near, far, rate_hz=RATE_HZ, lag_s=lag_s)
    reference = moved(far, round(moved_ms / MS * RATE_HZ))
    after = chosen.cancel(near, reference, delay_ms=max(0, round((echo.delay_ms or 0.0) - moved_ms)))
    return TryOut(
        canceller=f"{chosen.title} ({chosen.package} {chosen.version})",
        mic=mic.name,
        speaker=speaker.name,
        span=span,
        echo=echo,
        moved_ms=moved_ms,
        talk=talk,
        erle=erle(near, after, talk, rate_hz=RATE_HZ),
        near=near_end(near, after, talk, rate_hz=RATE_HZ),
        rate_hz=RATE_HZ,
        before=near,
        after=after,
        reference=reference,
    )


def _tracks(session: Session) -> tuple[Track, Track]:
    """Return microphone and loudspeaker."""
    # What was captured comes first: behind the app's own canceller there is less left to take off.
    mic, speaker = session.first("user-captured", "user-sent"), session.spoken
    if mic is None or speaker is None:
        missing = "user" if mic is None else "agent"
        raise InputError(
            expected="a session with a track of the user and one of the agent",
            got=f"{session.source} without one of the {missing}",
            likely="a canceller needs what the loudspeaker played beside what the microphone heard",
        )
    return mic, speaker


def _read(track: Track, span: Span) -> Samples:
    samples = track.read(span)
    if track.rate_hz == RATE_HZ:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, track.rate_hz, RATE_HZ), np.float32)


def _move_ms(echo: Echo) -> float:
    """Return by how much the speaker must be made later for the echo to lie within the canceller's reach."""
    if echo.delay_ms is None or EARLIEST_MS <= echo.delay_ms <= LATEST_MS:
        return 0.0
    return echo.delay_ms - MOVED_TO_MS
