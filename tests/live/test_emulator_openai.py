import pytest
from emulated import CLIP_S, REPLIES, TRANSCRIBE, dones, has_sound, kinds, openai, sound_of

from voicediag.formats.pcm import decode
from voicediag.live.emulator.scenario import Reply, Tool

FRAMES_BYTES = round(CLIP_S * 24_000) * 2
CREATE = {"type": "response.create"}
SPOKEN = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]
ENDED = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "rate_limits.updated",
]


def updated(**session):
    return {"type": "session.update", "session": {"type": "realtime"} | session}


def one(talk, kind):
    (found,) = [message for message in talk.messages if message["type"] == kind]
    return found


def errors(talk):
    return [message["error"]["code"] for message in talk.messages if message["type"] == "error"]


def test_a_session_opens_and_is_configured():
    talk = openai(update=updated(instructions="be brief", audio={"output": {"voice": "cedar"}}))
    created, changed = (message["session"] for message in talk.messages)
    assert kinds(talk.messages) == ["session.created", "session.updated"]
    assert created["audio"]["output"]["voice"] == "marin"
    assert changed["instructions"] == "be brief"
    assert changed["audio"]["output"] == created["audio"]["output"] | {"voice": "cedar"}


def test_events_are_numbered_as_they_leave():
    talk = openai()
    talk.send(CREATE)
    talk.wait(3.0)
    ids = [message["event_id"] for message in talk.messages]
    assert ids == [f"event_{number}" for number in range(1, len(ids) + 1)]


@pytest.mark.parametrize("session", [{"modalities": ["audio"], "input_audio_format": "pcm16"}, {"type": "no"}])
def test_the_flat_session_of_the_beta_is_refused(session):
    talk = openai(update={"type": "session.update", "session": session, "event_id": "mine"})
    assert errors(talk) == ["missing_required_parameter"]
    assert one(talk, "error")["error"]["event_id"] == "mine"


def test_a_response():
    talk = openai()
    talk.send(CREATE)
    talk.wait(3.0)
    said = kinds(talk.messages)[2:]
    assert said[:4] == SPOKEN
    assert said[-7:] == ENDED
    assert set(said[4:-7]) == {"response.output_audio.delta", "response.output_audio_transcript.delta"}
    assert len(sound_of(talk.messages)) == FRAMES_BYTES
    (done,) = dones(talk.messages)
    assert (done["status"], done["output"][0]["content"][0]["transcript"]) == ("completed", REPLIES[0].text)
    assert done["usage"]["output_token_details"]["audio_tokens"] == 20


def test_a_response_keeps_what_the_client_gave_it():
    talk = openai()
    talk.send({"type": "response.create", "response": {"metadata": {"mine": "1"}}})
    talk.wait(3.0)
    assert one(talk, "response.created")["response"]["metadata"] == {"mine": "1"}
    assert dones(talk.messages)[0]["metadata"] == {"mine": "1"}


def test_speech_is_heard_and_answered():
    talk = openai()
    talk.quiet(0.8)
    talk.loud(0.8)
    talk.quiet(2.5)
    # 300 ms of padding go before the first loud sound, and 500 ms of quiet are part of the turn.
    assert one(talk, "input_audio_buffer.speech_started")["audio_start_ms"] == 500
    assert one(talk, "input_audio_buffer.speech_stopped")["audio_end_ms"] == 2100
    item = one(talk, "input_audio_buffer.committed")["item_id"]
    heard = one(talk, "conversation.item.input_audio_transcription.completed")
    assert (heard["item_id"], heard["transcript"]) == (item, "Hello.")
    assert dones(talk.messages)[0]["status"] == "completed"
    assert talk.times(has_sound)[0] == pytest.approx(0.8 + 0.8 + 0.5 + 0.2, abs=0.05)


def test_barging_in_cancels_the_response():
    talk = openai()
    talk.send(CREATE)
    talk.quiet(0.6)
    talk.loud(0.2)
    after = kinds(talk.messages)[kinds(talk.messages).index("input_audio_buffer.speech_started") :]
    assert after == ["input_audio_buffer.speech_started", *ENDED]
    (done,) = dones(talk.messages)
    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
    assert done["output"][0]["status"] == "incomplete"
    heard = len(sound_of(talk.messages))
    talk.wait(0.3)
    assert 0 < len(sound_of(talk.messages)) == heard < FRAMES_BYTES


@pytest.mark.parametrize(
    ("detection", "cancelled", "answered"),
    [({"interrupt_response": False}, False, False), ({"create_response": False}, True, False), ({}, True, True)],
)
def test_the_client_says_what_speech_may_do(detection, cancelled, answered):
    talk = openai(update=updated(audio={"input": {"turn_detection": detection}}))
    talk.send(CREATE)
    talk.quiet(0.4)
    talk.loud(0.2)
    talk.quiet(0.52)
    assert (dones(talk.messages) != []) is cancelled
    talk.wait(3.0)
    assert len(dones(talk.messages)) == 1 + answered


