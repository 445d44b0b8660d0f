"""The user's turns that were answered, and how long that took.

A turn is answered by the first sound of the agent that begins after it, with nothing of the user in between: who
thinks in the middle of a sentence has not finished, and the clock starts at the last word. Speech that ends while the
agent is heard is no turn to be answered (a listener's "mm-hm", or double talk), and neither is what the provider
passed over: without a word or a stop of its own it did not take it for a turn.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.latency.parts import parts
from voicediag.spans import Span, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.session import Arrival, Cue, Mark, Session

MILLISECONDS = 1_000
# A cough or a click is shorter than any word.
SHORTEST_WORD_S = 0.15
# A transcript comes within four seconds of its sound.
LATE_WORDS_S = 4.0
# Where the words have times of their own, these are the provider's, which may begin before the sound is measured.
EARLY_WORDS_S = 1.0
# Words that came all at once take no time, and a set of spans holds nothing that is empty.
INSTANT_S = 0.001
# An app that asks for an answer later than this after the user's last word prompts the model for reasons of its own.
OWN_PROMPT_S = 3.0
# An answer's sound lies where its frames were played, give or take a callback of the player.
CALLBACK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A turn of the user, and the first sound of its answer.

    Attributes
    ----------
    said : Span
        The last stretch of the user's speech.
    heard_s : float
        When the answer was first heard.
    logged_ms : float or None
        From the provider's stop, or the app's request, to the first message with sound; None where no message says
        when the turn was over.
    parts_ms : mapping
        What the time was spent on, by the names of `PARTS`; empty without a wire log.
    tools : tuple of str
        The tools that were called meanwhile.
    """

    said: Span
    heard_s: float
    logged_ms: float | None = None
    parts_ms: Mapping[str, float] = field(default_factory=dict)
    tools: tuple[str, ...] = ()

    @property
    def audio_ms(self) -> float:
        """From the last sound of the user to the first of the agent."""
        return (self.heard_s - self.said.end_s) * MILLISECONDS

    @property
    def wait(self) -> Span:
        """The silence between the two."""
        return Span(self.said.end_s, self.heard_s)


def answers(session: Session, user: SpanSet, agent: SpanSet) -> tuple[Answer, ...]:
    """Return the user's turns that were answered.

    Parameters
    ----------
    session : Session
    user, agent : SpanSet
        Where each is heard, on the session clock; echoes of the agent taken out.
    """
    speech = _Speech(user.longer_than(SHORTEST_WORD_S), agent)
    if not session.arrivals:
        return tuple(_by_sound(speech))
    return tuple(_by_wire(session, speech))


@dataclass(frozen=True, slots=True)
class _Speech:
    """Both voices, to be asked who was heard when."""

    user: SpanSet
    agent: SpanSet

    def last_before(self, at_s: float) -> Span | None:
        """Return the last stretch of the user that begins before a time."""
        spans = self.user.spans
        index = bisect_left(spans, at_s, key=lambda span: span.start_s)
        return spans[index - 1] if index else None

    def sounds_at(self, at_s: float) -> Span | None:
        """Return the stretch of the agent that is heard at a time."""
        spans = self.agent.spans
        index = bisect_right(spans, at_s, key=lambda span: span.start_s)
        return spans[index - 1] if index and spans[index - 1].end_s > at_s else None

    def first_within(self, span: Span) -> float | None:
        """Return when the agent is first heard within a span."""
        spans = self.agent.spans
        index = bisect_right(spans, span.start_s, key=lambda each: each.end_s)
        if index == len(spans) or spans[index].start_s >= span.end_s:
            return None
        return max(spans[index].start_s, span.start_s)


def _by_sound(speech: _Speech) -> Iterator[Answer]:
    """Yield the turns of a session of which only the sound is known."""
    spoke_s = float("-inf")
    for span in speech.agent:
        said = speech.last_before(span.start_s)
        if said and spoke_s < said.end_s <= span.start_s:
            yield Answer(said=said, heard_s=span.start_s)
        spoke_s = span.end_s


