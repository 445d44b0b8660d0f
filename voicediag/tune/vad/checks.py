"""Whether a setting can be, before anything is simulated with it."""

from __future__ import annotations

from typing import Any, Final

from voicediag.errors import InputError

MOST_WAIT_MS: Final = 600_000.0


def probability(name: str, value: Any) -> None:
    """Refuse what is no probability."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise InputError(expected=f"{name} between 0 and 1", got=f"{value!r}")


def wait_ms(name: str, value: Any) -> None:
    """Refuse what is no time to wait, or over ten minutes."""
    if not _is_number(value) or not 0 <= value <= MOST_WAIT_MS:
        likely = "a number, and in milliseconds" if not _is_number(value) else "milliseconds it is, and not negative"
        raise InputError(expected=f"{name} from 0 to {MOST_WAIT_MS:.0f} ms", got=f"{value!r}", likely=likely)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
