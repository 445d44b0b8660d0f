"""The items of an OpenAI Realtime conversation: what the client may do to them, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicediag.protocols import openai_server as say
from voicediag.protocols.conversation import entries, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.protocols.openai_server import Event


@dataclass(slots=True)
class Items:
    """The conversation, in its order.

    Attributes
    ----------
    known : dict of item id to item
    """

    known: dict[str, Event] = field(default_factory=dict)
    _lengths: dict[str, Callable[[], int]] = field(default_factory=dict)
    _count: int = 0

    @property
    def last_id(self) -> str | None:
        """The id of the last item; None where there is none."""
        return next(reversed(self.known), None)

    def new_id(self) -> str:
        """Return an id that no item bears."""
        self._count += 1
        return f"item_{self._count}"

    def before(self, item_id: str) -> str | None:
        """Return the id of the item before this one."""
        ids = list(self.known)
        place = ids.index(item_id) if item_id in self.known else len(ids)
        return ids[place - 1] if place else None

    def keep(self, item: Event, *, audio_ms: Callable[[], int] | None = None) -> None:
        """Put an item into the conversation; `audio_ms` tells how much of its sound was sent."""
        self.known[item["id"]] = item
        if audio_ms:
            self._lengths[item["id"]] = audio_ms

    def added(self, item: Event) -> Iterator[Event]:
        """Yield that an item was added, complete as it is."""
        previous_id = self.last_id
        self.keep(item)
        yield say.in_conversation("conversation.item.added", item, previous_id=previous_id)
        yield say.in_conversation("conversation.item.done", item, previous_id=previous_id)

    def take(self, kind: str, message: Mapping[str, Any]) -> list[Event]:
        """Return what the service answers to one of the ``conversation.item.`` events."""
        if kind == "conversation.item.create":
            return self._created(message)
        item_id = text_of(message.get("item_id"))
        if item_id not in self.known:
            text = f"Error with item: the item with id '{item_id}' does not exist."
            return [say.error(text, code="item_not_found", param="item_id", answers=_id(message))]
        match kind:
            case "conversation.item.delete":
                del self.known[item_id]
                return [{"type": "conversation.item.deleted", "item_id": item_id}]
            case "conversation.item.retrieve":
                return [{"type": "conversation.item.retrieved", "item": self.known[item_id]}]
            case "conversation.item.truncate":
                return self._truncated(item_id, message)
        return [say.error(f"Invalid value: '{kind}'.", code="invalid_value", param="type", answers=_id(message))]

    @staticmethod
    def text_of(message: Mapping[str, Any]) -> str:
        """Return the text of an item that the client creates."""
        item = message.get("item")
        if not isinstance(item, dict):
            return ""
        parts = [text_of(part.get("text")) for part in entries(item.get("content"))]
        return text_of(item.get("output")) + "".join(parts)

    def _created(self, message: Mapping[str, Any]) -> list[Event]:
        item = message.get("item")
        if not isinstance(item, dict) or not text_of(item.get("type")):
            text = "Missing required parameter: 'item.type'."
            return [say.error(text, code="missing_required_parameter", param="item", answers=_id(message))]
        item_id = text_of(item.get("id")) or self.new_id()
        return list(self.added({**item, "id": item_id, "object": "realtime.item", "status": "completed"}))

    def _truncated(self, item_id: str, message: Mapping[str, Any]) -> list[Event]:
        """Return that an item was cut, or that it is shorter than the cut."""
        asked_ms = number_of(message.get("audio_end_ms"))
        if asked_ms is None or item_id not in self._lengths:
            text = "Only an assistant's audio can be truncated, at audio_end_ms."
            return [say.error(text, code="invalid_value", param="item_id", answers=_id(message))]
        sent_ms = self._lengths[item_id]()
        if asked_ms > sent_ms:
            text = f"Audio content of {sent_ms}ms is already shorter than {asked_ms:g}ms"
            return [say.error(text, code="invalid_value", param="audio_end_ms", answers=_id(message))]
        cut = {"item_id": item_id, "content_index": 0, "audio_end_ms": int(asked_ms)}
        return [{"type": "conversation.item.truncated", **cut}]


def _id(message: Mapping[str, Any]) -> str | None:
    return text_of(message.get("event_id")) or None
