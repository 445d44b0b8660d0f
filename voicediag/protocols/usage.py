"""What providers say was used, as tokens by what they stand for.

OpenAI counts each response and each transcription by itself, and what was cached is a part of what was asked. Gemini
counts the whole context of a turn again; its details may add up to less than its total, and that rest stays apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from voicediag.protocols.conversation import entries, look, number_of, text_of
from voicediag.session.usage import Tally, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

# Beyond the tokens of any session.
MOST_TOKENS: Final = 10**12
LONGEST_S: Final = 10**6
_MODALITIES: Final[Mapping[str, str]] = {"TEXT": "text", "AUDIO": "audio", "IMAGE": "image", "VIDEO": "image"}


def of_response(usage: object) -> Tally | None:
    """Return what one response of OpenAI used; None where its message does not say."""
    if not isinstance(usage, dict):
        return None
    into, out = (look(usage, f"{way}_token_details") for way in ("input", "output"))
    asked, answered = _openai(into), _openai(out)
    cached = _openai(look(into, "cached_tokens_details"))
    told = (_count(usage.get("input_tokens")), _count(usage.get("output_tokens")))
    # Where no detail says what was cached, nobody knows at which price it counts.
    cached_rest = max(0, _count(look(into, "cached_tokens")) - cached.total)
    rest = max(0, told[0] - asked.total) + max(0, told[1] - answered.total)
    if cached_rest:
        known = {name: count for name in ("text", "audio", "image") if (count := getattr(asked, name))}
        if len(known) == 1:
            cached += Tokens(**{name: min(cached_rest, count) for name, count in known.items()})
        else:
            asked, rest = _less(asked, cached_rest), rest + cached_rest
    return Tally(asked=asked, cached=_within(cached, asked), answered=answered, unattributed=rest)


def of_transcription(usage: object) -> Tally | None:
    """Return what one transcription of OpenAI used: sound in and text out, or seconds."""
    if not isinstance(usage, dict):
        return None
    if usage.get("type") == "duration":
        return Tally(seconds=_seconds(usage.get("seconds")))
    into, out = _count(usage.get("input_tokens")), _count(usage.get("output_tokens"))
    asked = _openai(usage.get("input_token_details"))
    # What a transcription is asked is sound, unless its details say so of a part.
    asked += Tokens(audio=max(0, into - asked.total))
    return Tally(asked=asked, answered=Tokens(text=out))


def of_connection(usage: object) -> Tally | None:
    """Return what a connection of GPT-Live has used so far."""
    seconds = look(usage, "seconds")
    return None if number_of(seconds) is None else Tally(seconds=_seconds(seconds))


def of_turn(usage: object) -> Tally | None:
    """Return what one turn of Gemini Live used; None where its message does not say."""
    if not isinstance(usage, dict):
        return None
    asked = _gemini(look(usage, "promptTokensDetails")) + _gemini(look(usage, "toolUsePromptTokensDetails"))
    thought = _count(look(usage, "thoughtsTokenCount"))
    answered = _gemini(look(usage, "responseTokensDetails")) + Tokens(text=thought)
    counts = ("promptTokenCount", "toolUsePromptTokenCount", "responseTokenCount", "thoughtsTokenCount")
    total = max(_count(look(usage, "totalTokenCount")), sum(_count(look(usage, count)) for count in counts))
    return Tally(
        asked=asked,
        cached=_within(_gemini(look(usage, "cacheTokensDetails")), asked),
        answered=answered,
        unattributed=max(0, total - asked.total - answered.total),
    )


def _openai(details: object) -> Tokens:
    names = ("text", "audio", "image")
    return Tokens(**{name: _count(look(details, f"{name}_tokens")) for name in names})


def _gemini(details: object) -> Tokens:
    found = Tokens()
    for entry in entries(details):
        name = _MODALITIES.get(text_of(look(entry, "modality")))
        if name:
            found += Tokens(**{name: _count(look(entry, "tokenCount"))})
    return found


def _within(part: Tokens, whole: Tokens) -> Tokens:
    """Return a part that is no larger than the whole that it is a part of."""
    names = ("text", "audio", "image")
    return Tokens(**{name: min(getattr(part, name), getattr(whole, name)) for name in names})


def _less(tokens: Tokens, count: int) -> Tokens:
    """Return tokens without as many of which nobody knows what they stand for, the dearest first."""
    left: dict[str, int] = {}
    for name in ("audio", "image", "text"):
        held = getattr(tokens, name)
        left[name] = max(0, held - count)
        count = max(0, count - held)
    return Tokens(**left)


def _count(value: Any) -> int:
    number = number_of(value)
    return int(number) if number is not None and 0 <= number <= MOST_TOKENS else 0


def _seconds(value: Any) -> float:
    number = number_of(value)
    return number if number is not None and 0 <= number <= LONGEST_S else 0.0
