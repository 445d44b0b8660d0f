"""What an app says to its provider, whichever that is: the client's side of a conversation, without a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Message: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a connection goes to, and what its handshake says.

    Attributes
    ----------
    url : str
        With the key in it where the provider wants it there: not for logs.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of one of the app's functions."""

    id: str
    name: str
    args: Mapping[str, Any]


class Dialect(Protocol):
    """How one provider wants to be spoken to.

    Attributes
    ----------
    up_rate_hz, down_rate_hz : int
        Rates of the 16-bit sound that goes up and comes down.
    """

    provider: str
    up_rate_hz: int
    down_rate_hz: int

    def address(self, base_url: str, key: str) -> Address:
        """Return where to connect to with a key or a short-lived token."""
        ...

    def opening(self) -> list[Message]:
        """Return what is said first on a connection; after a loss, so that the session goes on where it can."""
        ...

    def is_ready(self, message: Mapping[str, Any]) -> bool:
        """Whether the provider has agreed to the opening with this message."""
        ...

    def greeting(self, text: str) -> list[Message]:
        """Return what makes the model speak first."""
        ...

    def sound(self, data: str) -> Message:
        """Return a chunk of the user's sound; `data` is base64."""
        ...

    def calls(self, message: Mapping[str, Any]) -> list[ToolCall]:
        """Return the calls of functions that this message makes."""
        ...

    def tool_result(self, call: ToolCall, output: Mapping[str, Any]) -> list[Message]:
        """Return the answer to a call."""
        ...

    def note(self, message: Mapping[str, Any], received: int) -> None:
        """Remember what later messages need of this one, before which `received` frames of sound had come."""
        ...

    def breaks_in(self, message: Mapping[str, Any]) -> bool:
        """Whether this message says that the user broke in, so that the player must fall silent."""
        ...

    def cut(self, *, played: int, received: int) -> list[Message]:
        """Return what tells the provider that of all `received` frames only the first `played` were heard."""
        ...

    def is_stale(self, message: Mapping[str, Any]) -> bool:
        """Whether the sound of this message belongs to what was cut."""
        ...