def _by_wire(session: Session, speech: _Speech) -> Iterator[Answer]:
    """Yield the turns of a session with a wire log."""
    log = _Log.of(session)
    before_s = float("-inf")
    for arrival in session.arrivals:
        heard_s = speech.first_within(Span(arrival.span.start_s - CALLBACK_S, arrival.span.end_s))
        if heard_s is None:
            continue
        heard_s = max(heard_s, arrival.first_s)
        said = _said(log, speech, arrival, heard_s)
        if said and before_s < said.end_s <= heard_s and not speech.sounds_at(said.end_s):
            answer = log.answer(said, arrival, heard_s)
            if answer:
                yield answer
        before_s = heard_s


def _said(log: _Log, speech: _Speech, arrival: Arrival, heard_s: float) -> Span | None:
    """Return the last stretch of the user before an answer; after the provider's stop it is noise, or a new turn."""
    said = speech.last_before(heard_s)
    stop = log.stop_before(arrival.first_s)
    if said and stop and said.start_s > stop.at_s:
        earlier = speech.last_before(stop.at_s)
        return earlier or said
    return said


@dataclass(frozen=True, slots=True)
class _Log:
    """What the wire says of turns, by its time."""

    stops: tuple[Cue, ...]
    stops_s: tuple[float, ...]
    events: tuple[Mark, ...]
    events_s: tuple[float, ...]
    words: SpanSet

    @classmethod
    def of(cls, session: Session) -> _Log:
        """Return what a session's log says."""
        kinds = ("asked", "tool-call", "tool-result", "tool-cancelled")
        stops = sorted((cue for cue in session.cues if cue.kind == "speech-stopped"), key=lambda cue: cue.at_s)
        events = sorted((mark for mark in session.marks if mark.kind in kinds), key=lambda mark: mark.at_s)
        return cls(
            tuple(stops),
            tuple(cue.at_s for cue in stops),
            tuple(events),
            tuple(mark.at_s for mark in events),
            SpanSet(turn.span.padded(INSTANT_S) for turn in session.turns if turn.role == "user"),
        )

    def stop_before(self, at_s: float) -> Cue | None:
        """Return the provider's last stop before a time."""
        index = bisect_right(self.stops_s, at_s)
        return self.stops[index - 1] if index else None

    def answer(self, said: Span, arrival: Arrival, heard_s: float) -> Answer | None:
        """Return a turn with its answer; None where the provider did not take it for a turn."""
        stop = self.stop_before(arrival.first_s)
        if stop and stop.at_s < said.start_s:
            stop = None
        if not (stop or self._has_words(said, heard_s)):
            return None
        low, high = (bisect_left(self.events_s, at_s) for at_s in (said.end_s, arrival.first_s))
        marks = self.events[low:high]
        asked_s = next((mark.at_s for mark in marks if mark.kind == "asked"), None)
        called = tuple(dict.fromkeys(mark.name or mark.id for mark in marks if mark.kind == "tool-call"))
        if asked_s is not None and not called and asked_s - max(said.end_s, stop.at_s if stop else 0.0) > OWN_PROMPT_S:
            return None
        events: list[tuple[float, str, bool]] = [(mark.at_s, mark.kind, mark.awaits_ask) for mark in marks]
        events += [(stop.at_s, stop.kind, False)] if stop else []
        spent = parts(said.end_s, sorted(events, key=lambda event: event[0]), arrival.first_s)
        played_s = min(max(arrival.span.start_s, arrival.first_s), heard_s)
        spent |= {"cushion": played_s - arrival.first_s, "lead": heard_s - played_s}
        over_s = stop.at_s if stop else asked_s
        return Answer(
            said=said,
            heard_s=heard_s,
            logged_ms=None if over_s is None else (arrival.first_s - over_s) * MILLISECONDS,
            parts_ms={name: time_s * MILLISECONDS for name, time_s in spent.items()},
            tools=called,
        )

    def _has_words(self, said: Span, heard_s: float) -> bool:
        """Whether the provider wrote down words that may be of this turn; a log may hold none of anybody."""
        if not self.words and not self.stops:
            return True
        words = self.words.spans
        index = bisect_left(words, said.start_s - EARLY_WORDS_S, key=lambda span: span.end_s)
        return index < len(words) and words[index].start_s <= heard_s + LATE_WORDS_S
