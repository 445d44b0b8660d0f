"""An app for Twilio to dial: an agent that greets, answers, and stops when the caller breaks in.

It is what a first try of the emulator calls, and a small example of an app that keeps Twilio's rules: it waits for the
`start`, names the stream in each message, marks the end of each answer and sends `clear` when it is interrupted.
"""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from voicediag.formats.pcm import decode
from voicediag.live.emulator.agenda import Action, Send
from voicediag.live.emulator.caller import LINE_HZ
from voicediag.live.emulator.clips import clips_of, encoded
from voicediag.live.emulator.faults import Faults
from voicediag.live.emulator.scenario import Scenario, Vad
from voicediag.live.emulator.service import Script, Service
from voicediag.protocols.conversation import look, text_of
from voicediag.protocols.events import Audio
from voicediag.protocols.twilio_media import TwilioMedia

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import web

    from voicediag.live.emulator.gate import Heard

# Above an echo of it and below the caller. Sound comes faster than it is played, as from real models.
SCENARIO: Final = Scenario(speed=4.0, chunk_ms=200, vad=Vad(threshold_dbfs=-34.0, silence_ms=400))


@dataclass(slots=True)
class TwilioAgent(Service):
    """The app's side of one call."""

    _twilio: TwilioMedia = field(default_factory=TwilioMedia)
    _stream: str = ""
    _playing: set[str] = field(default_factory=set)

    def greet(self, now_s: float) -> list[Action]:  # noqa: ARG002 - other services speak first
        """Return nothing: there is no stream yet to speak on."""
        return []

    def broken(self, what: str, now_s: float) -> list[Action]:  # noqa: ARG002 - Twilio sends none
        """Return nothing."""
        return []

    def take(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        """Return what is done about a message of Twilio's."""
        event = text_of(message.get("event"))
        if event == "start":
            self._stream = text_of(look(message, "streamSid"))
            return self._answer(now_s)
        if event == "mark":
            self._playing.discard(text_of(look(message, "mark", "name")))
        actions: list[Action] = []
        for sound in self._twilio.receive("up", message):
            if isinstance(sound, Audio):
                samples = decode(sound.payload, sound.encoding)
                vad = self.script.scenario.vad
                actions += self.hear(samples, rate_hz=sound.rate_hz, vad=vad, now_s=now_s)
        return actions

    def user_started(self, heard: Heard, now_s: float) -> list[Action]:  # noqa: ARG002 - every service's signature
        """Return that what Twilio has of the answer is thrown away, and say no more of it."""
        if not (self.agenda.hush() or self._playing):
            return []
        return [Send(message={"event": "clear", "streamSid": self._stream})]

    def user_stopped(self, heard: Heard, now_s: float) -> list[Action]:  # noqa: ARG002 - as above
        """Return what comes at once of the end of the caller's turn."""
        return self._answer(now_s)

    def _answer(self, now_s: float) -> list[Action]:
        reply, pcm = self.next_reply()
        begins_s = now_s + reply.delay_s
        speech = self.rehearse(reply, pcm, begins_s, rate_hz=LINE_HZ)
        for chunk in speech.chunks:
            sound = base64.b64encode(encoded(chunk.samples, "mulaw")).decode()
            self._later(begins_s + chunk.after_s, {"event": "media", "media": {"payload": sound}})
        name = f"answer {self.turns}"
        self._playing.add(name)
        self._later(begins_s + speech.duration_s, {"event": "mark", "mark": {"name": name}})
        return []

    def _later(self, at_s: float, message: dict[str, Any]) -> None:
        named = {**message, "streamSid": self._stream}
        self.agenda.add(at_s, lambda _: [Send(message=named)], spoken=True)


@asynccontextmanager
async def answering(scenario: Scenario = SCENARIO) -> AsyncIterator[str]:
    """Answer calls on a free port of this machine while the context lasts; yield the URL to dial."""
    from aiohttp import web

    from voicediag.live.emulator.connection import OPEN, Connection, close_all
    from voicediag.live.loopback import stranger

    script = Script(scenario=scenario, clips=clips_of(scenario), faults=Faults({}))

    async def talk(request: web.Request) -> web.StreamResponse:
        if refused := stranger(request):
            raise web.HTTPForbidden(text=refused)
        return await Connection(request, TwilioAgent(script), binary=False).hold()

    app = web.Application()
    app[OPEN] = set()
    app.on_shutdown.append(close_all)
    app.router.add_get("/media", talk)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/media"
    finally:
        await runner.cleanup()
