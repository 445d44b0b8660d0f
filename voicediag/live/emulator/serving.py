"""An emulator on ports of this machine, and what to paste so that a client talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.errors import InputError
from voicediag.live.emulator.faults import parse
from voicediag.live.emulator.scenario import Scenario

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from aiohttp import web

    from voicediag.live.certificate import Authority

HOST = "127.0.0.1"
PROVIDERS = ("gemini", "openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """An emulator that runs.

    Parameters
    ----------
    provider : str
    port : int
    tls_port : int, optional
    authority : Authority, optional
        Who vouches for the port with TLS.
    """

    provider: str
    port: int
    tls_port: int | None = None
    authority: Authority | None = None

    @property
    def base_url(self) -> str:
        """Where clients point to that take plain HTTP."""
        return f"http://{HOST}:{self.port}{self._path}"

    @property
    def tls_base_url(self) -> str | None:
        """Where clients point to that force TLS."""
        return None if self.tls_port is None else f"https://{HOST}:{self.tls_port}{self._path}"

    @property
    def _path(self) -> str:
        return "/v1" if self.provider == "openai" else ""

    def to_paste(self, ca_file: Path | None = None) -> Iterator[str]:
        """Yield lines for a shell, with what each client needs of them."""
        plain, tls = self.base_url, self.tls_base_url
        if self.provider == "openai":
            yield "# openai for Python, pipecat (base_url=ws://.../v1/realtime), livekit:"
            yield f"export OPENAI_BASE_URL={plain} OPENAI_API_KEY=any"
            yield "# openai for Node forces TLS (baseURL=...):"
            yield from self._with_tls(
                f"export OPENAI_BASE_URL={tls} OPENAI_API_KEY=any", "NODE_EXTRA_CA_CERTS", ca_file
            )
            return
        yield "# @google/genai for Node:"
        yield f"export GOOGLE_GEMINI_BASE_URL={plain} GEMINI_API_KEY=any"
        yield "# google-genai for Python, and pipecat and livekit with it, force TLS:"
        yield from self._with_tls(f"export GOOGLE_GEMINI_BASE_URL={tls} GEMINI_API_KEY=any", "SSL_CERT_FILE", ca_file)

    def _with_tls(self, line: str, trust: str, ca_file: Path | None) -> Iterator[str]:
        yield "#   start it again with --tls-port" if self.tls_port is None else f"{line} {trust}={ca_file}"


@asynccontextmanager
async def serving(
    provider: str,
    scenario: Scenario | None = None,
    *,
    faults: Iterable[str] = (),
    port: int = 0,
    tls_port: int | None = None,
    ca_file: Path | None = None,
) -> AsyncIterator[Emulator]:
    """Emulate a provider on loopback while the context lasts.

    Parameters
    ----------
    provider : {"gemini", "openai"}
    scenario : Scenario, optional
        What it says; the demo's cooking assistant where there is none.
    faults : iterable of str
        What it does wrong beside what the scenario names, as `faults.FAULTS` lists them.
    port, tls_port : int
        0 takes a free one; there is no TLS where `tls_port` is None.
    ca_file : Path, optional
        Where the certificate authority of the port with TLS is written.

    Raises
    ------
    InputError
        Where a name, a clip or a port is not to be had.
    """
    from aiohttp import web

    from voicediag.live.certificate import make_authority
    from voicediag.live.emulator.application import application
    from voicediag.live.emulator.clips import clips_of
    from voicediag.live.emulator.service import Script

    if provider not in PROVIDERS:
        raise InputError(expected=f"a provider of {', '.join(PROVIDERS)}", got=repr(provider))
    told = scenario or Scenario()
    chosen = parse([*told.faults, *faults], provider=provider)
    app = application(provider, Script(scenario=told, clips=clips_of(told), faults=chosen))
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    try:
        open_port = await _listen(runner, port, None)
        if tls_port is None:
            yield Emulator(provider=provider, port=open_port)
            return
        authority = make_authority()
        if ca_file:
            authority.write(ca_file)
        secret_port = await _listen(runner, tls_port, authority.server_context())
        yield Emulator(provider=provider, port=open_port, tls_port=secret_port, authority=authority)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int, context: ssl.SSLContext | None) -> int:
    """Open a port; return its number."""
    from aiohttp import web

    site = web.TCPSite(runner, HOST, port, ssl_context=context)
    try:
        await site.start()
    except (OSError, OverflowError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise InputError(
            expected="a free port of this machine", got=f"{port}: {what}", likely="another emulator; 0 takes a free one"
        ) from error
    return int(runner.addresses[-1][1])
