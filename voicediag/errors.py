"""What can go wrong, and whose fault it is.

    VoicediagError
    ├── InputError          what the user handed over is not what was asked for
    │   └── FormatError     a file that is no session: names the path, and the offset where it broke
    ├── ProtocolError       a message that breaks its provider's rules
    │   ├── LocalProtocolError    ... sent by this side
    │   └── RemoteProtocolError   ... received from the other
    └── LiveError           a socket, a device or a disk failed while recording

A bad recording is no exception, it is a finding: these are raised only where no session can be made. Every message
says what was expected, what was got and, where there is one, the likely slip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class VoicediagError(Exception):
    """The root of every error that voicediag raises on purpose."""


class InputError(VoicediagError):
    """An argument or a file that is not what was asked for.

    Parameters
    ----------
    expected, got : str
        Fragments of a sentence, without full stops.
    likely : str, optional
        The slip that most often leads here, as an advice.
    """

    def __init__(self, *, expected: str, got: str, likely: str | None = None) -> None:
        self.expected = expected
        self.got = got
        self.likely = likely
        slip = f"; likely slip: {likely}" if likely else ""
        super().__init__(f"expected {expected}, got {got}{slip}")

    def __str__(self) -> str:
        """Return the message on one line, whatever the parts held."""
        return " ".join(super().__str__().split())

    def __reduce__(self) -> tuple[Callable[..., InputError], tuple[type[InputError], dict[str, Any]]]:
        """Let a worker process hand the error on; by default pickle loses what was passed by keyword."""
        return _again, (type(self), dict(vars(self)))


class FormatError(InputError):
    """A file that cannot be read as a session.

    Parameters
    ----------
    path : Path
        The file or folder.
    offset : int, optional
        Where reading stopped: bytes for audio, lines for logs.
    """

    def __init__(
        self, path: Path, *, expected: str, got: str, likely: str | None = None, offset: int | None = None
    ) -> None:
        super().__init__(expected=expected, got=got, likely=likely)
        self.path = path
        self.offset = offset

    def __str__(self) -> str:
        """Return the path in front of what was expected and got, on one line."""
        place = f"{self.path}" if self.offset is None else f"{self.path}:{self.offset}"
        return " ".join(f"{place}: {super().__str__()}".split())


class ProtocolError(VoicediagError):
    """A message that breaks its provider's rules."""


class LocalProtocolError(ProtocolError):
    """A message that this side is about to send and must not."""


class RemoteProtocolError(ProtocolError):
    """A message that the other side has sent and must not."""


class LiveError(VoicediagError):
    """A socket, a device or a disk failed while recording."""


def _again(kind: type[InputError], said: dict[str, Any]) -> InputError:
    """Return an error that says what another one said."""
    return kind(**said)
