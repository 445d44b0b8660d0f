"""One response of OpenAI Realtime while it is made: its events, from ``response.created`` to ``response.done``."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicediag.live.emulator.clips import encoded
from voicediag.protocols import openai_server as say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.live.emulator.scenario import Tool
    from voicediag.live.emulator.service import Speech
    from voicediag.protocols.openai_server import Event

LETTERS_A_TOKEN = 4


@dataclass(slots=True)
class Ledger:
    """The tokens of a session: what a response is asked is all that was said before."""

    context: dict[str, int] = field(default_factory=lambda: {"text": 0, "audio": 0})
    cached: dict[str, int] = field(default_factory=lambda: {"text": 0, "audio": 0})

    def heard(self, duration_s: float) -> None:
        """Take the user's sound into the context."""
        self.context["audio"] += round(duration_s * say.USER_TOKENS_A_SECOND)

    def read(self, text: str) -> None:
        """Take text into the context."""
        self.context["text"] += tokens(text)

    def bill(self, *, text: int, audio: int) -> Event:
        """Return a response's usage; the next one finds all of it in the context, and what was there in the cache."""
        answered = {"text": text, "audio": audio}
        usage = say.usage(asked=self.context, answered=answered, cached=self.cached)
        self.cached = dict(self.context)
        self.context = {kind: count + answered[kind] for kind, count in self.context.items()}
        return usage


@dataclass(slots=True)
class Spoken:
    """A response that speaks.

    Parameters
    ----------
    place : Place
    speech : Speech
    encoding : str
        Of the sound that the session asked for.
    """

    place: say.Place
    speech: Speech
    encoding: str = "pcm_16"

    def begin(self, previous_id: str | None) -> Iterator[Event]:
        """Yield what comes before its first sound."""
        item = say.agent_item(self.place.item_id, "in_progress", None)
        yield say.item_event("response.output_item.added", item, response_id=self.place.response_id)
        yield say.in_conversation("conversation.item.added", item, previous_id=previous_id)
        yield self.place.event("response.content_part.added", part=say.content_part(""))

    def sound(self) -> Event:
        """Return its next chunk."""
        data = base64.b64encode(encoded(self.speech.next_chunk(), self.encoding)).decode()
        return self.place.event("response.output_audio.delta", delta=data)

    def words(self, piece: str) -> Event:
        """Return its next words."""
        self.speech.said += piece
        return self.place.event("response.output_audio_transcript.delta", delta=piece)

    def end(self, *, previous_id: str | None, cancelled: bool) -> Iterator[Event]:
        """Yield what comes after its last sound, which an interruption does not spare the client."""
        said, item = self.speech.said, self.item(cancelled=cancelled)
        yield self.place.event("response.output_audio.done")
        yield self.place.event("response.output_audio_transcript.done", transcript=said)
        yield self.place.event("response.content_part.done", part=say.content_part(said))
        yield say.item_event("response.output_item.done", item, response_id=self.place.response_id)
        yield say.in_conversation("conversation.item.done", item, previous_id=previous_id)

    def item(self, *, cancelled: bool) -> Event:
        """Return its item as it stands."""
        return say.agent_item(self.place.item_id, "incomplete" if cancelled else "completed", self.speech.said)

    def done(self, ledger: Ledger, *, reason: str | None) -> Event:
        """Return its last event; `reason` says why it was cancelled, if it was."""
        audio = round(self.speech.sent_s * say.AGENT_TOKENS_A_SECOND)
        usage = ledger.bill(text=tokens(self.speech.said), audio=audio)
        details = None if reason is None else {"type": "cancelled", "reason": reason}
        return _done(self.place, self.item(cancelled=reason is not None), usage, details)


def called(place: say.Place, tool: Tool, call_id: str, ledger: Ledger, previous_id: str | None) -> Iterator[Event]:
    """Yield the events of a response that calls a function of the app."""
    text = json.dumps(tool.args)
    begun = say.call_item(place.item_id, "in_progress", call_id=call_id, name=tool.name, arguments="")
    whole = say.call_item(place.item_id, "completed", call_id=call_id, name=tool.name, arguments=text)
    yield say.item_event("response.output_item.added", begun, response_id=place.response_id)
    yield say.in_conversation("conversation.item.added", begun, previous_id=previous_id)
    arguments = "response.function_call_arguments"
    yield place.of_item(f"{arguments}.delta", call_id=call_id, delta=text)
    yield place.of_item(f"{arguments}.done", call_id=call_id, name=tool.name, arguments=text)
    yield say.item_event("response.output_item.done", whole, response_id=place.response_id)
    yield say.in_conversation("conversation.item.done", whole, previous_id=previous_id)
    yield _done(place, whole, ledger.bill(text=tokens(text), audio=0), None)


def tokens(text: str) -> int:
    """Return about how many tokens a text is."""
    return -(-len(text) // LETTERS_A_TOKEN)


def _done(place: say.Place, item: Event, usage: Event, details: Event | None) -> Event:
    status = "completed" if details is None else "cancelled"
    response: Any = say.response(place, status, output=[item], usage=usage, details=details)
    return {"type": "response.done", "response": response}
