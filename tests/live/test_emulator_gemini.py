import pytest
from emulated import CLIP_S, GREET, REPLIES, SETUP, flags, gemini, has_sound, sound_of

from voicediag.live.emulator.agenda import Close, Send
from voicediag.live.emulator.scenario import Reply, Tool

FRAMES_BYTES = round(CLIP_S * 24_000) * 2


def with_model(model, **more):
    return {"setup": SETUP["setup"] | {"model": model} | more}


def texts(talk, key):
    return "".join(message.get("serverContent", {}).get(key, {}).get("text", "") for message in talk.messages)


def test_a_setup_is_answered():
    talk = gemini()
    assert talk.messages[0]["setupComplete"]["sessionId"]
    assert talk.messages[1]["sessionResumptionUpdate"]["resumable"]


@pytest.mark.parametrize("first", [{"setup": {}}, {"setup": {"generationConfig": {}}}, GREET, {}])
def test_without_a_model_it_closes(first):
    assert gemini(setup=first).log[0][1] == Close(code=1007, reason="Request contains an invalid argument.")


def test_a_frame_that_is_no_object_closes():
    assert gemini().service.broken("no JSON", 0.0)[0].code == 1007


def test_a_greeting():
    talk = gemini()
    talk.send(GREET)
    talk.wait(5.0)
    assert len(sound_of(talk.messages)) == FRAMES_BYTES
    assert flags(talk.messages) == ["generationComplete", "turnComplete"]
    assert texts(talk, "outputTranscription") == REPLIES[0].text
    assert not texts(talk, "inputTranscription")


def test_sound_is_paced_in_real_time():
    talk = gemini()
    talk.send(GREET)
    talk.wait(5.0)
    times = talk.times(has_sound)
    assert times[0] == pytest.approx(0.2)
    assert times[-1] - times[0] == pytest.approx(CLIP_S - 0.04)
    assert len(times) == 25


def test_sound_that_is_sent_fast_is_still_waited_for():
    talk = gemini(speed=4.0)
    talk.send(GREET)
    talk.wait(5.0)
    (generated_s,) = talk.times(lambda message: "generationComplete" in message.get("serverContent", {}))
    (complete_s,) = talk.times(lambda message: "turnComplete" in message.get("serverContent", {}))
    assert generated_s == pytest.approx(0.2 + CLIP_S / 4)
    assert complete_s == pytest.approx(0.2 + CLIP_S)


def test_speech_is_answered_after_its_end():
    talk = gemini()
    talk.quiet(0.4)
    talk.loud(0.8)
    talk.quiet(2.5)
    assert texts(talk, "inputTranscription") == "Hello."
    # The end is noticed after 500 ms of quiet, and the reply takes 200 ms more.
    assert talk.times(has_sound)[0] == pytest.approx(0.4 + 0.8 + 0.5 + 0.2, abs=0.05)
    assert flags(talk.messages) == ["generationComplete", "turnComplete"]


def test_nobody_speaks_nothing_happens():
    talk = gemini()
    talk.quiet(3.0)
    assert not flags(talk.messages)


def test_barging_in_interrupts():
    talk = gemini()
    talk.send(GREET)
    talk.quiet(0.6)
    talk.loud(0.2)
    assert flags(talk.messages) == ["interrupted", "turnComplete"]
    heard = len(sound_of(talk.messages))
    assert 0 < heard < FRAMES_BYTES
    talk.quiet(0.4)
    assert len(sound_of(talk.messages)) == heard
    talk.quiet(2.5)
    assert flags(talk.messages)[2:] == ["generationComplete", "turnComplete"]
    assert texts(talk, "inputTranscription") == "What time is it?"


def test_no_interruption_where_the_client_forbids_it():
    setup = with_model("models/gemini-2.5", realtimeInputConfig={"activityHandling": "NO_INTERRUPTION"})
    talk = gemini(setup=setup)
    talk.send(GREET)
    talk.quiet(0.6)
    talk.loud(0.2)
    talk.quiet(2.0)
    assert "interrupted" not in flags(talk.messages)


@pytest.mark.parametrize(
    ("model", "answers"), [("gemini-2.5-flash", True), ("gemini-3.1", False), ("gemini-3.8", False)]
)
def test_what_triggers_a_greeting_depends_on_the_model(model, answers):
    talk = gemini(setup=with_model(f"models/{model}"))
    talk.send(GREET)
    talk.wait(3.0)
    assert bool(sound_of(talk.messages)) is answers
    talk.send({"realtimeInput": {"text": " "}})
    talk.wait(3.0)
    assert len(sound_of(talk.messages)) == FRAMES_BYTES


def test_content_that_is_not_complete_is_not_answered():
    talk = gemini()
    talk.send({"clientContent": {"turns": [], "turnComplete": False}})
    talk.wait(3.0)
    assert not sound_of(talk.messages)


