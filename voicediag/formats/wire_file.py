"""The messages of a wire log, read line by line: what each was, and what it meant.

No more than one line is in memory at a time, and nothing is remembered but how many frames went before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.errors import FormatError, InputError
from voicediag.formats import wire_line
from voicediag.protocols import Conversation, handshake, kind_of, lint_of, recognise
from voicediag.protocols.conversation import text_of
from voicediag.protocols.events import Audio, Event, Fact, Held, slips_in
from voicediag.protocols.lint import ruled
from voicediag.protocols.secrets import quoted
from voicediag.session import AudioRef, TrackName, WireEvent
from voicediag.session.clock import LONGEST_S, NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from voicediag.protocols.lint import Lint

# A log whose first time is later than this counts from another origin than the session's start.
LATE_START_S = 60.0
# RFC 6455, 7.4.2: codes end at 4999.
MOST_CODES = 5_000
FIRST_CODE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One message, what it meant, and the line that it stood on."""

    line: int
    event: WireEvent
    meaning: list[Event]
    provider: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A line that could not be read, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class WireFile:
    """The messages of a log, read anew each time.

    Parameters
    ----------
    path : Path
    in_folder : bool
        Whether it stands in a session folder: its times count from the session's start, and its sound is in the tracks.
    """

    path: Path
    in_folder: bool = False

    def __iter__(self) -> Iterator[WireEvent]:
        """Yield every readable message in order, its sound cut out."""
        return (passed.event for passed in self.lines() if isinstance(passed, Passed))

    def lines(self) -> Iterator[Passed | Unread]:
        """Yield what stands on each line.

        Raises
        ------
        FormatError
            Where the file cannot be read at all.
        """
        reader = LineReader(self.in_folder, origin_ns=0 if self.in_folder else None)
        try:
            for number, text in wire_line.numbered(self.path):
                try:
                    passed = reader.passed(number, wire_line.parse(text))
                except InputError as error:
                    yield Unread(line=number, why=str(error))
                else:
                    yield passed
        except OSError as error:
            raise FormatError(self.path, expected="a log that can be read", got=str(error.strerror)) from error


@dataclass(slots=True)
class LineReader:
    """What must be known of the lines before to read the next."""

    in_folder: bool
    origin_ns: int | None
    conversation: Conversation | None = None
    lint: Lint | None = None
    held: Lint | None = None
    called: str | None = None
    taken: dict[TrackName, int] = field(default_factory=dict)

    def passed(self, number: int, line: wire_line.Line) -> Passed:
        """Return the message of a line.

        Raises
        ------
        InputError
            Where its time lies outside the session.
        """
        t_ns = self._since_start(line.t_ns)
        meaning = self._meant(line)
        sounds = [event for event in meaning if isinstance(event, Audio) and event.payload]
        event = WireEvent(
            t_ns=t_ns,
            wall_ns=line.wall_ns,
            direction=line.direction,
            sequence=number if line.sequence is None else line.sequence,
            kind=line.kind or kind_of(line.message),
            message=self.conversation.without_audio(line.message) if self.conversation and sounds else line.message,
            audio=line.audio if self.in_folder else self._placed(sounds),
            slips=slips_in(meaning) if sounds else line.slips,
        )
        provider = self.conversation.provider if self.conversation else self.called
        meaning = self._held_against(line, meaning)
        return Passed(line=number, event=event, meaning=meaning, provider=provider)

    def _meant(self, line: wire_line.Line) -> list[Event]:
        """Return what a message meant, and the names of slips that the line tells beside it."""
        if line.kind == wire_line.CLOSE:
            return _refused(line.message)
        if line.kind == wire_line.OPEN:
            return [Fact(kind="opened")]
        if self.conversation is None and (conversation := recognise(line.message)):
            self.conversation, self.lint = conversation, self._lint_beside(conversation)
        meaning = self.conversation.receive(line.direction, line.message) if self.conversation else []
        told = slips_in(meaning)
        return [*meaning, *(Fact(kind="slip", name=name) for name in line.slips if name not in told)]

    def _held_against(self, line: wire_line.Line, meaning: list[Event]) -> list[Event]:
        """Return what a message meant, and which rules it breaks."""
        if line.kind == wire_line.OPEN:
            return [*meaning, *self._opened(line.message)]
        if self.lint is None:
            return meaning
        held: list[Event] = [] if self.held is self.lint else [Held(rules=self.lint.rules)]
        self.held = self.lint
        if line.kind == wire_line.CLOSE:
            code, reason = wire_line.whole(line.message.get("code"), below=MOST_CODES), line.message.get("reason")
            return [*held, *meaning, *self.lint.closed(line.direction, code or 0, str(reason))]
        sounds = [event for event in meaning if isinstance(event, Audio)]
        heard_s = sum(sound.frames / sound.rate_hz for sound in sounds)
        if sounds and not heard_s and line.audio:
            heard_s = line.audio.frames / sounds[0].rate_hz
        broken = self.lint.passed(line.direction, line.message, heard_s=heard_s)
        return [*held, *ruled(self.lint.rules, meaning, line.message), *broken]

    def _lint_beside(self, conversation: Conversation) -> Lint | None:
        """Return the lint of a conversation: the one that its opening led to, where that was right."""
        made = lint_of(conversation.provider)
        return self.lint if self.lint and made and type(self.lint) is type(made) else made

    def _opened(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the rules that the opening of a connection breaks; it may be the first that tells the provider."""
        provider = self.called = handshake.provider_of(text_of(message.get("path")))
        if self.lint is None and provider:
            self.lint = lint_of(provider)
        if self.lint and provider:
            self.held = self.lint
            yield Held(rules=(*self.lint.rules, *handshake.RULES))
            yield from handshake.opened(message)
            yield from self.lint.opened(message)

    def _since_start(self, t_ns: int) -> int:
        if self.origin_ns is None:
            late = not 0 <= t_ns <= LATE_START_S * NANOSECONDS
            self.origin_ns = t_ns if late else 0
        since = t_ns - self.origin_ns
        # Threads that log side by side swap lines, so that a message may come before the first; not by much.
        if not -LATE_START_S * NANOSECONDS <= since <= LONGEST_S * NANOSECONDS:
            got = f"{since / NANOSECONDS:.0f} s"
            likely = "t is in milliseconds, or the clock was set meanwhile"
            raise InputError(expected="a time within a day of the session's start", got=got, likely=likely)
        return since

    def _placed(self, sounds: list[Audio]) -> AudioRef | None:
        """Return where the sound of a message goes, counting on from what went before."""
        if not sounds:
            return None
        track, frames = sounds[0].track, sum(sound.frames for sound in sounds)
        first = self.taken.get(track, 0)
        self.taken[track] = first + frames
        return AudioRef(track=track, frame=first, frames=frames)


def _refused(message: Mapping[str, Any]) -> list[Event]:
    """Return the error of a handshake that was answered with an HTTP status: codes of a close begin at 1000."""
    status = wire_line.whole(message.get("code"), below=FIRST_CODE)
    if not status:
        return []
    return [Fact(kind="error", name=f"HTTP {status}", said=quoted(str(message.get("reason", ""))))]
