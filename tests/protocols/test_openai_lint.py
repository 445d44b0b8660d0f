"""Rules of OpenAI Realtime, each broken by an event and kept by its nearest neighbour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import anything

from voicediag.protocols import lint_of
from voicediag.protocols.events import Broken, Fact

RATE = "pcm-rate-not-24000"
CREATED = ("down", {"type": "session.created", "session": {"type": "realtime"}})
UPDATE = ("up", {"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}})
ANSWERS = ("down", {"type": "response.created", "response": {"id": "r1"}})


def broken(*passed, heard_s=0.0):
    lint = lint_of("openai-realtime")
    found = []
    for direction, message in passed:
        sound = heard_s if message["type"].endswith("audio.delta") else 0.0
        found += [event.rule.id for event in lint.passed(direction, message, heard_s=sound)]
    return found


def update(**session):
    return ("up", {"type": "session.update", "session": session})


def added(item):
    return ("down", {"type": "response.output_item.added", "item": {"id": item, "type": "message"}})


def delta(item, response="r1"):
    return ("down", {"type": "response.output_audio.delta", "item_id": item, "response_id": response, "delta": ""})


def truncate(item, end_ms):
    message = {"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": end_ms}
    return ("up", message)


@pytest.mark.parametrize(
    "passed",
    [
        update(modalities=["audio", "text"]),
        update(input_audio_format="pcm16", voice="alloy"),
        ("down", {"type": "response.audio.delta", "delta": ""}),
        ("up", {"type": "transcription_session.update", "session": {}}),
    ],
)
def test_the_beta_is_found(passed):
    assert broken(passed) == ["beta-api"]


def test_the_close_of_the_beta_is_found_without_a_message():
    (slip,) = lint_of("openai-realtime").closed("down", 4000, "beta_api_shape_disabled")
    assert slip.rule.id == "beta-api"
    assert slip.said == "close 4000: beta_api_shape_disabled"


@pytest.mark.parametrize(
    ("session", "found"),
    [
        ({"type": "realtime"}, []),
        ({"type": "transcription"}, []),
        ({"instructions": "Be brief."}, ["session-without-type"]),
        ({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}}}}, []),
        ({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm"}}}}, []),
        ({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}}, []),
        ({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}, [RATE]),
        ({"type": "realtime", "audio": {"output": {"format": {"type": "audio/pcm", "rate": 8000}}}}, [RATE]),
    ],
)
def test_a_session_update_is_read(session, found):
    assert broken(update(**session)) == found


@pytest.mark.parametrize(
    ("end_ms", "found"),
    [(0, []), (500, []), (1000, []), (1019, []), (1021, ["truncate-beyond-audio"]), (57340, ["truncate-beyond-audio"])],
)
def test_a_truncation_lies_within_the_sound_that_came(end_ms, found):
    assert broken(added("i"), delta("i"), delta("i"), truncate("i", end_ms), heard_s=0.5) == found


def test_a_truncation_before_any_sound_is_found():
    assert broken(added("i"), truncate("i", 0)) == ["truncate-before-audio"]


def test_an_item_whose_beginning_was_not_logged_is_let_be():
    assert not broken(truncate("i", 9_000))
    assert not broken(delta("i"), truncate("i", 9_000), heard_s=0.5)


def test_sound_of_what_is_over_is_found():
    over = ("down", {"type": "response.done", "response": {"id": "r1", "status": "cancelled"}})
    done = ("down", {"type": "response.done", "response": {"id": "r1", "status": "completed"}})
    truncated = ("down", {"type": "conversation.item.truncated", "item_id": "i"})
    assert broken(added("i"), delta("i"), over, delta("i")) == ["audio-after-cancel"]
    assert broken(added("i"), delta("i"), truncated, delta("i")) == ["audio-after-cancel"]
    assert not broken(added("i"), delta("i"), truncate("i", 0), delta("i"), over, heard_s=0.5)
    assert not broken(done, added("j"), delta("j", "r2"))


def test_a_new_session_is_configured_like_the_first():
    assert broken(CREATED, UPDATE, ANSWERS, CREATED, ANSWERS, ANSWERS) == ["new-session-not-configured"]
    assert not broken(CREATED, UPDATE, ANSWERS, CREATED, UPDATE, ANSWERS)
    assert not broken(CREATED, ANSWERS, CREATED, ANSWERS)
    assert not broken(CREATED, UPDATE, ANSWERS, CREATED)


def test_what_webrtc_alone_takes_is_found_beside_sound():
    clear = ("up", {"type": "output_audio_buffer.clear"})
    assert broken(delta("i"), clear, heard_s=0.1) == ["clear-on-websocket"]
    assert not broken(clear)


def test_a_late_cancel_is_a_race():
    error = {"code": "response_cancel_not_active", "message": "Cancellation failed: no active response found"}
    assert broken(("down", {"type": "error", "error": error})) == ["cancel-without-response"]
    assert not broken(("down", {"type": "error", "error": {"code": "invalid_value"}}))


def test_an_expiry_is_told_once():
    lint = lint_of("openai-realtime")
    reason = "Your session hit the maximum duration of 60 minutes."
    assert list(lint.closed("down", 1001, reason)) == [
        Fact(kind="going-away", name="session_expired", left_s=0.0, said=reason)
    ]
    list(lint.passed("down", {"type": "error", "error": {"code": "session_expired"}}, heard_s=0))
    assert not list(lint.closed("down", 1001, reason))


events = st.fixed_dictionaries(
    {"type": st.sampled_from(["session.update", "session.created", "conversation.item.truncate", "response.done",
                              "response.output_item.added", "response.output_audio.delta", "error"])},
    optional=dict.fromkeys(("session", "item_id", "item", "audio_end_ms", "response", "error", "audio"), anything),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["up", "down"]), events)))
def test_nothing_that_passes_makes_it_raise(passed):
    lint = lint_of("openai-realtime")
    for direction, message in passed:
        for event in lint.passed(direction, message, heard_s=0.1):
            assert isinstance(event, Broken)
            assert len(event.said) <= 240