def test_text_is_answered_by_every_model():
    talk = gemini(setup=with_model("models/gemini-3.8-live"))
    talk.send({"realtime_input": {"text": "typed"}})
    talk.wait(3.0)
    assert flags(talk.messages) == ["generationComplete", "turnComplete"]


def test_activities_of_the_client_stand_for_the_voice_detection():
    manual = {"automaticActivityDetection": {"disabled": True}}
    talk = gemini(setup=with_model("models/gemini-2.5", realtimeInputConfig=manual))
    talk.send({"realtimeInput": {"activityStart": {}}})
    talk.loud(0.8)
    talk.quiet(2.0)
    assert not sound_of(talk.messages)
    talk.send({"realtimeInput": {"activityEnd": {}}})
    talk.wait(3.0)
    assert texts(talk, "inputTranscription") == "Hello."


def test_the_end_of_the_stream_ends_the_turn():
    talk = gemini()
    talk.loud(0.8)
    talk.send({"realtimeInput": {"audioStreamEnd": True}})
    talk.wait(0.25)
    assert sound_of(talk.messages)


def test_the_client_sets_the_quiet_that_ends_a_turn():
    detection = {"automaticActivityDetection": {"silenceDurationMs": 200}}
    talk = gemini(setup=with_model("models/gemini-2.5", realtimeInputConfig=detection))
    talk.loud(0.8)
    talk.quiet(2.5)
    assert talk.times(has_sound)[0] == pytest.approx(0.8 + 0.2 + 0.2, abs=0.05)


class TestTools:
    REPLIES = (Reply(text="It is ten.", tool=Tool(name="get_time", args={"timeZone": "UTC"}), delay_s=0.2), *REPLIES)

    def called(self, model):
        talk = gemini(setup=with_model(model), replies=self.REPLIES)
        talk.send({"realtimeInput": {"text": "what time is it?"}})
        talk.wait(3.0)
        (call,) = [message["toolCall"]["functionCalls"][0] for message in talk.messages if "toolCall" in message]
        assert (call["name"], call["args"]) == ("get_time", {"timeZone": "UTC"})
        return talk, call["id"]

    def test_a_model_waits_for_the_result(self):
        talk, call_id = self.called("models/gemini-2.5")
        assert not sound_of(talk.messages)
        talk.send({"toolResponse": {"functionResponses": [{"id": call_id, "response": {"result": "10:00"}}]}})
        talk.wait(3.0)
        assert flags(talk.messages) == ["generationComplete", "turnComplete"]

    def test_a_later_one_talks_on(self):
        talk, _ = self.called("models/gemini-3.8-live")
        assert flags(talk.messages) == ["generationComplete", "turnComplete"]

    def test_an_interruption_cancels_the_call(self):
        talk, call_id = self.called("models/gemini-2.5")
        talk.loud(0.4)
        assert talk.messages[-1] == {"toolCallCancellation": {"ids": [call_id]}}
        talk.quiet(3.0)
        assert sound_of(talk.messages)


def test_usage_bills_the_context_again():
    talk = gemini()
    for _ in range(2):
        talk.send(GREET)
        talk.wait(3.0)
    first, second = (message["usageMetadata"] for message in talk.messages if "usageMetadata" in message)
    assert first["responseTokenCount"] == second["responseTokenCount"] == 25
    assert second["promptTokenCount"] > first["promptTokenCount"] + 25
    assert second["totalTokenCount"] == second["promptTokenCount"] + 25
    assert {"modality": "AUDIO", "tokenCount": 25} in second["promptTokensDetails"]


def test_a_handle_takes_the_talk_up_where_it_was():
    talk = gemini()
    talk.send(GREET)
    talk.wait(3.0)
    handle = talk.messages[-1]["sessionResumptionUpdate"]["newHandle"]
    again = gemini(setup=with_model("models/gemini-2.5", sessionResumption={"handle": handle}))
    again.send(GREET)
    again.wait(3.0)
    assert texts(again, "outputTranscription") == REPLIES[1].text


def test_a_thinking_model_tells_its_status():
    talk = gemini(setup=with_model("models/gemini-3.8-live-extended-thinking"))
    talk.send({"realtimeInput": {"text": "think"}})
    talk.wait(3.0)
    (complete,) = [message for message in talk.messages if "turnComplete" in message.get("serverContent", {})]
    assert complete["serverContent"]["interactionStatus"] == "IDLE"


def test_a_talk_of_five_minutes_takes_no_time():
    talk = gemini()
    while talk.now_s < 300:
        talk.loud(1.0)
        talk.quiet(4.0)
    assert flags(talk.messages).count("turnComplete") == 60
    assert all(isinstance(action, Send) for _, action in talk.log)
