"""Where the agent's sound stops in the middle of what it says: by the wire, by the player's log, by the sound itself.

What `starved_playback` reads. A gap lies between two chunks of one answer, with speech close by on either side; one
that is longer than any pause of speech counts in a pause too, for then the answer is heard to stop.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from voicediag.detect.breaks import Break, heard_again, likely_gaps, with_holes
from voicediag.detect.cuts import put_together
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Limit
from voicediag.measure import arrival, joins
from voicediag.measure.activity import HOLE_S, MARGIN_DB, STEP_S
from voicediag.session import AudioSource, Chunks, PlaybackEvent, Session, Track, seconds
from voicediag.session.layout import PLAYOUT_SLACK_S, Layout
from voicediag.spans import Span, SpanSet

LEAST_GAP = Limit(0.02, "s", "the shortest silence that aplisay/llm-agent#249 counts as starvation: one slot of 20 ms")
CUSHION = Limit(PLAYOUT_SLACK_S, "s", "house rule: about the least that players keep, where no log says what one did")
MOST_CUSHION = Limit(0.4, "s", "ITU-T G.114 (2003): no more than 400 ms one way; the network's own share comes on top")
SEAM = Limit(0.02, "s", "house rule: a player's callbacks are stamped late by a few ms each")
STAMPS = Limit(0.015, "s", "house rule: a player's callbacks are stamped late by a few ms each")
PAUSE = Limit(HOLE_S, "s", "house rule: shorter quiet is within speech (measure/activity)")
LONGEST_PAUSE = Limit(1.0, "s", "G. Jefferson, 1989: about the longest silence that talk bears")
BROKEN = Limit(4.0, "times the error", "measure/joins: 5 in 16,500 whole joins, 72-100 % of those with 40 ms missing")
BESIDE_GAP = Limit(
    10.0,
    "dB below speech",
    "measured: of 200 gaps 123 lie in louder speech, of 173 joins of phrases trimmed to -40 dBFS 2",
)
LONGEST_HOLE = Limit(0.2, "s", "E. Campione and J. Véronis, Speech Prosody 2002: longer pauses are ordinary")
HOLE_SHARE = Limit(
    1 / 3, "of the runs", "measured: 67 % of the runs in starved sound are gaps, at most 22 % in joined phrases"
)
# ITU-T P.56: the margin of its active speech level. What never pauses has no floor to be found in it.
BELOW_SPEECH_DB = 15.9
# A tenth of a second of decoding for each thousand; beyond that every n-th join is looked at.
MOST_JOINS = 6_000
# A log of garbage must not keep anybody waiting.
MOST_GAPS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A silence where sound should go on.

    Attributes
    ----------
    span : Span
        On the session clock.
    frame : int
        The frame of the received stream that had to wait.
    needed_s : float or None
        The cushion that would have covered it; None where the sound had come, and the player did not play it.
    answer : int
        The answer that it lies in.
    made_up : bool
        Whether the sound after it came faster, so that the answer was in time again.
    """

    span: Span
    frame: int
    needed_s: float | None
    answer: int = 0
    made_up: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """What the joins of chunks say.

    Attributes
    ----------
    judged : int
        How many lay in live sound.
    broken : tuple of int
        Frames of the stream before which sound is missing.
    elsewhere : int
        As many places amid chunks that look like it: what chance is worth here.
    """

    judged: int
    broken: tuple[int, ...]
    elsewhere: int


