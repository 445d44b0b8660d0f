"""Gemini Live: each field of the wire catalogue that means something, in both spellings, and any other JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import anything, gemini_down, gemini_up, mutated, snake

from voicediag.protocols import GeminiLive
from voicediag.protocols.events import Audio, Fact, Opened, TurnTaking, Words

SETUP = {"setup": {"model": "models/gemini-3.1-flash-live-preview"}}
CHUNKS = {"realtimeInput": {"mediaChunks": [{"data": "AAAA", "mimeType": "audio/pcm;rate=16000"}, {"data": "AA=="}]}}
BUSY = gemini_down(
    b"\1\0\2\0",
    b"\3\0",
    outputTranscription={"text": "Two."},
    inputTranscription={"text": "mince 2"},
    interrupted=True,
    turnComplete=True,
)


def both(message):
    return pytest.mark.parametrize("message", [message, snake(message)], ids=["camel", "snake"])


@both(SETUP)
def test_the_setup_names_the_model(message):
    assert GeminiLive().receive("up", message) == [Opened(model="gemini-3.1-flash-live-preview")]


@both(gemini_up(b"\1\0\2\0", "audio/pcm;rate=48000"))
def test_a_microphone_chunk_has_the_rate_that_it_declares(message):
    assert GeminiLive().receive("up", message) == [Audio(track="user-sent", payload=b"\1\0\2\0", rate_hz=48_000)]


@both(
    {
        "realtimeInput": {
            "mediaChunks": [{"data": "AAAA" * 2, "mimeType": "audio/pcm"}, {"data": "x", "mimeType": "image/png"}]
        }
    }
)
def test_the_old_media_chunks_are_read_and_pictures_passed_over(message):
    assert GeminiLive().receive("up", message) == [Audio(track="user-sent", payload=bytes(6), rate_hz=16_000)]


@both(BUSY)
def test_every_part_is_read_and_an_interruption_comes_after_the_sound_of_its_message(message):
    assert GeminiLive().receive("down", message) == [
        Words(role="user", text="mince 2"),
        Audio(track="agent-received", payload=b"\1\0\2\0", rate_hz=24_000),
        Audio(track="agent-received", payload=b"\3\0", rate_hz=24_000),
        Words(role="agent", text="Two."),
        TurnTaking(kind="interrupted"),
        TurnTaking(kind="turn-complete"),
    ]


@pytest.mark.parametrize(
    ("mime", "rate_hz"),
    [
        ("audio/pcm", 16_000),
        ("audio/pcm; rate=24000", 24_000),
        ("audio/PCM;channels=1;Rate=8000", 8_000),
        ("audio/L16;rate=44100", 44_100),
        ("audio/pcm;rate=0", 16_000),
        ("audio/pcm;rate=9999999", 16_000),
        ("audio/pcm;rate=99999999999999999999", 16_000),
        ("audio/pcm;bitrate=24000", 16_000),
    ],
)
def test_the_mime_type_says_the_rate_or_else_the_usual_one_holds(mime, rate_hz):
    (audio,) = GeminiLive().receive("up", gemini_up(bytes(4), mime))
    assert audio.rate_hz == rate_hz


def test_a_compressed_chunk_is_malformed():
    (wrong,) = GeminiLive().receive("up", gemini_up(bytes(4), "audio/webm;codecs=opus"))
    assert "audio/webm" in wrong.what


def test_a_transcription_that_says_so_ends_the_users_turn():
    message = {"serverContent": {"inputTranscription": {"text": "", "finished": True}}}
    assert GeminiLive().receive("down", message) == [Words(role="user", text="", done=True)]


@pytest.mark.parametrize(
    "message",
    [
        {"usageMetadata": None},
        {"serverContent": {"generationComplete": True, "interrupted": False}},
        {"sessionResumptionUpdate": {"newHandle": "", "resumable": False}},
    ],
)
def test_what_says_nothing_of_sound_words_turns_or_the_session_means_nothing(message):
    assert GeminiLive().receive("down", message) == []


CALL = {"id": "f1", "name": "weather", "args": {"serverContent": {"interrupted": True}}}


@pytest.mark.parametrize("spelling", [dict, snake])
@pytest.mark.parametrize(
    ("direction", "message", "fact"),
    [
        ("down", {"setupComplete": {"sessionId": "x"}}, Fact(kind="ready")),
        ("down", {"goAway": {"timeLeft": "9.5s"}}, Fact(kind="going-away", left_s=9.5)),
        ("down", {"goAway": {}}, Fact(kind="going-away")),
        ("down", {"toolCall": {"functionCalls": [CALL]}}, Fact(kind="tool-call", id="f1", name="weather")),
        (
            "down",
            gemini_down(modelTurn={"parts": [{"functionCall": CALL}]}),
            Fact(kind="tool-call", id="f1", name="weather"),
        ),
        ("down", {"toolCallCancellation": {"ids": ["f1"]}}, Fact(kind="tool-cancelled", id="f1")),
        ("down", {"sessionResumptionUpdate": {"newHandle": "h", "resumable": True}}, Fact(kind="resumable")),
        ("down", gemini_down(modelTurn={"parts": [{"text": "Hi."}]}), Fact(kind="answered")),
        ("down", {"error": {"code": 429, "message": "quota"}}, Fact(kind="error", name="429", said="quota")),
        ("up", {"clientContent": {"turns": [], "turnComplete": True}}, Fact(kind="asked")),
        ("up", {"realtimeInput": {"text": " "}}, Fact(kind="asked")),
        ("up", {"realtimeInput": {"activityEnd": {}}}, Fact(kind="asked")),
        (
            "up",
            {"toolResponse": {"functionResponses": [{"id": "f1", "name": "weather", "response": {}}]}},
            Fact(kind="tool-result", id="f1", name="weather"),
        ),
    ],
)
def test_what_a_message_says_of_the_session(direction, message, fact, spelling):
    assert GeminiLive().receive(direction, spelling(message)) == [fact]


def test_a_setup_may_name_no_model():
    setup = {"setup": {"generationConfig": {"responseModalities": ["AUDIO"]}}}
    assert GeminiLive().receive("up", setup) == [Opened(model="")]


def test_a_turn_that_is_not_complete_asks_for_nothing():
    assert GeminiLive().receive("up", {"clientContent": {"turns": [], "turnComplete": False}}) == []


def test_a_message_means_nothing_in_the_other_direction():
    assert GeminiLive().receive("up", BUSY) == []
    assert GeminiLive().receive("down", SETUP) == []


@pytest.mark.parametrize("spelling", [dict, snake])
@pytest.mark.parametrize(
    ("message", "sounds"),
    [(gemini_up(b"\1\0"), ["AQA="]), (CHUNKS, ["AAAA"]), (BUSY, ["AQACAA==", "AwA="]), (SETUP, []), ({"setup": 3}, [])],
)
def test_cutting_the_sound_out_leaves_the_rest_and_the_original(message, spelling, sounds):
    passed, whole = spelling(message), json.dumps(spelling(message))
    bare = whole
    for sound in sounds:
        bare = bare.replace(f'"{sound}"', '""')
    assert GeminiLive.without_audio(passed) == json.loads(bare)
    assert json.dumps(passed) == whole


@given(st.one_of(st.dictionaries(st.text(max_size=6), anything), mutated(st.sampled_from([SETUP, CHUNKS, BUSY]))))
def test_no_message_raises(message):
    if isinstance(message, dict):
        for direction in ("up", "down"):
            GeminiLive().receive(direction, message)
        GeminiLive.speaks(message)
        GeminiLive.without_audio(message)


@both({"voiceActivity": {"voiceActivityType": "ACTIVITY_START", "audioOffset": "1.25s"}})
def test_a_voice_activity_says_where_the_user_starts(message):
    assert GeminiLive().receive("down", message) == [TurnTaking(kind="speech-started", audio_ms=1_250.0)]


@pytest.mark.parametrize("offset", [None, 3, "soon", "1e9s"])
def test_a_voice_activity_without_a_place_has_none(offset):
    message = {"voiceActivity": {"voiceActivityType": "ACTIVITY_END", "audioOffset": offset}}
    assert GeminiLive().receive("down", message) == [TurnTaking(kind="speech-stopped")]


@both({"realtimeInput": {"activityStart": {}}})
def test_an_app_that_listens_itself_breaks_in(message):
    assert GeminiLive().receive("up", message) == [Fact(kind="broke-in")]
