"""Two taps of one voice beside each other: what was done to the sound between them.

Where a session has both the agent's sound as it came and as it was played, or the user's as it was captured and as it
was sent, nothing needs to be guessed from one of them: what came late goes on where it stopped, what is lost is there
at the one tap and not at the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from voicediag.detect.examination import Examination
from voicediag.detect.finding import Limit
from voicediag.measure.two_points import Change, TwoPoints, between_sources
from voicediag.session import AudioSource, Session, Track, TrackName
from voicediag.spans import Span

PAIRS: tuple[tuple[TrackName, TrackName], ...] = (("agent-received", "agent-played"), ("user-captured", "user-sent"))
LEAST_COMMON = Limit(1.0, "s", "house rule: a phrase; what two tracks share by chance is shorter")
LEAST_CHANGE = Limit(
    0.02, "s", "the shortest silence that aplisay/llm-agent#249 counts as starvation: one slot of 20 ms"
)
AFTER_INTERRUPT = Limit(2.0, "s", "house rule: a player that is told to stop forgets what it holds within so long")
CUSHION_STEP_S = 0.02


@dataclass(frozen=True, eq=False)
class Taps:
    """Two taps of a session that hold one voice.

    Attributes
    ----------
    first, second : Track
    told : TwoPoints
        Times count from each track's first sample; of a received stream, from its own, without the silence between
        what came.
    ends_s : tuple of float
        Where the answers of such a stream end, on its own time.
    """

    session: Session
    first: Track
    second: Track
    told: TwoPoints
    ends_s: tuple[float, ...] = ()

    @property
    def is_judged(self) -> bool:
        """Whether the two hold enough common sound."""
        return self.told.common_s >= LEAST_COMMON.value

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What is heard of the changes: in speech, long enough, and not what somebody took out on purpose."""
        return tuple(
            change
            for change in self.told.changes
            if change.is_in_speech and change.size_s >= LEAST_CHANGE.value and not self._is_meant(change)
        )

    def where(self, change: Change) -> Span:
        """Return where a change lies at the second tap, on the session clock."""
        return change.played.shifted(self.second.clock.offset_s)

    def _is_meant(self, change: Change) -> bool:
        """Whether an echo canceller, a gate or an interruption may have taken it out."""
        if self.second.role == "user":
            # They leave the time as it is; what a starved buffer leaves in its place the track shows by itself.
            return change.kind == "never" and abs(change.inserted_s - change.missing_s) < KEEPS_TIME_S
        if self._is_between_answers(change):
            return True
        at_s = self.where(change).start_s
        cuts = (mark.at_s for mark in self.session.marks if mark.kind == "interrupted")
        return change.kind == "never" and any(-AFTER_INTERRUPT.value <= cut_s - at_s <= LATE_S for cut_s in cuts)

    def _is_between_answers(self, change: Change) -> bool:
        """Whether one answer ends here and the next begins: a stream holds no silence between the two."""
        low, high = (change.received.start_s - AT_AN_END_S, change.received.end_s + AT_AN_END_S)
        return any(low <= end_s <= high for end_s in self.ends_s)


# The log's time of an interruption and the player's differ by what lies on the way.
LATE_S = 0.5
KEEPS_TIME_S = 0.002
# Phrases end and begin softly: a change is seen where the sound is loud again.
AT_AN_END_S = 0.5


def pair_to(exam: Examination, name: TrackName) -> Taps | None:
    """Return a track beside the tap before it; None where there is none, or the two hold other sounds."""
    return next((pair for pair in exam.once(taps) if pair.second.name == name and pair.is_judged), None)


def taps(exam: Examination) -> tuple[Taps, ...]:
    """Return the pairs of taps that the session has; ask with `exam.once(taps)`."""
    tracks = exam.session.tracks
    pairs = [(tracks[first], tracks[second]) for first, second in PAIRS if first in tracks and second in tracks]
    return tuple(_of(exam, first, second) for first, second in pairs)


def _of(exam: Examination, first: Track, second: Track) -> Taps:
    source, ends_s = stream_of(exam.session, first)
    told = between_sources(source, second.source, progress=exam.progress)
    return Taps(exam.session, first, second, told, ends_s)


def stream_of(session: Session, track: Track) -> tuple[AudioSource, tuple[float, ...]]:
    """Return the sound of a track without the silence that only its layout put in, and where its answers end."""
    chunks, stream = session.chunks, getattr(track.source, "stream", None)
    if stream is None or chunks is None or not chunks.ended or track.name != "agent-received":
        return track.source, ()
    ends = chunks.ends[:-1][chunks.answers[1:] != chunks.answers[:-1]]
    return stream, tuple((ends / chunks.rate_hz).tolist())
