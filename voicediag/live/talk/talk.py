"""One conversation of one page: its microphone goes up to the partner, the agent's sound comes down, all is recorded.

The page's messages are those of a recording (`microphone.take`), and besides ``player`` (what its audio thread played)
and ``mark``. It is sent sound as bytes (`page_player`), and as JSON ``recording``, ``flush``, ``turn-ended``,
``state``, ``lost``, ``refused``, ``ended`` and ``checked``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from voicediag.errors import InputError, LiveError
from voicediag.formats.pcm import FULL_SCALE, decode
from voicediag.formats.wire_line import json_object
from voicediag.live.client.dialogue import Dialogue
from voicediag.live.client.line import Line, connected, opening_of
from voicediag.live.client.player import BYTES_A_FRAME
from voicediag.live.client.tape import CallTape
from voicediag.live.folders import is_closed
from voicediag.live.microphone.take import Take, age_ns
from voicediag.live.redaction import secrets_of
from voicediag.live.talk.page_player import PagePlayer
from voicediag.live.talk.watching import Watching
from voicediag.session import seconds

if TYPE_CHECKING:
    from pathlib import Path

    import soxr
    from websockets.asyncio.client import ClientConnection

    from voicediag.live.microphone.outbox import Outbox
    from voicediag.live.microphone.take import Answer
    from voicediag.live.recorder import Moment
    from voicediag.live.recording import Call, Recording
    from voicediag.live.talk.gauge import Judges
    from voicediag.live.talk.partner import Partner
    from voicediag.protocols.dialect import Address
    from voicediag.protocols.events import Event

# Ten seconds of chunks of 20 ms: a provider that takes none for so long has lost the thread anyway.
MOST_HEARD: Final = 500
# Words that come later than this answer nothing any more; a connection that is back at once has them in time.
MOST_LATE_MS: Final = 1_500.0
NOT_TAKEN: Final = "the provider did not keep up: a stretch of the microphone was not sent"
# A page tells every 20 ms what it played, and its first chunk is full as soon.
MOST_EARLY: Final = 100
AWAY: Final = "the page's connection was broken, or the page was loading anew"
CLOSING_PATIENCE_S: Final = 60.0
LOOK_S: Final = 0.05


@dataclass(slots=True, kw_only=True, eq=False)
class Talk:
    """A conversation.

    Parameters
    ----------
    recording : Recording
    folder : callable
        Makes the session's folder, once the page begins.
    partner : Partner
    address : Address
        Where the partner is.
    judges : Judges
    outbox : Outbox
        To the page.

    Attributes
    ----------
    kept : Path or None
        The session's folder, once the page has begun.
    is_over : bool
        Whether the page has said its last.
    """

    recording: Recording
    folder: Callable[[], Path]
    partner: Partner
    address: Address
    judges: Judges
    outbox: Outbox
    kept: Path | None = None
    is_over: bool = False
    _take: Take = field(init=False)
    _dialogue: Dialogue | None = None
    _player: PagePlayer | None = None
    _line: Line | None = None
    _watching: Watching | None = None
    _returns: bool = False
    _early: deque[object] = field(default_factory=lambda: deque(maxlen=MOST_EARLY))
    _unsent: int = 0
    _to_wire: soxr.ResampleStream | None = None
    _heard: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MOST_HEARD))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Get ready to record the page."""
        secrets = secrets_of(self.address.url, self.address.headers)
        opening = opening_of(self.address)
        self._take = Take(self.recording, self.folder, secrets=secrets, opening=opening, listen=self._listen)

    @property
    def is_open(self) -> bool:
        """Whether it has begun and not ended."""
        return self._take.call is not None

    async def hear(self, data: str | bytes) -> Answer | None:
        """Take one message of the page and return what is to be answered; nothing that it sends raises."""
        if isinstance(data, bytes):
            self._take.hear(data)
            return None
        try:
            told = json_object(data)
        except InputError:
            return None
        match told.get("type"):
            case "begin" if self.kept is None:
                return await self._begin(data)
            case "begin" if self._returns:
                return self._again(data)
            case "player":
                self._played(told.get("log"))
            case "end" if self._take.call:
                await self._hang_up()
                await self._ended(self._take.hear(data) or {})
            case "mark" if self._watching and self._take.call:
                marked_ns = self._take.call.now().t_ns - age_ns(told)
                self._watching.marked(seconds(marked_ns - self._take.starts.t_ns))
                self._take.hear(data)
            case "context":
                self._take.hear(data)
        return None

    def reloaded(self) -> None:
        """Know that the page was loaded anew, and begins again."""
        self._returns = True

    async def gone(self, code: int | None) -> None:
        """End, however the page did."""
        await self._hang_up()
        self._take.gone(code)

    async def _begin(self, data: str) -> Answer:
        """Connect, and then record."""
        try:
            socket = await connected(self.address)
        except LiveError as error:
            self.is_over = True
            return {"type": "refused", "why": str(error)}
        answer = self._take.hear(data) or {}
        if self._take.call is None:
            await socket.close()
            self.is_over = True
            return answer
        self.kept = self._take.call.folder
        self._start(socket, self._take.call)
        return {**answer, **self._with_whom()}

    def _again(self, data: str) -> Answer:
        """Go on with a page that was loaded anew, with what was not played yet."""
        self._returns = False
        self._early.clear()
        answer = self._take.again(data)
        if answer["type"] == "recording" and self._take.call and self._player and self._dialogue:
            self._player.again(self._take.call.now().t_ns)
            self._dialogue.write_playback()
        return {**answer, **self._with_whom()}

    def _with_whom(self) -> dict[str, str]:
        return {"provider": self.partner.provider, "speaks": self.partner.speaks, "model": self.partner.name()}

    def _start(self, socket: ClientConnection, call: Call) -> None:
        import soxr

        dialect, page_hz = self.partner.dialect(), self._take.rate_hz
        self._to_wire = soxr.ResampleStream(page_hz, dialect.up_rate_hz, 1)
        self._player = PagePlayer(
            rate_hz=dialect.down_rate_hz, page_hz=page_hz, send=self.outbox.put, t_ns_of=self._take.t_ns_of
        )
        tape = CallTape(self.recording, call)
        self._dialogue = Dialogue(dialect, self._player, tape, greeting=self.partner.greeting, watch=self._meant)
        self._line = Line(address=self.address, dialogue=self._dialogue, now=call.now)
        self._watching = Watching(
            gauge=self.judges.gauge(page_hz, self.partner.name()),
            tell=self._tell,
            problem=lambda what: self.recording.problem(call, what, where="session.json"),
        )
        work = (self._keep(self._line, socket), self._speak(self._line, self._dialogue), self._watching.run())
        self._tasks += [asyncio.create_task(each) for each in work]

    def _listen(self, mic: bytes, played: bytes, waited_ms: float) -> None:
        """Take a stretch of both tracks, end to end; what comes too late to be answered is not sent up."""
        call = self._take.call
        if call is None or self._to_wire is None or self._player is None or self._watching is None:
            return
        self._watching.sound(mic, played)
        self._player.tick(call.now().t_ns)
        if waited_ms > MOST_LATE_MS:
            self._unsent += len(mic) // BYTES_A_FRAME
            return
        self._say_unsent(call)
        scaled = np.rint(self._to_wire.resample_chunk(decode(mic, "pcm_16")) * FULL_SCALE)
        if not scaled.size:
            return
        if self._heard.full():
            self.recording.problem(call, NOT_TAKEN)
            return
        self._heard.put_nowait(np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes())

    def _say_unsent(self, call: Call) -> None:
        """Say how much of the microphone the agent never heard, once the page is back."""
        if self._unsent:
            away_s, self._unsent = self._unsent / self._take.rate_hz, 0
            self.recording.problem(call, f"{away_s:.1f} s of the microphone were not sent to the agent: {AWAY}")

    async def _speak(self, line: Line, dialogue: Dialogue) -> None:
        """Send up what was heard, as fast as the provider takes it."""
        while True:
            sound = await self._heard.get()
            await line.send(dialogue.speak(sound, line.now()))

    async def _keep(self, line: Line, socket: ClientConnection) -> None:
        await line.keep(socket)
        self.outbox.put({"type": "lost", "why": line.lost})

    def _played(self, log: object) -> None:
        """Take what the audio thread played, once its first chunk says what its clock means."""
        call = self._take.call
        if call is None or self._player is None or self._dialogue is None:
            return
        if not self._take.is_placed:
            self._early.append(log)
            return
        for told in (*self._early, log):
            self._player.told(told, call.now().t_ns)
        self._early.clear()
        self._dialogue.write_playback()

    def _meant(self, event: Event, at: Moment) -> None:
        if self._watching:
            self._watching.meant(event, seconds(at.t_ns - self._take.starts.t_ns))

    def _tell(self, state: Mapping[str, Any]) -> None:
        """Tell the page how it goes, and the session what found no room on the way to the page."""
        flush_ms = self._player.flush_ms if self._player else None
        self.outbox.put({"type": "state", "flush_ms": flush_ms, **state})
        if self.outbox.dropped and self._take.call:
            self.recording.problem(self._take.call, f"{self.outbox.dropped} messages to the page found no room")
            self.outbox.dropped = 0

    async def _hang_up(self) -> None:
        """End the connection to the partner before the recording: who closed it is part of the session."""
        if self._take.call:
            self._say_unsent(self._take.call)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ended(self, answer: Mapping[str, Any]) -> None:
        """Tell the page that all is kept, and once the folder is closed what is to be said of it."""
        self.outbox.put(answer)
        self.is_over = True
        if self.kept is None:
            return
        try:
            async with asyncio.timeout(CLOSING_PATIENCE_S):
                while not is_closed(self.kept):  # noqa: ASYNC110 - another process closes it
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            return
        self.outbox.put({"type": "checked", **await asyncio.to_thread(self.judges.check, self.kept)})
