"""Holds what passes against the rules of its provider.

A lint stands beside a conversation: the conversation says what a message means, the lint what is wrong with it. Whoever
only relays or records needs no lint. It is wrong to guess here: a rule is broken where the messages show it, and not
where a part of them is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from voicediag.protocols.conversation import ODD, WAV
from voicediag.protocols.events import Broken, Fact
from voicediag.protocols.secrets import quoted
from voicediag.session import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.protocols.events import Event
    from voicediag.session.events import Direction

WAV_IN_PCM: Final = Rule(
    id=WAV,
    expected="raw samples",
    consequence="the header is heard as a click, and its rate is not read",
    remedy="Send the samples alone: cut the 44 bytes and more of the header off, or read the file with a WAV reader.",
    source="RFC 2361 and the providers' audio formats, which are raw PCM",
)

ODD_BYTES: Final = Rule(
    id=ODD,
    expected="whole samples of two bytes in each message",
    consequence="a byte is lost, and where the next message goes on with the other half all that follows is noise",
    remedy="Cut the stream between samples: chunk sizes are multiples of two, and the rest waits for the next.",
    source="the providers' audio formats, 16-bit PCM",
)


class Lint(Protocol):
    """The rules of one provider, and what must be remembered to hold them against a conversation."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules."""
        ...

    def opened(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the rules that the opening of a connection breaks, beyond those about its keys."""
        ...

    def passed(self, direction: Direction, message: Mapping[str, Any], *, heard_s: float) -> Iterator[Event]:
        """Yield the rules that a message breaks; `heard_s` seconds of sound were in it."""
        ...

    def closed(self, direction: Direction, code: int, reason: str) -> Iterator[Event]:
        """Yield what a connection's close says of the rules, and of the session's end."""
        ...


def broken(rule: Rule, said: object) -> Broken:
    """Return the breach of a rule with its quote."""
    return Broken(rule=rule, said=quoted(said))


def ruled(rules: tuple[Rule, ...], meaning: list[Event], message: Mapping[str, Any]) -> Iterator[Event]:
    """Yield what a message meant, the slips that its conversation named as breaches of their rules.

    A conversation names what only the bytes of the sound can tell: once they are cut out, the name is all that is left.
    """
    known = {rule.id: rule for rule in rules}
    for event in meaning:
        if isinstance(event, Fact) and event.kind == "slip" and event.name in known:
            # The longest of these messages are sound, which is nothing to read.
            yield broken(known[event.name], event.id or dict.fromkeys(message, "…"))
        else:
            yield event
