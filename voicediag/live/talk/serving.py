"""Serves the page of the studio on loopback and holds its conversations, one at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicediag.live.microphone import serving
from voicediag.live.microphone.outbox import Outbox
from voicediag.live.microphone.resuming import Line
from voicediag.live.microphone.serving import Studio
from voicediag.live.redaction import Redaction, secrets_of
from voicediag.live.talk.partner import Partner
from voicediag.live.talk.talk import Talk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from voicediag.live.talk.gauge import Judges
    from voicediag.protocols.dialect import Address

WEB: Final = Path(__file__).parent / "web"
_SCRIPT: Final = "text/javascript"
FILES: Final = {
    "page.html": (WEB / "page.html", "text/html"),
    "page.css": (serving.WEB / "page.css", "text/css"),
    "talk.css": (WEB / "talk.css", "text/css"),
    **{name: (WEB / name, _SCRIPT) for name in ("page.js", "talk.js", "dials.js", "player.js")},
    **{name: (serving.WEB / name, _SCRIPT) for name in ("capture.js", "frame.js", "worker.js", "worklet.js")},
}
# So long a conversation is held for a page whose connection broke, and for one that was left: a page that is loaded
# anew is back within some seconds, one that was closed never is, and a provider counts the time.
AWAY_S: Final = 60.0
RELOAD_S: Final = 15.0


@dataclass(slots=True, eq=False, kw_only=True)
class TalkStudio(Studio):
    """The page, and whom it talks to.

    Parameters
    ----------
    partner : Partner
    judges : Judges
    """

    partner: Partner
    judges: Judges
    address: Address = field(init=False)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[None]:
        """Have the partner, which an emulator has to run for."""
        async with self.partner.address() as self.address:
            yield

    def new_line(self) -> Line:
        """Return a conversation."""
        outbox = Outbox(redact=Redaction(secrets_of(self.address.url, self.address.headers)))
        talk = Talk(
            recording=self.recording,
            folder=self.folder,
            partner=self.partner,
            address=self.address,
            judges=self.judges,
            outbox=outbox,
        )
        return Line(talk, outbox=outbox, patience_s=AWAY_S, reload_s=RELOAD_S)
