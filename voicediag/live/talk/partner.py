"""Whom a page talks to: a provider, or an emulated one of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicediag.errors import InputError
from voicediag.live import emulator
from voicediag.live.client.direct import NO_KEY, SERVICES, key_for
from voicediag.live.rehearsal import DIALECTS, GREETING, SCENARIO

if TYPE_CHECKING:
    from voicediag.protocols.dialect import Address, Dialect

EMULATOR: Final = "emulator"
PROVIDERS: Final = (*DIALECTS, EMULATOR)
# What `EMULATOR` is, where nothing else is said.
EMULATED: Final = "gemini"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Whom to talk to.

    Parameters
    ----------
    provider : {"gemini", "openai", "emulator"}
    speaks : {"gemini", "openai"}, optional
        Whose protocol the emulator speaks: Gemini Live's, if nothing is said.
    model : str, optional
        If not the newest that is known.
    base_url : str, optional
        If not the provider's own.
    instructions : str
        What the model is told to be.
    greeting : str
        What makes it speak first; empty: the user does.
    faults : tuple of str
        Of the emulator.
    key : str
        If not the environment's.
    """

    provider: str = EMULATOR
    speaks: str = ""
    model: str | None = None
    base_url: str | None = None
    instructions: str = ""
    greeting: str = GREETING
    faults: tuple[str, ...] = ()
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse whom nobody knows, and faults of somebody else's service.

        Raises
        ------
        InputError
            As said.
        """
        if self.provider not in PROVIDERS:
            raise InputError(expected=f"a provider of {', '.join(PROVIDERS)}", got=repr(self.provider))
        if self.provider != EMULATOR and self.faults:
            raise InputError(expected="faults with the emulator only", got=", ".join(self.faults))
        if self.provider == EMULATOR and self.base_url:
            raise InputError(expected="the emulator without a base URL", got=self.base_url)
        spoken = EMULATED if self.provider == EMULATOR else self.provider
        if self.provider == EMULATOR and self.speaks:
            spoken = self.speaks
        if spoken not in DIALECTS or self.speaks not in ("", spoken):
            of = ", ".join(DIALECTS) if self.provider == EMULATOR else f"{self.provider}, which speaks for itself"
            raise InputError(expected=f"the protocol of {of}", got=repr(self.speaks))
        object.__setattr__(self, "speaks", spoken)
        emulator.parse(self.faults, provider=spoken)
        if self.provider != EMULATOR:
            self._address()

    def dialect(self) -> Dialect:
        """Return how the app speaks, for a new session."""
        kind = DIALECTS[self.speaks]
        told = kind() if self.model is None else kind(self.model)
        told.instructions = self.instructions
        return told

    def name(self) -> str:
        """Return what the model calls itself."""
        return self.model or str(DIALECTS[self.speaks]().model)

    @asynccontextmanager
    async def address(self) -> AsyncIterator[Address]:
        """Yield where to connect to; an emulator runs as long."""
        if self.provider != EMULATOR:
            yield self._address()
            return
        async with emulator.serving(self.speaks, SCENARIO, faults=self.faults) as running:
            yield self.dialect().address(running.base_url, NO_KEY)

    def _address(self) -> Address:
        url = self.base_url or SERVICES[self.provider]
        return self.dialect().address(url, self.key or key_for(self.provider, url))
