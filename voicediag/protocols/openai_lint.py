"""Holds an OpenAI Realtime conversation against the service's rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from voicediag.protocols import openai_rules as rules
from voicediag.protocols.conversation import look, number_of, text_of
from voicediag.protocols.events import Broken, Event, Fact
from voicediag.protocols.lint import broken
from voicediag.protocols.openai_realtime import LATE_CANCEL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.session import Rule
    from voicediag.session.events import Direction

# Clients round to chunks; whoever is this far beyond the sound counts something else.
SLACK_MS: Final = 20.0
MOST_ITEMS: Final = 200
_FLAT: Final = ("modalities", "input_audio_format", "output_audio_format", "input_audio_transcription")
_BETA_EVENTS: Final = frozenset({
    "transcription_session.update", "transcription_session.updated", "response.audio.delta", "response.audio.done",
    "response.audio_transcript.delta", "response.audio_transcript.done", "response.text.delta", "response.text.done",
})  # fmt: skip


@dataclass(slots=True)
class OpenAILint:
    """What is remembered of a session: its items' sound, what was cancelled, and whether it was configured."""

    rules: ClassVar[tuple[Rule, ...]] = rules.RULES
    _heard_ms: dict[str, float] = field(default_factory=dict)
    _over: dict[str, None] = field(default_factory=dict)
    _expired: bool = False
    _sessions: int = 0
    _ever_configured: bool = False
    _configured: bool = False
    _has_sound: bool = False

    def opened(self, message: Mapping[str, Any]) -> Iterator[Event]:
        """Yield the beta, which is asked for by a header or a subprotocol."""
        header, asked = text_of(look(message, "headers", "openai-beta")), message.get("subprotocols")
        if "realtime" in header or (isinstance(asked, list) and "openai-beta.realtime-v1" in asked):
            yield broken(rules.BETA, f"OpenAI-Beta: {header}" if header else "subprotocol openai-beta.realtime-v1")

    def passed(self, direction: Direction, message: Mapping[str, Any], *, heard_s: float) -> Iterator[Event]:
        """Yield the rules that a message breaks."""
        kind = text_of(message.get("type"))
        if kind in _BETA_EVENTS:
            yield broken(rules.BETA, kind)
        self._has_sound = self._has_sound or heard_s > 0
        yield from self._sent(kind, message) if direction == "up" else self._received(kind, message, heard_s)

    def closed(self, direction: Direction, code: int, reason: str) -> Iterator[Event]:
        """Yield the end of the session's time, and of the beta, where only the close still tells of it."""
        told, self._expired = self._expired, False
        if direction == "down" and "maximum duration" in reason and not told:
            yield Fact(kind="going-away", name="session_expired", left_s=0.0, said=reason)
        if direction == "down" and (code == 4000 or "beta_api_shape_disabled" in reason):
            yield broken(rules.BETA, f"close {code}: {reason}")

    def _sent(self, kind: str, message: Mapping[str, Any]) -> Iterator[Broken]:
        match kind:
            case "session.update":
                self._configured = self._ever_configured = True
                yield from _configured(message.get("session"))
            case "conversation.item.truncate":
                yield from self._truncated(message)
            case "output_audio_buffer.clear" if self._has_sound:
                yield broken(rules.WEBRTC_CLEAR, message)

    def _received(self, kind: str, message: Mapping[str, Any], heard_s: float) -> Iterator[Broken]:
        match kind:
            case "session.created":
                # Whatever was over was so in another session, which may have used the same names.
                self._over.clear()
                self._sessions += 1
                self._configured = False
            case "response.created":
                if self._sessions > 1 and self._ever_configured and not self._configured:
                    self._configured = True
                    yield broken(rules.EMPTY_SESSION, f"session.created, no session.update, {kind}")
            case "response.output_item.added":
                self._hears(text_of(look(message, "item", "id")), 0.0)
            case "response.output_audio.delta" | "response.audio.delta":
                item, response = text_of(message.get("item_id")), text_of(message.get("response_id"))
                self._hears(item, heard_s * 1_000)
                if over := next((each for each in (response, item) if each and each in self._over), None):
                    yield broken(rules.STALE_AUDIO, f"{kind} of {over}, which is over")
            case "response.done" if look(message, "response", "status") == "cancelled":
                self._ends(text_of(look(message, "response", "id")))
            case "conversation.item.truncated":
                self._ends(text_of(message.get("item_id")))
            case "error":
                code = look(message, "error", "code")
                self._expired = self._expired or code == "session_expired"
                if code == LATE_CANCEL:
                    yield broken(rules.LATE_CANCEL, f"{code}: {text_of(look(message, 'error', 'message'))}")

    def _truncated(self, message: Mapping[str, Any]) -> Iterator[Broken]:
        item, end_ms = text_of(message.get("item_id")), number_of(message.get("audio_end_ms"))
        heard_ms = self._heard_ms.get(item)
        # An item from before the log begins has any length.
        if heard_ms is None or end_ms is None:
            return
        said = f"{item}: audio_end_ms {end_ms:g}, {heard_ms:.0f} ms had come"
        if not heard_ms:
            yield broken(rules.TRUNCATE_EARLY, said)
        elif end_ms > heard_ms + SLACK_MS:
            yield broken(rules.TRUNCATE_BEYOND, said)

    def _hears(self, item: str, more_ms: float) -> None:
        """Count the sound of an item whose beginning was seen."""
        if not item or (more_ms and item not in self._heard_ms):
            return
        self._heard_ms[item] = self._heard_ms.get(item, 0.0) + more_ms
        if len(self._heard_ms) > MOST_ITEMS:
            del self._heard_ms[next(iter(self._heard_ms))]

    def _ends(self, ident: str) -> None:
        self._over[ident] = None
        if len(self._over) > MOST_ITEMS:
            del self._over[next(iter(self._over))]


def _is_flat(session: object) -> bool:
    """Whether a session has the beta's form."""
    return isinstance(session, dict) and any(key in session for key in _FLAT)


def _configured(session: object) -> Iterator[Broken]:
    """Yield what is wrong with the session of a session.update."""
    if not isinstance(session, dict):
        return
    if _is_flat(session):
        yield broken(rules.BETA, {key: session[key] for key in _FLAT if key in session})
    elif "type" not in session:
        yield broken(rules.NO_TYPE, {"session": dict.fromkeys(session, "…")})
    for way in ("input", "output"):
        form = look(session, "audio", way, "format")
        rate_hz = number_of(look(form, "rate"))
        if look(form, "type") == "audio/pcm" and rate_hz is not None and rate_hz != 24_000:
            yield broken(rules.PCM_RATE, {"audio": {way: {"format": form}}})
