"""OpenAI Realtime: the general release, the beta's names, and any other JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import anything, b64, mutated, openai_down, openai_up

from voicediag.protocols import OpenAIRealtime
from voicediag.protocols.events import Audio, Fact, Opened, TurnTaking, Words

TRANSCRIBED = "conversation.item.input_audio_transcription"


def formats(up, down):
    audio = {"input": {"format": up}, "output": {"format": down}}
    return {"type": "session.update", "session": {"type": "realtime", "audio": audio}}


def kinds(events):
    return [(type(event).__name__, getattr(event, "kind", None)) for event in events]


def test_the_session_names_the_model():
    message = {"type": "session.created", "session": {"model": "gpt-realtime-2.1"}}
    assert OpenAIRealtime().receive("down", message) == [Opened(model="gpt-realtime-2.1")]


def test_sound_is_24_khz_pcm_until_the_session_says_otherwise():
    talk = OpenAIRealtime()
    assert talk.receive("up", openai_up(b"\1\0")) == [Audio(track="user-sent", payload=b"\1\0", rate_hz=24_000)]
    assert talk.receive("down", openai_down(b"\2\0")) == [
        Audio(track="agent-received", payload=b"\2\0", rate_hz=24_000)
    ]
    beta = {"type": "response.audio.delta", "delta": b64(b"\2\0")}
    assert talk.receive("down", beta)[0].payload == b"\2\0"


@pytest.mark.parametrize(
    ("form", "encoding", "rate_hz"),
    [
        ({"type": "audio/pcm", "rate": 24_000}, "pcm_16", 24_000),
        ({"type": "audio/pcm", "rate": 16_000}, "pcm_16", 16_000),
        ({"type": "audio/pcm", "rate": 0}, "pcm_16", 24_000),
        ({"type": "audio/pcm", "rate": 10**400}, "pcm_16", 24_000),
        ({"type": "audio/pcmu"}, "mulaw", 8_000),
        ({"type": "audio/pcma"}, "alaw", 8_000),
        ({"type": "audio/unheard-of"}, "pcm_16", 24_000),
        (None, "pcm_16", 24_000),
    ],
)
def test_each_way_has_the_format_that_the_session_gives_it(form, encoding, rate_hz):
    talk = OpenAIRealtime()
    talk.receive("up", formats(form, {"type": "audio/pcmu"}))
    (sent,) = talk.receive("up", openai_up(bytes(4)))
    assert (sent.encoding, sent.rate_hz) == (encoding, rate_hz)
    (received,) = talk.receive("down", openai_down(bytes(4)))
    assert (received.encoding, received.rate_hz) == ("mulaw", 8_000)


def test_the_betas_flat_formats_are_read():
    talk = OpenAIRealtime()
    talk.receive("up", {"type": "session.update", "session": {"input_audio_format": "g711_ulaw"}})
    assert talk.receive("up", openai_up(b"\1"))[0].encoding == "mulaw"


@pytest.mark.parametrize("kind", ["response.output_audio_transcript.delta", "response.audio_transcript.delta"])
def test_the_agents_words_come_in_pieces(kind):
    assert OpenAIRealtime().receive("down", {"type": kind, "delta": "Hel"}) == [Words(role="agent", text="Hel")]


def test_a_transcript_that_came_in_pieces_is_not_read_twice():
    talk = OpenAIRealtime()
    said = [
        {"type": f"{TRANSCRIBED}.delta", "item_id": "a", "delta": "Good "},
        {"type": f"{TRANSCRIBED}.delta", "item_id": "a", "delta": "day."},
        {"type": f"{TRANSCRIBED}.completed", "item_id": "a", "transcript": "Good day."},
        {"type": f"{TRANSCRIBED}.completed", "item_id": "b", "transcript": "Bye."},
    ]
    words = [word for message in said for word in talk.receive("down", message)]
    assert [(word.text, word.done) for word in words] == [
        ("Good ", False), ("day.", False), ("", True), ("Bye.", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("direction", "message", "event"),
    [
        (
            "down",
            {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 9},
            TurnTaking(kind="speech-stopped", audio_ms=9),
        ),
        ("down", {"type": "response.done", "response": {"status": "completed"}}, TurnTaking(kind="turn-complete")),
        ("down", {"type": "response.done", "response": {"status": "cancelled"}}, TurnTaking(kind="interrupted")),
        ("up", {"type": "conversation.item.truncate", "audio_end_ms": 1_500}, TurnTaking(kind="interrupted")),
    ],
)
def test_turn_taking(direction, message, event):
    assert OpenAIRealtime().receive(direction, message) == [event]


@pytest.mark.parametrize(("told", "audio_ms"), [({"audio_start_ms": 0}, 0), ({}, None)])
@pytest.mark.parametrize(
    ("detection", "facts"),
    [
        ({"type": "server_vad"}, [Fact(kind="interrupted")]),
        ({"type": "server_vad", "interrupt_response": True}, [Fact(kind="interrupted")]),
        ({"type": "server_vad", "interrupt_response": False}, []),
    ],
)
def test_speech_that_starts_interrupts_unless_the_session_forbids_it(told, audio_ms, detection, facts):
    talk = OpenAIRealtime()
    talk.receive("up", {"type": "session.update", "session": {"audio": {"input": {"turn_detection": detection}}}})
    started = TurnTaking(kind="speech-started", audio_ms=audio_ms)
    assert talk.receive("down", {"type": "input_audio_buffer.speech_started", **told}) == [started, *facts]


CALL = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}


@pytest.mark.parametrize(
    ("direction", "message", "fact"),
    [
        ("up", {"type": "response.create"}, Fact(kind="asked")),
        (
            "up",
            {"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "c1"}},
            Fact(kind="tool-result", id="c1", awaits_ask=True),
        ),
        ("down", {"type": "response.output_item.done", "item": CALL}, Fact(kind="tool-call", id="c1", name="weather")),
        ("down", {"type": "response.output_text.delta", "delta": "Hi"}, Fact(kind="answered")),
        ("down", {"type": "error", "error": {"code": "invalid_value"}}, Fact(kind="error", name="invalid_value")),
        (
            "down",
            {"type": "error", "error": {"code": "session_expired", "message": "maximum duration of 60 minutes"}},
            Fact(kind="going-away", name="session_expired", left_s=0, said="maximum duration of 60 minutes"),
        ),
    ],
)
def test_what_an_event_says_of_the_session(direction, message, fact):
    assert OpenAIRealtime().receive(direction, message) == [fact]


@pytest.mark.parametrize(
    "kind", ["response.cancelled", "error", "rate_limits.updated", "response.output_audio.done", ""]
)
def test_other_events_mean_nothing(kind):
    assert OpenAIRealtime().receive("down", {"type": kind, "delta": "AAAA"}) == []


def test_cutting_the_sound_out_leaves_the_rest_and_the_original():
    message = {**openai_down(b"\1\0"), "item_id": "a"}
    assert OpenAIRealtime.without_audio(message) == {**message, "delta": ""}
    assert message["delta"] == b64(b"\1\0")
    assert OpenAIRealtime.without_audio(openai_up(b"\1\0"))["audio"] == ""
    words = {"type": "response.output_audio_transcript.delta", "delta": "Hel"}
    assert OpenAIRealtime.without_audio(words) == words


VALID = [
    openai_up(bytes(4)),
    openai_down(bytes(4)),
    formats({"type": "audio/pcm", "rate": 24_000}, "pcm16"),
    {"type": f"{TRANSCRIBED}.completed", "item_id": "a", "transcript": "Good day."},
    {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0},
    {"type": "response.done", "response": {"status": "cancelled"}},
]


@given(st.one_of(st.dictionaries(st.text(max_size=6), anything), mutated(st.sampled_from(VALID))))
def test_no_message_raises(message):
    if isinstance(message, dict):
        talk = OpenAIRealtime()
        for direction in ("up", "down"):
            talk.receive(direction, message)
            talk.receive(direction, openai_up(bytes(2)))
        OpenAIRealtime.speaks(message)
        OpenAIRealtime.without_audio(message)