@dataclass(frozen=True, eq=False)
class Stream:
    """The received stream with its chunks: the frames of `Chunks` are frames of this sound."""

    exam: Examination
    track: Track
    chunks: Chunks

    @classmethod
    def of(cls, exam: Examination) -> Stream | None:
        """Return the stream of a session; None where nobody logged it, or its answers have no ends."""
        track, chunks = exam.session.tracks.get("agent-received"), exam.session.chunks
        return cls(exam, track, chunks) if track and chunks and chunks.ended else None

    @property
    def source(self) -> AudioSource:
        """The sound without the silence between the chunks."""
        source: AudioSource = getattr(self.track.source, "stream", self.track.source)
        return source

    def time_of(self, frame: int) -> float:
        """Return when a frame is heard, on the session clock."""
        layout = getattr(self.track.source, "layout", None)
        placed = layout.place_of(frame) if isinstance(layout, Layout) else frame
        return self.track.clock.time_of(placed, self.track.rate_hz)

    @cached_property
    def gate(self) -> float:
        """The linear level from which on a step is speech."""
        floor = self.exam.activity(self.track.name).floor_dbfs
        speech = self.exam.reading(self.track.name).active.active_speech_dbov
        gates = [level for level in (floor and floor + MARGIN_DB, speech and speech - BELOW_SPEECH_DB) if level]
        return float(10 ** (min(gates, default=0.0) / 20))

    def is_in_speech(self, frame: int) -> bool:
        """Whether speech ends and begins so close to a frame that the two belong together."""
        rate_hz, reach = self.track.rate_hz, round(PAUSE.value * self.track.rate_hz)
        low = max(0, frame - reach)
        before, after = self.source.read(low, frame - low)[::-1], self.source.read(frame, reach)
        quiet = sum(_quiet_s(side, rate_hz, self.gate) for side in (before, after))
        return quiet < PAUSE.value

    def is_heard(self, frame: int, gap_s: float) -> bool:
        """Whether a silence before a frame is more than a pause that was there anyway."""
        return gap_s >= LONGEST_PAUSE.value or self.is_in_speech(frame)

    @cached_property
    def lateness_s(self) -> np.ndarray:
        """How late each chunk came for a player that began with the first of its answer."""
        chunks = self.chunks
        lengths_s = (chunks.ends - chunks.firsts) / chunks.rate_hz
        return np.concatenate([arrival.lateness(chunks.at_s[part], lengths_s[part]) for part in chunks.each_answer()])

    def chunk_of(self, frame: int) -> int:
        """Return the chunk that a frame came in."""
        return max(0, bisect_right(self.chunks.firsts, frame) - 1)

    def late(self) -> list[Gap]:
        """Return the gaps of a player that keeps `CUSHION`."""
        found: list[Gap] = []
        for part in self.chunks.each_answer():
            at_s, firsts = self.chunks.at_s[part], self.chunks.firsts[part]
            late_s = self.lateness_s[part]
            gaps_s = arrival.gaps(late_s, cushion_s=CUSHION.value)
            for index in np.flatnonzero(gaps_s >= LEAST_GAP.value)[: MOST_GAPS - len(found)].tolist():
                frame, end_s = int(firsts[index]), float(at_s[index])
                gap_s, needed_s = float(gaps_s[index]), float(late_s[index])
                if self.is_heard(frame, gap_s):
                    found.append(
                        Gap(
                            span=Span(max(0.0, end_s - gap_s), end_s),
                            frame=frame,
                            needed_s=needed_s,
                            answer=int(self.chunks.answers[part.start]),
                            made_up=float(late_s[index:].min()) < needed_s - gap_s / 2,
                        )
                    )
        return found

    def joins(self) -> Joins:
        """Return at which joins of chunks the sound does not go on."""
        firsts, ends, answers = self.chunks.firsts, self.chunks.ends, self.chunks.answers
        whole = (firsts[1:] == ends[:-1]) & (answers[1:] == answers[:-1]) & (ends[1:] > firsts[1:])
        places = firsts[1:][whole]
        halves = ((ends - firsts) // 2)[1:][whole]
        step = max(1, -(-places.size // MOST_JOINS))
        places, halves = places[::step], halves[::step]
        told, amid = self._surprise(places), self._surprise(places + halves)
        return Joins(
            judged=int(np.count_nonzero(~np.isnan(told))),
            broken=tuple(places[told >= BROKEN.value].tolist()),
            elsewhere=int(np.count_nonzero(amid >= BROKEN.value)),
        )

    def answer_of(self, frame: int) -> int:
        """Return the answer that a frame belongs to."""
        return int(self.chunks.answers[self.chunk_of(frame)])

    def _surprise(self, places: np.ndarray) -> np.ndarray:
        """Return how badly sound is foretold across places in order, read in blocks."""
        rate_hz, told = self.track.rate_hz, np.full(places.size, np.nan)
        block, margin = 30 * rate_hz, rate_hz
        for start in range(0, int(places[-1]) + 1 if places.size else 0, block):
            inside = slice(*np.searchsorted(places, (start, start + block)).tolist())
            if inside.stop > inside.start:
                low = max(0, start - margin)
                sound = self.source.read(low, start + block + margin - low)
                told[inside] = joins.surprise(sound, places[inside] - low, rate_hz=rate_hz)
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the player's log says.

    Attributes
    ----------
    gaps : tuple of Gap
    skipped, again : tuple of int
        Frames of the stream that were passed over to, and that were played once more, without a flush.
    passed_over : tuple of pairs of int
        Every run of frames that was, in pauses too: from which on, and how many.
    """

    gaps: tuple[Gap, ...]
    skipped: tuple[int, ...]
    again: tuple[int, ...]
    passed_over: tuple[tuple[int, int], ...] = ()


def played(stream: Stream) -> Played | None:
    """Return what the player's log says; None where it logged nothing."""
    session = stream.exam.session
    if not any(event.event == "played" for event in session.playback):
        return None
    gaps: list[Gap] = []
    jumps: list[tuple[int, int]] = []
    flushes = sorted(event.t_ns for event in session.playback if event.event == "flushed")
    last: PlaybackEvent | None = None
    for run in islice(_runs(session, stream), MOST_GAPS):
        first = run[0]
        if last and bisect_left(flushes, last.t_ns) == bisect_right(flushes, first.t_ns):
            jumps.append((first.frame, first.frame - last.frame - last.frames))
        gaps += _gaps(stream, run, MOST_GAPS - len(gaps))
        last = run[-1]
    heard = [(frame, by) for frame, by in jumps if stream_goes_on(stream, frame)]
    return Played(
        gaps=tuple(gaps),
        skipped=tuple(frame for frame, by in heard if by > 0),
        again=tuple(frame for frame, by in heard if by < 0),
        passed_over=tuple((frame - by, by) for frame, by in jumps if by > 0),
    )


def cushion_kept_s(stream: Stream) -> float:
    """Return how long the player waited before it began an answer, by its log: the median; 0 where it never did."""
    firsts = {int(stream.chunks.firsts[part.start]): part.start for part in stream.chunks.each_answer()}
    waits = [
        seconds(event.t_ns) - float(stream.chunks.at_s[firsts[event.frame]])
        for event in stream.exam.session.playback
        if event.event == "played" and event.frame in firsts
    ]
    return max(0.0, float(np.median(waits))) if waits else 0.0


def stream_goes_on(stream: Stream, frame: int, gap_s: float = 0.0) -> bool:
    """Whether a frame lies in the middle of an answer, and of its speech or after a gap that no pause hides."""
    chunks = stream.chunks
    index = bisect_right(chunks.firsts, frame) - 1
    part = chunks.answers == chunks.answers[max(0, index)]
    begins = index < 0 or frame <= int(chunks.firsts[part].min())
    return not begins and frame < int(chunks.ends[part].max()) and stream.is_heard(frame, gap_s)


def _runs(session: Session, stream: Stream) -> Iterator[list[PlaybackEvent]]:
    """Yield what was played frame after frame, a stretch at a time."""
    slack, run = SEAM.value * stream.track.rate_hz, list[PlaybackEvent]()
    events = (event for event in session.playback if event.event == "played" and event.frames)
    for event in sorted(events, key=lambda event: (event.t_ns, event.frame)):
        if run and abs(event.frame - run[-1].frame - run[-1].frames) > slack:
            yield run
            run = []
        run.append(event)
    if run:
        yield run


def _gaps(stream: Stream, run: list[PlaybackEvent], most: int) -> Iterator[Gap]:
    """Yield where a stretch of playing fell silent and went on where it was."""
    rate_hz = stream.track.rate_hz
    at_s = np.array([seconds(event.t_ns) for event in run])
    lengths_s = np.array([event.frames for event in run]) / rate_hz
    late_s = arrival.lateness(at_s, lengths_s)
    gaps_s = arrival.gaps(late_s, cushion_s=0.0)
    # Times are rounded to nanoseconds.
    sure = (gaps_s >= LEAST_GAP.value - 1e-6) & (arrival.gaps(late_s, cushion_s=STAMPS.value) > 0)
    for index in np.flatnonzero(sure)[:most].tolist():
        frame, end_s, gap_s = run[index].frame, float(at_s[index]), float(gaps_s[index])
        if stream_goes_on(stream, frame, gap_s):
            began_s = max(0.0, end_s - gap_s)
            chunk = stream.chunk_of(frame)
            needed_s = max(gap_s, float(stream.lateness_s[chunk]))
            came = float(stream.chunks.at_s[chunk]) <= began_s
            yield Gap(span=Span(began_s, end_s), frame=frame, needed_s=None if came else needed_s)


def sound_places(exam: Examination, track: Track) -> tuple[Break, ...]:
    """Return where a track's speech breaks off or repeats itself, by its sound alone.

    A synthesiser pads its phrases with zeros, and they begin and end softly: a hole has loud speech on both sides, and
    where most runs have not they are pauses, all of them.
    """
    reading, rate_hz, clock = exam.reading(track.name), track.rate_hz, track.clock
    dropouts, speech_dbov = reading.dropouts, reading.active.active_speech_dbov
    least = 1.0 if speech_dbov is None else 10 ** ((speech_dbov - BESIDE_GAP.value) / 20)
    holes = dropouts.ends - dropouts.starts <= LONGEST_HOLE.value * rate_hz
    if np.count_nonzero(holes & (dropouts.edge_rms >= least)) < HOLE_SHARE.value * holes.size:
        holes[:] = False
    dropped = zip(dropouts.starts[holes].tolist(), dropouts.ends[holes].tolist(), strict=True)
    repeats = zip(reading.repeats.starts.tolist(), reading.repeats.lengths.tolist(), strict=True)
    return with_holes(
        likely_gaps(exam, track),
        SpanSet(clock.span_of(pair, rate_hz) for pair in dropped),
        SpanSet(clock.span_of((start, start + length), rate_hz) for start, length in repeats),
        heard_again(track),
        put_together(track),
    )


def _quiet_s(sound: np.ndarray, rate_hz: int, gate: float) -> float:
    """Return how long sound is quiet from its first sample on."""
    step = max(1, round(STEP_S * rate_hz))
    steps = sound[: sound.size // step * step].reshape(-1, step)
    loud = np.flatnonzero(np.sqrt(np.mean(steps**2, axis=1)) >= gate)
    return float(loud[0] if loud.size else len(steps)) * step / rate_hz
