"""What messages say was used: examples of the providers' own pages, and any other JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import anything, mutated

from voicediag.protocols import GeminiLive, OpenAIRealtime
from voicediag.protocols.events import Used
from voicediag.session import Tally, Tokens

DETAILS = {
    "total_tokens": 253,
    "input_tokens": 132,
    "output_tokens": 121,
    "input_token_details": {
        "text_tokens": 119,
        "audio_tokens": 13,
        "image_tokens": 0,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
}
TURN = {
    "promptTokenCount": 500,
    "responseTokenCount": 60,
    "thoughtsTokenCount": 7,
    "totalTokenCount": 600,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}, {"modality": "AUDIO", "tokenCount": 375}],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 60}],
}


def done(usage):
    return {"type": "response.done", "response": {"status": "completed", "usage": usage}}


def used(events):
    return [event for event in events if isinstance(event, Used)]


def openai(message, talk=None):
    return used((talk or OpenAIRealtime()).receive("down", message))


def test_a_response_counts_by_itself_and_what_was_cached_is_a_part():
    (found,) = openai(done(DETAILS))
    assert (found.kind, found.counted, found.model) == ("response", "each", "")
    assert found.tally == Tally(
        asked=Tokens(text=119, audio=13), cached=Tokens(text=64), answered=Tokens(text=30, audio=91)
    )
    assert found.tally.tokens == DETAILS["total_tokens"]


@pytest.mark.parametrize("usage", [None, [], "x"])
def test_a_response_that_says_nothing_of_it_counts_nothing(usage):
    assert openai(done(usage)) == []


def test_a_total_without_details_is_not_attributed():
    (found,) = openai(done({"input_tokens": 10, "output_tokens": 5}))
    assert found.tally == Tally(unattributed=15)


def test_cached_tokens_of_which_nobody_says_the_kind_are_told_where_there_is_one_kind():
    audio = {"audio_tokens": 100, "cached_tokens": 40}
    (found,) = openai(done({"input_tokens": 100, "input_token_details": audio}))
    assert (found.tally.asked.audio, found.tally.cached.audio, found.tally.unattributed) == (100, 40, 0)
    both = {"audio_tokens": 100, "text_tokens": 50, "cached_tokens": 40}
    (found,) = openai(done({"input_tokens": 150, "input_token_details": both}))
    assert found.tally == Tally(asked=Tokens(audio=60, text=50), unattributed=40)


def transcribed(usage):
    return {"type": "conversation.item.input_audio_transcription.completed", "transcript": "Hi.", "usage": usage}


@pytest.mark.parametrize(
    ("usage", "tally"),
    [
        ({"type": "duration", "seconds": 3.5}, Tally(seconds=3.5)),
        (
            {"type": "tokens", "input_tokens": 12, "output_tokens": 3},
            Tally(asked=Tokens(audio=12), answered=Tokens(text=3)),
        ),
        (
            {"type": "tokens", "input_tokens": 12, "output_tokens": 3, "input_token_details": {"text_tokens": 2}},
            Tally(asked=Tokens(text=2, audio=10), answered=Tokens(text=3)),
        ),
    ],
)
def test_a_transcription_has_a_model_of_its_own(usage, tally):
    talk = OpenAIRealtime()
    talk.receive("up", {"type": "session.update", "session": {"audio": {"input": {"transcription": {"model": "t"}}}}})
    (found,) = openai(transcribed(usage), talk)
    assert (found.kind, found.model, found.tally) == ("transcription", "t", tally)


def test_a_transcription_whose_model_nobody_names_is_not_billed_as_the_sessions():
    (found,) = openai(transcribed({"type": "duration", "seconds": 1}))
    assert "no message names" in found.model


def test_gpt_live_says_its_sum_so_far():
    talk = OpenAIRealtime()
    (first,) = openai({"type": "session.usage.updated", "usage": {"seconds": 4}}, talk)
    (last,) = openai({"type": "session.closed", "session": {"model": "gpt-live-2"}, "usage": {"seconds": 9}}, talk)
    assert (first.counted, first.model, first.tally.seconds) == ("running", "gpt-live-1", 4)
    assert (last.model, last.tally.seconds) == ("gpt-live-2", 9)


def gemini(message):
    return used(GeminiLive().receive("down", message))


def test_a_turn_of_gemini_keeps_apart_what_its_details_leave_out():
    (found,) = gemini({"serverContent": {"turnComplete": True}, "usageMetadata": TURN})
    assert (found.kind, found.counted) == ("response", "turn")
    assert found.tally == Tally(
        asked=Tokens(text=100, audio=375), answered=Tokens(text=7, audio=60), unattributed=600 - 475 - 67
    )


def test_it_rides_on_any_message_and_comes_before_the_end_of_its_turn():
    events = GeminiLive().receive("down", {"serverContent": {"turnComplete": True}, "usageMetadata": TURN})
    assert [type(event).__name__ for event in events] == ["Used", "TurnTaking"]
    assert gemini({"usageMetadata": TURN}) == gemini({"toolCall": {}, "usage_metadata": TURN})


@given(st.one_of(anything, mutated(st.just(TURN)), mutated(st.just(DETAILS))))
def test_whatever_is_said_no_count_is_negative_and_no_part_larger_than_its_whole(usage):
    for found in (*openai(done(usage)), *openai(transcribed(usage)), *gemini({"usageMetadata": usage})):
        tally = found.tally
        for kind in ("text", "audio", "image"):
            assert 0 <= getattr(tally.cached, kind) <= getattr(tally.asked, kind)
            assert getattr(tally.answered, kind) >= 0
        assert tally.unattributed >= 0
        assert tally.seconds >= 0


@pytest.mark.parametrize(
    ("name", "talk", "path"),
    [
        ("pin_openai_ga", OpenAIRealtime, ("response", "usage", "total_tokens")),
        ("pipecat_openai", OpenAIRealtime, ("response", "usage", "total_tokens")),
        ("genai_py_wss_camel", GeminiLive, ("usageMetadata", "totalTokenCount")),
        ("npm3_genai_plain", GeminiLive, ("usageMetadata", "totalTokenCount")),
    ],
)
def test_captured_totals_are_what_was_read(shared_data, name, talk, path):
    told = read = 0
    conversation = talk()
    for row in (shared_data / "wire" / f"{name}.jsonl").read_text().splitlines():
        message = json.loads(row).get("json")
        if not isinstance(message, dict) or json.loads(row).get("dir") != "s2c":
            continue
        value = message
        for key in path:
            value = value.get(key) or {} if isinstance(value, dict) else {}
        told += value if isinstance(value, int) else 0
        read += sum(
            event.tally.tokens for event in used(conversation.receive("down", message)) if event.kind == "response"
        )
    assert read == told
    assert told > 0