def test_without_detection_the_client_takes_turns():
    talk = openai(update=updated(audio={"input": {"turn_detection": None}}))
    talk.loud(0.8)
    talk.quiet(1.0)
    assert len(talk.messages) == 2
    talk.send({"type": "input_audio_buffer.commit"})
    assert kinds(talk.messages)[2:] == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    talk.send({"type": "input_audio_buffer.commit"})
    assert errors(talk) == ["input_audio_buffer_commit_empty"]
    talk.loud(0.8)
    talk.send({"type": "input_audio_buffer.clear"})
    talk.send({"type": "input_audio_buffer.commit"})
    assert errors(talk) == ["input_audio_buffer_commit_empty"] * 2


def test_one_response_at_a_time():
    talk = openai()
    talk.send(CREATE)
    talk.send(CREATE)
    assert errors(talk) == ["conversation_already_has_active_response"]


def test_cancelling():
    talk = openai()
    talk.send({"type": "response.cancel"})
    assert errors(talk) == ["response_cancel_not_active"]
    talk.send(CREATE)
    talk.wait(0.5)
    talk.send({"type": "response.cancel"})
    assert dones(talk.messages)[0]["status_details"]["reason"] == "client_cancelled"


def test_a_response_that_is_cancelled_before_its_first_sound():
    talk = openai()
    talk.send(CREATE)
    talk.send({"type": "response.cancel"})
    assert kinds(talk.messages)[2:] == ["response.created", "response.done", "rate_limits.updated"]


def test_truncating():
    talk = openai()
    talk.send(CREATE)
    talk.wait(0.62)
    item = one(talk, "response.content_part.added")["item_id"]
    cut = {"type": "conversation.item.truncate", "item_id": item, "content_index": 0}
    talk.send({"type": "response.cancel"})
    talk.send(cut | {"audio_end_ms": 300})
    assert one(talk, "conversation.item.truncated")["audio_end_ms"] == 300
    talk.send(cut | {"audio_end_ms": 5000})
    assert one(talk, "error")["error"]["message"] == "Audio content of 440ms is already shorter than 5000ms"


def test_items():
    talk = openai()
    item = {"id": "mine", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    talk.send({"type": "conversation.item.create", "item": item})
    talk.send({"type": "conversation.item.retrieve", "item_id": "mine"})
    talk.send({"type": "conversation.item.delete", "item_id": "mine"})
    talk.send({"type": "conversation.item.delete", "item_id": "mine"})
    assert kinds(talk.messages)[2:] == [
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.retrieved",
        "conversation.item.deleted",
        "error",
    ]
    assert errors(talk) == ["item_not_found"]


def test_a_tool():
    tool = Tool(name="get_time", args={"timeZone": "UTC"})
    talk = openai(replies=(Reply(text="It is ten.", tool=tool, delay_s=0.2), *REPLIES))
    talk.send(CREATE)
    talk.wait(3.0)
    call = one(talk, "response.function_call_arguments.done")
    assert (call["name"], call["arguments"]) == ("get_time", '{"timeZone": "UTC"}')
    assert dones(talk.messages)[0]["output"][0]["type"] == "function_call"
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "10:00"}
    talk.send({"type": "conversation.item.create", "item": output})
    talk.wait(3.0)
    assert not sound_of(talk.messages)
    talk.send(CREATE)
    talk.wait(3.0)
    assert dones(talk.messages)[1]["output"][0]["content"][0]["transcript"] == "It is ten."


@pytest.mark.parametrize(("kind", "encoding"), [("audio/pcmu", "mulaw"), ("audio/pcma", "alaw")])
def test_a_telephones_formats(kind, encoding):
    talk = openai(update=updated(audio={"output": {"format": {"type": kind}}}))
    talk.send(CREATE)
    talk.wait(3.0)
    sound = decode(sound_of(talk.messages), encoding)
    assert sound.size == CLIP_S * 8000
    assert abs(float((sound**2).mean()) ** 0.5 - 0.3 / 2**0.5) < 0.005


def test_what_is_asked_a_second_time_was_cached():
    talk = openai()
    for _ in range(2):
        talk.send(CREATE)
        talk.wait(3.0)
    first, second = (done["usage"] for done in dones(talk.messages))
    details = second["input_token_details"]
    assert details["audio_tokens"] == first["output_token_details"]["audio_tokens"]
    assert details["cached_tokens"] == first["input_tokens"]
    assert second["total_tokens"] == second["input_tokens"] + second["output_tokens"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "input_audio_buffer.append", "audio": "§"}, "invalid_value"),
        ({"type": "session.update"}, "missing_required_parameter"),
        ({"type": "conversation.item.create"}, "missing_required_parameter"),
        ({"type": "nonsense"}, "invalid_value"),
        ({}, "invalid_value"),
    ],
)
def test_what_is_no_event_is_an_error(message, code):
    talk = openai(update=TRANSCRIBE)
    talk.send(message)
    assert errors(talk) == [code]


def test_a_talk_of_five_minutes_takes_no_time():
    talk = openai()
    while talk.now_s < 300:
        talk.loud(1.0)
        talk.quiet(4.0)
    assert [done["status"] for done in dones(talk.messages)] == ["completed"] * 60
