"""The studio in a notebook: a widget that shows and steers, while the conversation is held beside the kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicediag.errors import LiveError
from voicediag.live.client.direct import KEYS
from voicediag.live.microphone import serving
from voicediag.live.microphone.widget import Microphone
from voicediag.live.rehearsal import GREETING
from voicediag.live.talk.partner import EMULATOR, Partner
from voicediag.live.talk.serving import FILES, WEB

if TYPE_CHECKING:
    from collections.abc import Sequence

HANDED_OVER: Final = ("capture.js", "frame.js", "dials.js", "talk.js", "player.js", "worker.js", "worklet.js")


class Conversation(Microphone):
    """A conversation with an agent, of which `session` is what was recorded last.

    Parameters
    ----------
    partner : Partner
    out : path
        Folder that the session folders are made in.

    Attributes
    ----------
    state : str
        As a `Microphone`'s, and ``checking`` while the session that was kept is looked at.
    """

    _esm = serving.WEB / "widget.js"
    _css = WEB / "talk.css"

    def __init__(self, partner: Partner, out: str | Path = "sessions") -> None:
        super().__init__(out)
        self._files = {name: FILES[name][0].read_text(encoding="utf-8") for name in HANDED_OVER}
        # A session of its own: what stops or restarts the kernel leaves the conversation alone.
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and our own command
            _command(partner, self._out),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=_environment(partner),
        )
        said = self._process.stdout.readline() if self._process.stdout else ""
        if not said:
            raise LiveError("the studio did not start; run `voicediag studio` in a terminal to see why")
        self._page = json.loads(said)["page"]

    @property
    def marks(self) -> tuple[float, ...]:
        """The moments that were marked in the last session, in seconds on its clock."""
        return tuple(flag.at_s for flag in self.session.flags)

    def close(self) -> None:
        """Let go of the page; a conversation that goes on is held to its end."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
        super().close()


def studio(
    provider: str = EMULATOR,
    *,
    speaks: str = "",
    model: str | None = None,
    base_url: str | None = None,
    key: str = "",
    instructions: str = "",
    greeting: str = GREETING,
    faults: Sequence[str] = (),
    out: str | Path = "sessions",
) -> Conversation:
    """Return a studio to show in a notebook: talk to an agent, and see what happens to the sound meanwhile.

    Parameters
    ----------
    provider : {"gemini", "openai", "emulator"}
        The emulator needs no key and no network.
    speaks : {"gemini", "openai"}, optional
        Whose protocol the emulator speaks.
    model : str, optional
        If not the newest that is known.
    base_url : str, optional
        If not the provider's own.
    key : str
        If not the environment's; it reaches neither the page nor the disk.
    instructions : str
        What the model is told to be.
    greeting : str
        What makes the model speak first; empty: you do.
    faults : sequence of str
        What the emulator does wrong.
    out : path
        Folder that the session folders are made in.

    Raises
    ------
    InputError
        Where there is no such provider, or no key.
    LiveError
        Where the studio does not start.
    """
    partner = Partner(
        provider=provider,
        speaks=speaks,
        model=model,
        base_url=base_url,
        instructions=instructions,
        greeting=greeting,
        faults=tuple(faults),
        key=key,
    )
    return Conversation(partner, out)


def _command(partner: Partner, out: str) -> list[str]:
    told = {"speaks": partner.speaks, "model": partner.model, "base-url": partner.base_url}
    told |= {"instructions": partner.instructions, "greeting": partner.greeting, "out": out}
    options = [f"--{name}={value}" for name, value in told.items() if value is not None]
    options += [f"--fault={fault}" for fault in partner.faults]
    return [
        sys.executable,
        "-m",
        "voicediag",
        "studio",
        partner.provider,
        "--json",
        "--no-open",
        "--attached",
        *options,
    ]


def _environment(partner: Partner) -> dict[str, str]:
    """Return the environment with the key in it: other users of a machine can read a command line."""
    given = {KEYS[partner.provider][0]: partner.key} if partner.key and partner.provider in KEYS else {}
    return {**os.environ, **given}
