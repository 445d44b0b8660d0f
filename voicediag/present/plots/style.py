"""Colours and measures that every picture shares.

Tracks are drawn in quiet tones, faults in the colours of Okabe & Ito ("Color Universal Design", 2008), which people
with any colour vision tell apart; and every colour is named in words beside it. The values are those for light paper:
in a page each becomes a CSS variable of the same name, which has a second value for dark.
"""

from __future__ import annotations

from typing import Final

from voicediag.detect.finding import Cause
from voicediag.session import Role

INK, MUTED, LINE, LIMIT = "#1f2a38", "#66717e", "#d5dbe3", "#c0392b"

# Name of the CSS variable, without its prefix, and the colour on light paper.
PALETTE: Final[dict[str, str]] = {
    "ink": INK,
    "muted": MUTED,
    "line": LINE,
    "limit": LIMIT,
    "user": "#2f5f91",
    "agent": "#857a66",
    "wire": "#3a9bd1",
    "format": "#b8629a",
    "starvation": "#d68c00",
    "echo": "#d55e01",
    "vad": "#00916a",
    "latency": "#0a6fb0",
    "cost": "#a38a00",
}
FONT_PT = 8.0
WIDTH_IN, LEFT_IN, RIGHT_IN = 9.0, 1.2, 0.12


def cause_colour(cause: Cause) -> str:
    """Return the colour of a cause on light paper."""
    return PALETTE[cause.value]


def role_colour(role: Role) -> str:
    """Return the colour of a voice on light paper."""
    return PALETTE[role]
