"""One recording of a page, from its first message to its last; whatever carries the messages.

The page says how it records (``begin``), sends chunks and once a second its context's times (``context``), and says
when all is sent (``end``). Every chunk's times go into ``capture.jsonl``. Where chunks are missing, silence takes their
place, so that what follows lies where it sounded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from voicediag.errors import InputError
from voicediag.formats.capture_log import LONGEST_TEXT, MOST_TOLD
from voicediag.formats.folder_writer import CAPTURE
from voicediag.formats.wire_line import json_object
from voicediag.live.microphone.chunk import WIDTH, Chunk, parse
from voicediag.live.recorder import Moment
from voicediag.live.recorder_process import START
from voicediag.protocols.events import Audio
from voicediag.session.clock import NANOSECONDS
from voicediag.session.source import FASTEST_HZ, SLOWEST_HZ

if TYPE_CHECKING:
    from voicediag.live.recording import Call, Recording
    from voicediag.session import TrackName

PROCESSING: Final = {
    "echoCancellation": "echo cancellation",
    "noiseSuppression": "noise suppression",
    "autoGainControl": "gain control",
}
PLAYED: Final = {"nothing": "nothing", "tab": "another tab", "voice": "a test voice", "agent": "the agent"}
# These name a device for good, and nobody needs them.
_IDENTIFIERS: Final = frozenset({"deviceId", "groupId"})
# As much as the page itself keeps while its connection stands still.
MOST_FILLED_S: Final = 120.0
MILLISECONDS: Final = 1_000
# A page that tells of more has two clocks.
MOST_WAITED_MS: Final = 5_000.0
# Nobody waits longer for a page that is away.
MOST_AWAY_MS: Final = 120_000.0
# What a browser closes a connection with when its page is left or reloaded.
LEFT: Final = frozenset({1000, 1001, 1005})
LOST: Final = "the connection to the page broke: what it had not sent is missing"
BEHIND: Final = "a chunk came that lies before those that came already; it is left out"
# No number that a browser tells is longer.
_LONGEST: Final = 1 << 63
Answer: TypeAlias = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Take:
    """What one connection of a page records.

    Parameters
    ----------
    recording : Recording
    folder : callable
        Makes the session's folder, once the page begins.
    secrets : tuple of str
        What must not be written.
    opening : mapping, optional
        How a connection to a provider is opened, where one is held beside: the page's sound then begins when it was
        captured, on the clock of that connection's messages.
    listen : callable
        Called with every stretch of both tracks, 16-bit, and how many ms it waited to be sent; infinity is silence that
        stands for what was not captured.
    """

    recording: Recording
    folder: Callable[[], Path]
    secrets: tuple[str, ...] = ()
    opening: Mapping[str, Any] | None = None
    listen: Callable[[bytes, bytes, float], None] = lambda _mic, _played, _waited_ms: None
    call: Call | None = None
    chunks: int = 0
    rate_hz: int = 0
    starts: Moment = START
    _has_played: bool = False
    _first: int | None = None
    _next: int = 0
    _of_page: int = 0

    def hear(self, data: str | bytes) -> Answer | None:
        """Take one message and return what is to be answered."""
        try:
            if isinstance(data, bytes):
                self._chunk(parse(data))
                return None
            return self._told(json_object(data))
        except InputError as error:
            return self._refused(error)

    def gone(self, code: int | None) -> None:
        """End the recording, if the page has not: it was left, or the connection broke."""
        if self.call and code not in LEFT:
            self._problem(LOST)
        self._end("left" if code in LEFT else "lost")

    @property
    def is_placed(self) -> bool:
        """Whether the page's clock is known: its first chunk tells it."""
        return self._first is not None

    def again(self, data: str) -> Answer:
        """Go on with a page that was loaded anew: its clock and its numbers begin at nothing."""
        told = json_object(data)
        if self.call is None or told.get("rate_hz") != self.rate_hz:
            why = f"The session began at {self.rate_hz} Hz, and this page's sound has another rate: begin a new one."
            return {"type": "refused", "why": why}
        self._first, self._of_page = None, 0
        self._log({"begin": _begun(told)})
        return self._recording(self.call)

    def t_ns_of(self, frame: float) -> int:
        """Return when a frame of the page's clock sounded, on the session's."""
        return self.starts.t_ns + round((frame - (self._first or 0)) * NANOSECONDS / max(1, self.rate_hz))

    def _refused(self, error: InputError) -> Answer | None:
        if self.call is None:
            return {"type": "refused", "why": str(error)}
        self._problem(str(error))
        return None

    def _told(self, told: Mapping[str, Any]) -> Answer | None:
        if told.get("type") == "begin" and self.call is None:
            return self._begin(told)
        if told.get("type") == "context":
            self._log({"context": _numbers(told)})
        elif told.get("type") == "mark":
            self._log({"mark": {"text": str(told.get("text", ""))[:LONGEST_TEXT]}}, ago_ns=age_ns(told))
        elif told.get("type") == "end" and self.call:
            folder = self.call.folder
            if isinstance(sent := told.get("chunks"), int) and sent > self._of_page:
                self._problem(f"{sent - self._of_page} of {sent} chunks did not arrive")
            self._end("stopped")
            return {"type": "ended", "folder": folder.name, "path": str(folder), "chunks": self.chunks}
        return None

    def _begin(self, told: Mapping[str, Any]) -> Answer:
        rate_hz, played = told.get("rate_hz"), told.get("played")
        if not isinstance(rate_hz, int | float) or not SLOWEST_HZ <= rate_hz <= FASTEST_HZ or rate_hz != int(rate_hz):
            raise InputError(expected="a rate in Hz", got=repr(rate_hz)[:LONGEST_TEXT])
        if not isinstance(played, str) or played not in PLAYED:
            raise InputError(expected=f"played {', '.join(PLAYED)}", got=repr(played)[:LONGEST_TEXT])
        self.rate_hz, self._has_played = int(rate_hz), played != "nothing"
        begun = _begun(told)
        notes = f"Recorded in a browser: {_in_words(begun['granted'], begun['asked'])}; played: {PLAYED[played]}."
        self.call = self.recording.opened(self.folder(), self.secrets, self.opening, notes)
        self._log({"begin": begun})
        return self._recording(self.call)

    def _recording(self, call: Call) -> Answer:
        return {"type": "recording", "folder": call.folder.name, "path": str(call.folder)}

    def _chunk(self, chunk: Chunk) -> None:
        if self.call is None:
            raise InputError(expected="how the page records, before its sound", got="a chunk")
        if bool(chunk.played) is not self._has_played:
            raise InputError(expected="the tracks that the page began with", got="others")
        if self._first is None:
            self._first = chunk.frame - self._place(chunk, self.call.now())
        frame = chunk.frame - self._first
        if frame < self._next:
            self._problem(BEHIND)
            return
        self._fill(frame - self._next)
        self._sound(chunk.mic, chunk.played, max(0.0, chunk.sent_ms - chunk.wall_ms))
        self.chunks += 1
        self._of_page += 1
        self._next = frame + chunk.frames
        self._log({"chunk": [chunk.sequence, frame, chunk.frames, round(chunk.wall_ms, 3), round(chunk.sent_ms, 3)]})

    def _place(self, chunk: Chunk, now: Moment) -> int:
        """Return where in the tracks a page's first chunk lies: where another was before, by the session's clock."""
        starts = START if self.opening is None else began(chunk, now, self.rate_hz)
        if not self.chunks:
            self.starts = starts
            return 0
        place = max(self._next, (starts.t_ns - self.starts.t_ns) * self.rate_hz // NANOSECONDS)
        gap_s = (place - self._next) / self.rate_hz
        self._problem(f"the page was loaded anew: for {gap_s:.1f} s nothing was captured, and silence stands there")
        return place

    def _fill(self, missing: int) -> None:
        """Put silence where chunks are missing; the log says so by their numbers."""
        if missing > MOST_FILLED_S * self.rate_hz:
            raise InputError(expected="chunks end to end", got=f"{missing} frames missing")
        if missing:
            silence = bytes(WIDTH * missing)
            self._sound(silence, silence if self._has_played else b"", inf)

    def _sound(self, mic: bytes, played: bytes, waited_ms: float) -> None:
        taps: tuple[tuple[TrackName, bytes], ...] = (("user-captured", mic), ("agent-played", played))
        for track, sound in taps:
            if sound and self.call:
                # One clock: both tracks begin with the same call of the audio thread, and the session with them.
                self.recording.tapped(self.call, Audio(track=track, payload=sound, rate_hz=self.rate_hz), self.starts)
        self.listen(mic, played, waited_ms)

    def _log(self, line: Mapping[str, Any], *, ago_ns: int = 0) -> None:
        if self.call:
            now = self.call.now()
            at = Moment(max(0, now.t_ns - ago_ns), now.wall_ns - ago_ns)
            text = json.dumps({"t_ns": at.t_ns, **line}, ensure_ascii=False, separators=(",", ":"))
            self.recording.logged(self.call, text, at)

    def _problem(self, what: str) -> None:
        if self.call:
            self.recording.problem(self.call, what, where=CAPTURE)

    def _end(self, how: str) -> None:
        if self.call:
            self._log({"end": {"how": how, "chunks": self.chunks}})
            self.recording.ended(self.call)
            self.call = None


def began(chunk: Chunk, now: Moment, rate_hz: int) -> Moment:
    """Return when a chunk began to sound that came just now: before it lasted, and waited to be sent."""
    waited_ms = min(max(0.0, chunk.sent_ms - chunk.wall_ms), MOST_WAITED_MS)
    ago_ns = min(now.t_ns, round(waited_ms * NANOSECONDS / MILLISECONDS) + chunk.frames * NANOSECONDS // rate_hz)
    return Moment(now.t_ns - ago_ns, now.wall_ns - ago_ns)


def age_ns(told: Mapping[str, Any]) -> int:
    """Return how long ago the page meant what it tells: it may have waited for its connection."""
    age_ms = told.get("age_ms")
    if not isinstance(age_ms, int | float) or isinstance(age_ms, bool) or not 0 < age_ms < MOST_AWAY_MS:
        return 0
    return round(age_ms * NANOSECONDS / MILLISECONDS)


def _begun(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of how a page begins."""
    settings = {key: _settings(told.get(key)) for key in ("asked", "granted")}
    texts = {key: str(told.get(key, ""))[:LONGEST_TEXT] for key in ("device", "browser")}
    return {"rate_hz": int(told["rate_hz"]), "played": str(told.get("played"))[:LONGEST_TEXT], **settings, **texts}


def _settings(told: object) -> dict[str, Any]:
    """Return settings of a track: plain values under plain names, and nothing that names the device for good."""
    pairs = list(told.items())[:MOST_TOLD] if isinstance(told, dict) else ()
    return {
        str(name)[:LONGEST_TEXT]: value[:LONGEST_TEXT] if isinstance(value, str) else value
        for name, value in pairs
        if name not in _IDENTIFIERS and isinstance(value, str | int | float | bool) and _is_said(value)
    }


def _numbers(told: Mapping[str, Any]) -> dict[str, float]:
    pairs = list(told.items())[:MOST_TOLD]
    return {
        str(name)[:LONGEST_TEXT]: value
        for name, value in pairs
        if isinstance(value, int | float) and not isinstance(value, bool) and _is_said(value)
    }


def _is_said(value: str | float) -> bool:
    """Whether JSON can say a value: no infinity, no endless number."""
    return isinstance(value, str) or -_LONGEST < value < _LONGEST


def _in_words(granted: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Return what the browser does to the sound, and what of it nobody asked for."""
    return ", ".join(f"{words} {_state(granted.get(name), asked.get(name))}" for name, words in PROCESSING.items())


def _state(is_on: object, was_asked: object) -> str:
    if not isinstance(is_on, bool):
        return "not told"
    unasked = isinstance(was_asked, bool) and is_on is not was_asked
    return f"{'on' if is_on else 'off'}{' though it was asked otherwise' if unasked else ''}"
