"""A session with no key and no sound card: a client in a simulated room, and an emulated provider.

`rehearse` holds it in real time over a real socket, `imagine` on a clock that runs as fast as it can, with the same
faults and the same recorder. Both leave a session folder.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicediag.errors import InputError
from voicediag.formats import folder_closer
from voicediag.live import emulator
from voicediag.live.client.calling import Caller
from voicediag.live.client.device import SimulatedDevice
from voicediag.live.client.dialogue import Dialogue
from voicediag.live.client.direct import NO_KEY, SERVICES, key_for
from voicediag.live.client.equipment import CLIENT_FAULTS, equip
from voicediag.live.client.imagined import WALL_NS, Imagined
from voicediag.live.client.line import opening_of
from voicediag.live.client.player import CUSHION_S
from voicediag.live.client.sound_card import SoundCard
from voicediag.live.emulator.clips import clips_of
from voicediag.live.emulator.gemini import GeminiService
from voicediag.live.emulator.openai import OpenAIService
from voicediag.live.emulator.service import Script, Service
from voicediag.live.recorder import Moment, Recorder
from voicediag.live.redaction import Redaction, secrets_of
from voicediag.protocols.gemini_client import GeminiDialect
from voicediag.protocols.openai_client import OpenAIDialect
from voicediag.session.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from voicediag.live.client.equipment import Equipment
    from voicediag.live.emulator import Faults, Scenario
    from voicediag.protocols.dialect import Address, Dialect

DIALECTS: Final[dict[str, type[GeminiDialect | OpenAIDialect]]] = {"gemini": GeminiDialect, "openai": OpenAIDialect}
GREETING: Final = "Hello."
# Above a speaker's echo and below the user: the emulated provider is not fooled, so that only the echo is at fault.
# Sound comes faster than it is played, as from the real services, so that the player never runs dry by itself.
SCENARIO: Final = emulator.Scenario(speed=2.0, vad=emulator.Vad(threshold_dbfs=-34.0, silence_ms=400))
CREATED: Final = "2026-01-01T00:00:00Z"
START: Final = Moment(0, WALL_NS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What is rehearsed.

    Parameters
    ----------
    provider : {"gemini", "openai"}
    faults : tuple of str
        Of the provider (`emulator.FAULTS`) and of the client (`CLIENT_FAULTS`).
    model : str, optional
    wav : Path, optional
        What the user says.
    greeting : str
        What makes the model speak first; empty: the user does.
    cushion_s : float
        Of the player.
    mic : bool
        Whether the machine's own microphone and loudspeaker take the place of the simulated room.
    """

    provider: str = "gemini"
    scenario: Scenario = SCENARIO
    faults: tuple[str, ...] = ()
    model: str | None = None
    wav: Path | None = None
    greeting: str = GREETING
    cushion_s: float = CUSHION_S
    mic: bool = False

    def dialect(self) -> Dialect:
        """Return how the client speaks."""
        if self.provider not in DIALECTS:
            raise InputError(expected=f"a provider of {', '.join(DIALECTS)}", got=repr(self.provider))
        kind = DIALECTS[self.provider]
        return kind() if self.model is None else kind(self.model)

    def planted(self) -> tuple[Faults, Faults]:
        """Return the faults of the provider and those of the client.

        Raises
        ------
        InputError
            Where there is no such fault.
        """
        known = {**emulator.FAULTS, **CLIENT_FAULTS}
        chosen = emulator.parse(self.faults, provider=self.provider, known=known).chosen
        mine = {name: number for name, number in chosen.items() if name in CLIENT_FAULTS}
        theirs = {name: number for name, number in chosen.items() if name not in mine}
        return emulator.Faults(theirs), emulator.Faults(mine)

    def equipment(self, dialect: Dialect) -> Equipment:
        """Return the client's room and player."""
        return equip(dialect, faults=self.planted()[1], wav=self.wav, cushion_s=self.cushion_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A session that was held.

    Attributes
    ----------
    folder : Path
    lost : str
        Why it ended before its time; empty where it did not.
    """

    folder: Path
    lost: str


def rehearse(
    out: Path, told: Rehearsal, *, duration_s: float, on_tick: Callable[[float], None] = lambda _: None
) -> Held:
    """Hold a session of `duration_s` with an emulated provider, in real time.

    Parameters
    ----------
    out : Path
        Where the folder is made.
    on_tick : callable
        Called with the seconds that have passed.
    """
    names = [name for name in told.faults if name.partition("=")[0] not in CLIENT_FAULTS]

    async def hold() -> Held:
        async with emulator.serving(told.provider, told.scenario, faults=names) as provider:
            address = told.dialect().address(provider.base_url, NO_KEY)
            return await converse(out, told, address, duration_s, on_tick)

    return asyncio.run(hold())


def call(
    out: Path,
    told: Rehearsal,
    base_url: str | None,
    *,
    duration_s: float,
    on_tick: Callable[[float], None] = lambda _: None,
) -> Held:
    """Hold a session with the provider itself, or with whatever stands at `base_url`; as `rehearse`.

    Raises
    ------
    InputError
        Where the environment holds no key.
    LiveError
        Where nobody answers there.
    """
    dialect = told.dialect()
    url = base_url or SERVICES[told.provider]
    address = dialect.address(url, key_for(told.provider, url))
    return asyncio.run(converse(out, told, address, duration_s, on_tick))


async def converse(
    out: Path,
    told: Rehearsal,
    address: Address,
    duration_s: float,
    on_tick: Callable[[float], None] = lambda _: None,
) -> Held:
    """Hold a session with whoever is at an address, on an event loop that runs already; as `rehearse`."""
    dialect = told.dialect()
    equipment = told.equipment(dialect)
    caller = Caller(
        dialect=dialect,
        address=address,
        device=SoundCard(dialect.up_rate_hz, dialect.down_rate_hz) if told.mic else SimulatedDevice(equipment.room),
        player=equipment.player,
        stalls=equipment.stalls,
        sender=equipment.sender,
        slips=equipment.slips,
        out=out,
        greeting=told.greeting,
    )
    with _stopped_by_ctrl_c(caller):
        folder = await caller.hold(duration_s, on_tick)
    return Held(folder=folder, lost=caller.lost)


@contextmanager
def _stopped_by_ctrl_c(caller: Caller) -> Iterator[None]:
    """Let Ctrl-C end the session and not the program, so that what was recorded is closed and checked."""
    loop = asyncio.get_running_loop()
    # Only a main thread can be told of signals, and not on Windows.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGINT, caller.stop)
    try:
        yield
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)


def faults_told() -> Iterator[str]:
    """Yield a line for each fault that a rehearsal can have."""
    for name, kind in {**emulator.FAULTS, **CLIENT_FAULTS}.items():
        yield f"{name:24}{' '.join(kind.providers):16}{kind.says}"


def imagine(folder: Path, told: Rehearsal, *, duration_s: float, returns: bool = True) -> Path:
    """Hold a session of `duration_s` on its own clock and return `folder`, closed.

    Parameters
    ----------
    folder : Path
        Is made.
    returns : bool
        Whether the client connects again when it lost its connection.
    """
    dialect = told.dialect()
    equipment, (theirs, _) = told.equipment(dialect), told.planted()
    script = Script(scenario=told.scenario, clips=clips_of(told.scenario), faults=theirs)
    address = dialect.address("http://127.0.0.1/v1" if told.provider == "openai" else "http://127.0.0.1", NO_KEY)
    recorder = Recorder(folder, Redaction(secrets_of(address.url, address.headers)), CREATED)
    recorder.opened(opening_of(address), START)
    dialogue = Dialogue(dialect, equipment.player, recorder, greeting=told.greeting, slips=equipment.slips)
    numbers = itertools.count(1)

    def connects() -> Service:
        if told.provider == "gemini":
            return GeminiService(script, number=next(numbers))
        return OpenAIService(script, number=next(numbers), opened_at=WALL_NS // NANOSECONDS)

    session = Imagined(
        dialogue, equipment.room, connects, returns=returns, stalls=equipment.stalls, sender=equipment.sender
    )
    session.hold(duration_s)
    recorder.close()
    folder_closer.close(folder)
    return folder
