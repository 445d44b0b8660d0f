import base64
import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.live.client.dialogue import Dialogue
from voicediag.live.client.player import Player
from voicediag.live.recorder import Moment
from voicediag.protocols import gemini_server as gemini
from voicediag.protocols.gemini_client import GeminiDialect
from voicediag.protocols.openai_client import OpenAIDialect

NS = 10**9
READY = {"setupComplete": {}}


@dataclass
class Tape:
    """Keeps what it is told."""

    passed: list = field(default_factory=list)
    events: list = field(default_factory=list)

    def message(self, direction, data, _):
        self.passed.append((direction, json.loads(data) if isinstance(data, str) else data))

    def tapped(self, *_):
        pass

    def played(self, event):
        self.events.append((event.event, event.frame, event.frames))

    def closed_by(self, direction, code, *_):
        self.passed.append((direction, code))


def dialogue(dialect=None, **told):
    return Dialogue(dialect or GeminiDialect(), Player(24_000, cushion_s=0.0), Tape(), **told)


def at(seconds):
    return Moment(round(seconds * NS), 0)


def receive(talk, message, at_s=0.0):
    return [json.loads(text) for text in talk.receive(json.dumps(message), at(at_s))]


def pcm(duration_s):
    return base64.b64encode(b"\1\0" * round(duration_s * 24_000)).decode()


def delta(duration_s, item):
    return {"type": "response.output_audio.delta", "item_id": item, "delta": pcm(duration_s)}


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        ("gemini-2.5-flash-native-audio", ["clientContent"]),
        # pipecat sends these two, as 3.x runs no inference without a realtime input.
        ("gemini-3.1-flash-live", ["clientContent", "realtimeInput"]),
        ("models/gemini-3.8-live", ["clientContent", "realtimeInput"]),
    ],
)
def test_the_greeting_is_the_model_s_own(model, kinds):
    talk = dialogue(GeminiDialect(model), greeting="Hello.")
    talk.opened(at(0))
    assert [next(iter(message)) for message in receive(talk, READY)] == kinds


def test_nothing_is_sent_of_the_microphone_before_the_provider_agrees():
    talk = dialogue()
    talk.opened(at(0))
    assert talk.speak(b"\0\0", at(0.02)) == []
    receive(talk, READY)
    (sent,) = talk.speak(b"\0\0", at(0.04))
    assert json.loads(sent)["realtimeInput"]["audio"] == {"data": "AAA=", "mimeType": "audio/pcm;rate=16000"}


def test_everything_is_on_the_tape_in_the_order_of_passing():
    talk = dialogue(greeting="Hello.")
    talk.opened(at(0))
    receive(talk, READY)
    assert [direction for direction, _ in talk.tape.passed] == ["up", "down", "up", "up"]


def test_sound_in_the_message_that_interrupts_is_flushed_with_the_rest():
    talk = dialogue()
    receive(talk, gemini.sound(pcm(1.0)))
    both = gemini.content(interrupted=True)
    both["serverContent"] |= gemini.sound(pcm(0.5))["serverContent"]
    receive(talk, both, 0.1)
    assert talk.tape.events[-1] == ("flushed", 0, 36_000)
    assert set(talk.play(480, at(0.2))) == {0}


def test_an_app_that_flushes_first_plays_what_came_with_the_interruption():
    talk = dialogue(slips=frozenset({"flush-first"}))
    receive(talk, gemini.sound(pcm(1.0)))
    both = gemini.content(interrupted=True)
    both["serverContent"] |= gemini.sound(pcm(0.5))["serverContent"]
    receive(talk, both, 0.1)
    talk.play(480, at(0.2))
    assert talk.tape.events[-1] == ("played", 24_000, 480)


def test_a_response_is_truncated_where_it_was_heard_to():
    talk = dialogue(OpenAIDialect())
    receive(talk, delta(1.0, "item_1"))
    receive(talk, delta(2.0, "item_2"), 0.1)
    # All of the first item and 250 ms of the second are heard.
    for tick in range(125):
        talk.play(240, at(0.1 + tick * 0.01))
    cut = receive(talk, {"type": "input_audio_buffer.speech_started"}, 1.35)
    assert cut == [{"type": "conversation.item.truncate", "item_id": "item_2", "content_index": 0, "audio_end_ms": 250}]
    # What was on its way is not played.
    receive(talk, delta(0.5, "item_2"), 1.4)
    assert talk.tape.events[-1] == ("flushed", 72_000, 12_000)
    receive(talk, delta(0.5, "item_3"), 1.5)
    talk.play(240, at(1.5))
    assert talk.tape.events[-1] == ("played", 84_000, 240)


