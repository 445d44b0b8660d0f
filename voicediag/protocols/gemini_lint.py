"""Holds a Gemini Live conversation against the service's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from voicediag.protocols import gemini_rules as rules
from voicediag.protocols import handshake
from voicediag.protocols.conversation import entries, look, text_of
from voicediag.protocols.events import Broken, Event, Fact
from voicediag.protocols.lint import broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.session import Rule
    from voicediag.session.events import Direction

# With its key a handle opens the session: its last letters are enough to tell two of them apart.
HANDLE_SHOWN: Final = 6
# Somebody who sends for so long has said something by then.
UNSIGNALLED_S: Final = 10.0
_SNAKE: Final = frozenset({
    "setup_complete", "server_content", "tool_call", "tool_call_cancellation", "go_away", "session_resumption_update",
    "usage_metadata",
})  # fmt: skip
_NO_IDENTITY: Final = ("unregistered callers", "api key", "ephemeral token", "token was", "token has")
_RATE: Final = re.compile(r";\s*rate\s*=\s*\d", re.IGNORECASE)


@dataclass(slots=True)
class GeminiLint:
    """What is remembered of a connection."""

    rules: ClassVar[tuple[Rule, ...]] = rules.RULES
    _before_setup: Mapping[str, Any] | None = None
    _heard_from: bool = False
    _manual: bool = False
    _unsignalled_s: float = 0.0
    _warned: bool = False
    _misused: bool = False
    _handle: str = ""

    def opened(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Remember whether the key's form was at fault: then its refusal is told already."""
        self._warned, self._heard_from, self._before_setup = False, False, None
        self._misused = any(slip.rule.explains for slip in handshake.opened(message))
        yield from ()

    def passed(self, direction: Direction, message: Mapping[str, Any], *, heard_s: float) -> Iterator[Event]:
        """Yield the rules that a message breaks."""
        if direction == "down":
            self._heard_from = True
            self._warned = self._warned or look(message, "goAway") is not None
            update = look(message, "sessionResumptionUpdate")
            if look(update, "resumable") is True:
                self._handle = text_of(look(update, "newHandle")) or self._handle
            if any(key in _SNAKE for key in message):
                yield broken(rules.SNAKE_KEYS, ", ".join(key for key in message if key in _SNAKE))
            return
        setup = look(message, "setup")
        if setup is not None:
            yield from self._opens(setup)
        elif not self._heard_from and self._before_setup is None:
            self._before_setup = dict.fromkeys(message, "…")
        if (given := look(message, "realtimeInput")) is not None:
            yield from self._realtime(given, heard_s)
        for answer in entries(look(message, "toolResponse", "functionResponses")):
            if not text_of(answer.get("id")):
                yield broken(rules.RESULT_WITHOUT_ID, answer)

    def closed(self, direction: Direction, code: int, reason: str) -> Iterator[Event]:
        """Yield the end that was announced, where only the close still tells of it."""
        told, self._warned, self._heard_from, self._before_setup = self._warned, False, False, None
        if direction == "down" and "goaway" in reason.lower() and not told:
            yield Fact(kind="going-away", name="GoAway", left_s=0.0, said=reason)
        if direction == "down" and not self._misused and any(words in reason.lower() for words in _NO_IDENTITY):
            yield broken(handshake.REFUSED, f"close {code}: {reason}")

    def _opens(self, setup: object) -> Iterator[Broken]:
        model = text_of(look(setup, "model"))
        if not model:
            yield broken(rules.NO_MODEL, {"setup": setup})
        if self._before_setup is not None and not self._heard_from:
            yield broken(rules.SETUP_NOT_FIRST, self._before_setup)
        self._before_setup, self._heard_from = None, True
        resumption = look(setup, "sessionResumption")
        if "2.5" in model and isinstance(resumption, dict) and "handle" in resumption and resumption["handle"] is None:
            yield broken(rules.NULL_HANDLE, {"sessionResumption": resumption})
        given = text_of(look(resumption, "handle"))
        if self._handle and given != self._handle:
            what = f"the handle …{given[-HANDLE_SHOWN:]}" if given else "no handle"
            yield broken(rules.HANDLE_UNUSED, f"setup with {what}; the newest was …{self._handle[-HANDLE_SHOWN:]}")
        self._handle = ""
        if "3.8-live" in model and "extended-thinking" not in model:
            yield from (broken(rules.WRONG_CONFIG, part) for part in _not_for_38(setup))
        self._manual = look(setup, "realtimeInputConfig", "automaticActivityDetection", "disabled") is True
        self._unsignalled_s = 0.0

    def _realtime(self, given: object, heard_s: float) -> Iterator[Broken]:
        for chunk in (look(given, "audio"), *entries(look(given, "mediaChunks"))):
            mime = text_of(look(chunk, "mimeType"))
            if mime.lower().startswith("audio/") and not _RATE.search(mime):
                yield broken(rules.NO_RATE, mime)
        if look(given, "activityStart") is not None or look(given, "activityEnd") is not None:
            self._manual = False
        if self._manual:
            self._unsignalled_s += heard_s
            if self._unsignalled_s >= UNSIGNALLED_S:
                self._manual = False
                yield broken(rules.NO_ACTIVITY, f"{UNSIGNALLED_S:g} s of sound and no activityStart")


def _not_for_38(setup: object) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of a setup that Gemini 3.8 Live refuses."""
    config = look(setup, "generationConfig")
    level = look(config, "thinkingConfig", "thinkingLevel")
    if level is not None:
        yield {"thinkingConfig": {"thinkingLevel": level}}
    if look(setup, "proactivity", "proactiveAudio") is False:
        yield {"proactivity": {"proactiveAudio": False}}
    for place in (setup, config):
        if (affective := look(place, "enableAffectiveDialog")) is not None:
            yield {"enableAffectiveDialog": affective}
    modalities = look(config, "responseModalities")
    if isinstance(modalities, list) and "TEXT" in modalities:
        yield {"responseModalities": modalities}
