"""The emulated providers' addresses: the same on a plain port and on one with TLS.

Only programs of this machine are meant to call. A page of some other site that is open in a browser can reach loopback
as well, and tells so in its ``Origin``: it is refused.
"""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from voicediag.live.emulator.connection import OPEN, Connection, close_all
from voicediag.live.emulator.gemini import GeminiService
from voicediag.live.emulator.openai import LONGEST_S, OpenAIService
from voicediag.live.emulator.refusing import Refusing
from voicediag.live.emulator.tokens import Mint
from voicediag.live.loopback import stranger
from voicediag.protocols import openai_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from voicediag.live.emulator.service import Script

GEMINI_PATH: Final = re.compile(
    r"/{1,2}ws/google\.ai\.generativelanguage\.(?P<version>v1|v1beta|v1alpha)"
    r"\.GenerativeService\.BidiGenerateContent(?P<constrained>Constrained)?"
)
# In a browser the key travels as a subprotocol; the server picks the other one.
KEY_PROTOCOL: Final = "openai-insecure-api-key."
BETA_GONE: Final = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."


def application(provider: str, script: Script) -> web.Application:
    """Return the addresses of one provider."""
    app = web.Application(middlewares=[_own_pages_only])
    app[OPEN] = set()
    app.on_shutdown.append(close_all)
    desk = _GeminiDesk(script) if provider == "gemini" else _OpenAIDesk(script)
    desk.add_to(app)
    return app


class _GeminiDesk:
    def __init__(self, script: Script) -> None:
        self._script, self._mint, self._numbers = script, Mint(), itertools.count(1)

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/ws/{method}", self.talk)
        # What Google's JavaScript client makes of a base URL.
        app.router.add_get("//ws/{method}", self.talk)
        app.router.add_post("/{version:v1|v1beta|v1alpha}/auth_tokens", self.mint)

    async def mint(self, request: web.Request) -> web.Response:
        if request.match_info["version"] != "v1alpha":
            return web.json_response({"error": {"code": 404, "status": "NOT_FOUND"}}, status=404)
        return web.json_response(self._mint.gemini(await _body(request), time.time()))

    async def talk(self, request: web.Request) -> web.StreamResponse:
        path = GEMINI_PATH.fullmatch(request.path)
        if path is None:
            raise web.HTTPNotFound
        key, faults = _gemini_key(request), self._script.faults
        refusal = Refusing.without_key() if not key else None
        if "token-wrong-endpoint" in faults:
            constrained = path["constrained"] is not None
            close = self._mint.refusal(key, version=path["version"], constrained=constrained, now_s=time.time())
            refusal = Refusing(close) if close else None
        service = refusal or GeminiService(self._script, number=next(self._numbers))
        return await Connection(request, service, binary=True, pong_after_s=faults.seconds("late-pongs")).hold()


class _OpenAIDesk:
    def __init__(self, script: Script) -> None:
        self._script, self._mint, self._numbers = script, Mint(), itertools.count(1)

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/v1/realtime", self.talk)
        app.router.add_post("/v1/realtime/client_secrets", self.mint)

    async def mint(self, request: web.Request) -> web.Response:
        if not _openai_key(request):
            return _unauthorised()
        asked = await _body(request)
        wanted = asked.get("session")
        model = wanted.get("model") if isinstance(wanted, dict) else None
        expires_at = int(time.time()) + LONGEST_S
        session = openai_server.session("sess_minted", model or "gpt-realtime", expires_at=expires_at)
        return web.json_response(self._mint.openai(asked, session, time.time()))

    async def talk(self, request: web.Request) -> web.StreamResponse:
        if not _openai_key(request):
            return _unauthorised()
        faults = self._script.faults
        service = OpenAIService(
            self._script,
            model=request.query.get("model", "gpt-realtime"),
            opened_at=int(time.time()),
            number=next(self._numbers),
        )
        chosen = Refusing.beta(BETA_GONE) if "realtime=v1" in request.headers.get("OpenAI-Beta", "") else service
        pong_after_s = faults.seconds("late-pongs")
        held = Connection(request, chosen, binary=False, pong_after_s=pong_after_s, protocols=("realtime",))
        return await held.hold()


@web.middleware
async def _own_pages_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if refused := stranger(request):
        raise web.HTTPForbidden(text=refused)
    return await handler(request)


def _gemini_key(request: web.Request) -> str:
    """Return the key or token of a request, from wherever clients put it."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme in {"Token", "Bearer"}:
        return token
    query = request.query
    return query.get("access_token") or query.get("key") or request.headers.get("x-goog-api-key") or ""


def _openai_key(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Bearer":
        return key
    offered = (name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(","))
    return next((name.removeprefix(KEY_PROTOCOL) for name in offered if name.startswith(KEY_PROTOCOL)), "")


def _unauthorised() -> web.Response:
    error = {"message": "Missing bearer authentication in header", "type": "invalid_request_error", "code": None}
    return web.json_response({"error": error}, status=401)


async def _body(request: web.Request) -> dict[str, Any]:
    """Return the JSON object of a request, empty where there is none."""
    try:
        told = await request.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
