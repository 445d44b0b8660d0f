"""An emulator on ports of this machine, and what to paste so that a client talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.errors import InputError
from voicediag.live.emulator.faults import parse
from voicediag.live.emulator.pointing import POINTING
from voicediag.live.emulator.scenario import Scenario

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from aiohttp import web

    from voicediag.live.certificate import Authority

HOST = "127.0.0.1"


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

    def told(self, ca_file: Path) -> dict[str, str | None]:
        """Return the addresses, for programs."""
        trusted = None if self.tls_port is None else str(ca_file)
        urls = {"base_url": self.base_url, "tls_base_url": self.tls_base_url}
        return {"provider": self.provider, **urls, "ca_file": trusted}

    def to_paste(self, ca_file: Path) -> Iterator[str]:
        """Yield its base URLs, and lines for a shell with what each client needs of them."""
        yield f"{self.provider} is emulated at {self.base_url}"
        if self.tls_base_url:
            yield f"with TLS at {self.tls_base_url}, trusted through {ca_file}"
        yield ""
        yield from POINTING[self.provider](self.base_url, self.tls_base_url, str(ca_file.resolve()))


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

    if provider not in POINTING:
        raise InputError(expected=f"a provider of {', '.join(POINTING)}", got=repr(provider))
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


def run(
    provider: str,
    scenario: Scenario | None,
    *,
    faults: Iterable[str],
    port: int,
    tls_port: int | None,
    ca_file: Path,
    on_ready: Callable[[Emulator], None],
) -> None:
    """Emulate a provider until Ctrl-C, which raises `KeyboardInterrupt` once all is closed; as `serving`."""

    async def hold() -> None:
        held = serving(provider, scenario, faults=faults, port=port, tls_port=tls_port, ca_file=ca_file)
        async with held as emulator:
            on_ready(emulator)
            await asyncio.Event().wait()

    asyncio.run(hold())


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
