"""Every frame that the emulators send, held against catalogues of the messages that the official clients know."""

import json
import re
from pathlib import Path

import pytest
from emulated import GREET, REPLIES, SETUP, gemini, openai

from voicediag.live.emulator.faults import FAULTS
from voicediag.live.emulator.refusing import Refusing
from voicediag.live.emulator.scenario import Reply, Tool

CATALOGUES = Path(__file__).resolve().parents[3] / "shared" / "data" / "wire"
PLAIN = {"str": str, "int": int, "float": (int, float), "bool": bool, "dict": dict}
TOOL = Reply(text="It is ten.", tool=Tool(name="get_time", args={"timeZone": "UTC"}))
MODELS = ("gemini-2.5-flash", "gemini-3.1-flash-live", "gemini-3.8-live", "gemini-3.8-live-extended-thinking")


def catalogue(name):
    path = CATALOGUES / f"catalogue_{name}.json"
    if not path.is_file():
        pytest.skip(f"the message catalogue is not beside this project: ../shared/data/wire/{path.name}")
    return json.loads(path.read_text(encoding="utf-8"))


def chosen(provider):
    names = [name for name, kind in FAULTS.items() if provider in kind.providers]
    return [[], *[[name] for name in names if name not in {"snake-keys", "silent-setup"}]]


def talked_to_gemini(faults, model):
    setup = {"setup": SETUP["setup"] | {"model": f"models/{model}"}}
    talk = gemini(*faults, setup=setup, replies=(*REPLIES, TOOL))
    talk.send(GREET)
    talk.send({"realtimeInput": {"text": "hello"}})
    for _ in range(4):
        talk.quiet(0.8)
        talk.loud(0.4)
        talk.quiet(1.2)
    return talk.messages


def talked_to_openai(faults):
    talk = openai(*faults, replies=(*REPLIES, TOOL))
    talk.send({"type": "response.create"})
    for _ in range(4):
        talk.quiet(0.8)
        talk.loud(0.4)
        talk.quiet(1.2)
    item = next(message["item_id"] for message in talk.messages if "content_index" in message)
    call = {"type": "function_call_output", "call_id": "call_3", "output": "10:00"}
    for message in (
        {"type": "conversation.item.create", "item": call},
        {"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": 20},
        {"type": "conversation.item.retrieve", "item_id": item},
        {"type": "conversation.item.delete", "item_id": item},
        {"type": "response.create"},
        {"type": "input_audio_buffer.commit"},
        {"type": "input_audio_buffer.clear"},
        {"type": "response.cancel"},
        {"type": "nonsense"},
    ):
        talk.send(message)
        talk.wait(0.1)
    return talk.messages


@pytest.mark.parametrize("faults", chosen("openai"), ids=str)
def test_openais_events_have_what_is_required(faults):
    known = catalogue("openai")["ga_server"]
    messages = talked_to_openai(faults)
    assert len(messages) > 30
    for message in messages:
        for required in known[message["type"]]["required"]:
            name, _, kind = required.partition(":")
            assert isinstance(message.get(name), PLAIN.get(kind, (dict, list))), (message["type"], required)


def test_the_refusal_of_the_beta_is_an_event_too():
    known = catalogue("openai")["ga_server"]
    message = Refusing.beta("gone").opened()[0].message
    assert {required.partition(":")[0] for required in known["error"]["required"]} <= message.keys()


def test_the_talk_shows_most_of_what_openai_can_send():
    seen = {message["type"] for message in talked_to_openai([])}
    known = catalogue("openai")["ga_server"].keys()
    assert seen <= known
    # Text answers, MCP, telephone keys and what only WebRTC has are not emulated.
    assert len(seen) >= 25


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("faults", chosen("gemini"), ids=str)
def test_geminis_messages_have_known_parts(faults, model):
    known = catalogue("gemini")
    messages = talked_to_gemini(faults, model)
    assert len(messages) >= 3
    for message in messages:
        check(known, "LiveServerMessage", message)


def check(known, kind, value):
    """Hold an object against its class in the catalogue, and those inside it."""
    fields = known[kind]
    for key, inner in value.items():
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()
        assert name in fields, f"{kind} has no {key}"
        assert key == camel(name), f"{key} is not in camelCase"
        declared = fields[name]
        inside = next((one for one in re.findall(r"\w+", declared) if one in known), None)
        plain = next((one for one in re.findall(r"\w+", declared) if one in PLAIN), None)
        if inside:
            for one in inner if isinstance(inner, list) else [inner]:
                check(known, inside, one)
        elif plain and not declared.startswith("Optional[list"):
            assert isinstance(inner, PLAIN[plain]), (kind, key, inner)


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
