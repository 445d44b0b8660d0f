"""Who may call: programs and pages of this machine, and whoever comes by a name that was allowed.

A page on the web may open a WebSocket to the loopback interface; its Origin, or with DNS rebinding its Host, betrays
it. A tunnel brings requests from outside on purpose, under its own name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiohttp import web

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SHOWN: Final = 200


def stranger(request: web.Request, allowed: Collection[str] = ()) -> str | None:
    """Return why a request is neither of this machine nor to a host that is allowed, or None."""
    host = _name(f"//{request.host}")
    own = request.transport.get_extra_info("sockname", ("",))[0] if request.transport else None
    if host not in LOOPBACK and host != own and host not in allowed:
        return f"expected a request to this machine, got one to {request.host[:SHOWN]}"
    origin = request.headers.get("Origin")
    if origin is not None and _name(origin) not in LOOPBACK and _name(origin) not in allowed:
        return f"expected a page of this machine, got {origin[:SHOWN]}"
    return None


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