@pytest.mark.parametrize("heard_s", [0.0, 1.0])
def test_what_was_not_heard_at_all_or_wholly_is_not_truncated(heard_s):
    talk = dialogue(OpenAIDialect())
    receive(talk, delta(1.0, "item_1"))
    if heard_s:
        talk.play(round(heard_s * 24_000), at(0))
    assert receive(talk, {"type": "input_audio_buffer.speech_started"}, 2.0) == []


def fails(args):
    raise KeyError(args["city"])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("weather", {"sky": "blue over Oslo"}),
        ("unknown", {"error": "this app has no function unknown"}),
        ("fails", {"error": "KeyError: 'Oslo'"}),
    ],
)
@pytest.mark.parametrize("provider", ["gemini", "openai"])
def test_every_call_of_a_function_is_answered(name, answer, provider):
    tools = {"weather": lambda args: {"sky": f"blue over {args['city']}"}, "fails": fails}
    if provider == "gemini":
        talk = dialogue(tools=tools)
        (sent,) = receive(talk, gemini.tool_call("c1", name, {"city": "Oslo"}))
        assert sent["toolResponse"]["functionResponses"] == [{"id": "c1", "name": name, "response": answer}]
        return
    talk = dialogue(OpenAIDialect(), tools=tools)
    item = {"type": "function_call", "call_id": "c1", "name": name, "arguments": '{"city": "Oslo"}'}
    sent, ask = receive(talk, {"type": "response.output_item.done", "item": item})
    assert (sent["item"]["call_id"], json.loads(sent["item"]["output"])) == ("c1", answer)
    assert ask == {"type": "response.create"}


def test_a_connection_is_left_a_second_before_it_ends_or_when_the_turn_does():
    talk = dialogue()
    receive(talk, gemini.go_away(10.0), 5.0)
    assert talk.leave_at_ns == 14 * NS
    receive(talk, gemini.content(turnComplete=True), 6.0)
    assert talk.leave_at_ns == 6 * NS
    talk.closed("up", 1000, "", at(6.0))
    assert talk.leave_at_ns is None


def test_the_next_connection_takes_up_the_newest_handle_and_does_not_greet_again():
    talk = dialogue(greeting="Hello.")
    talk.opened(at(0))
    receive(talk, READY)
    receive(talk, gemini.resumption("h1"))
    receive(talk, gemini.resumption("h2"))
    receive(talk, {"sessionResumptionUpdate": {"newHandle": "", "resumable": False}})
    (setup,) = talk.opened(at(9))
    assert json.loads(setup)["setup"]["sessionResumption"] == {"handle": "h2"}
    assert receive(talk, READY) == []


def test_a_new_openai_session_is_told_its_settings_again_and_of_no_item_of_the_old_one():
    talk = dialogue(OpenAIDialect(instructions="Be brief."))
    first = talk.opened(at(0))
    assert "Be brief." in first[0]
    receive(talk, delta(1.0, "item_1"))
    talk.play(480, at(0.1))
    assert talk.opened(at(9)) == first
    assert receive(talk, {"type": "input_audio_buffer.speech_started"}, 9.1) == []


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("AIza/key", "v1beta.GenerativeService.BidiGenerateContent?key=AIza%2Fkey"),
        (
            "auth_tokens/a1b2",
            "v1alpha.GenerativeService.BidiGenerateContentConstrained?access_token=auth_tokens/a1b2",
        ),
    ],
)
def test_a_token_goes_to_the_one_address_that_takes_it(key, where):
    url = GeminiDialect().address("https://host", key).url
    assert url == f"https://host/ws/google.ai.generativelanguage.{where}"


KEYS = [
    *("type", "item", "item_id", "delta", "call_id", "arguments", "name", "args"),
    *("serverContent", "toolCall", "functionCalls", "goAway", "timeLeft"),
    *("sessionResumptionUpdate", "newHandle", "resumable"),
]
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["type", "serverContent", "toolCall", "item", "goAway", "delta"]), JSON) | JSON)
def test_whatever_comes_is_taped_and_breaks_nothing(message):
    for dialect in (GeminiDialect(), OpenAIDialect()):
        talk = dialogue(dialect)
        text = json.dumps(message)
        talk.receive(text, at(0))
        talk.receive(text[: len(text) // 2].encode(), at(0))
        assert len(talk.tape.passed) >= 2
