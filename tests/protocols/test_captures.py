"""Real clients' messages, captured on loopback: each is recognised, understood and cut."""

import json
import re
from collections import Counter

import pytest
from wire_messages import b64

from voicediag.protocols import recognise
from voicediag.protocols.events import Audio, Malformed, Opened, TurnTaking, Words

WAYS = {"c2s": "up", "s2c": "down"}
_CUT = re.compile(r"^(.{1,100})\.\.\.<(\d+) chars>$")

# (clients' captures, provider, rate up, rate down)
GEMINI = ["genai_py_wss_camel", "npm3_genai_plain", "pin_genai", "pipecat_google", "livekit_google", "trustme_genai"]
OPENAI = [
    "openai_py_ga_base",
    "pin_openai_ga",
    "pipecat_openai",
    "livekit_openai",
    "npm7_openai_ws",
    "pin_openai_beta_ws",
]


def restored(value):
    """The message with the base64 that its capture had shortened, as long as it was."""
    if isinstance(value, dict):
        return {key: restored(each) for key, each in value.items()}
    if isinstance(value, list):
        return [restored(each) for each in value]
    if isinstance(value, str) and (cut := _CUT.match(value)):
        return b64(bytes(int(cut[2]) * 3 // 4))[: int(cut[2])]
    return value


def messages(folder, name):
    for row in (folder / "wire" / f"{name}.jsonl").read_text().splitlines():
        passed = json.loads(row)
        if passed.get("dir") in WAYS and isinstance(passed.get("json"), dict):
            yield WAYS[passed["dir"]], restored(passed["json"])


def understood(folder, name):
    conversation, events, cut = None, [], []
    for direction, message in messages(folder, name):
        conversation = conversation or recognise(message)
        events += conversation.receive(direction, message)
        cut += type(conversation)().receive(direction, conversation.without_audio(message))
    return conversation, events, cut


@pytest.mark.parametrize(
    ("name", "provider", "up_hz"),
    [(name, "gemini-live", 16_000) for name in GEMINI] + [(name, "openai-realtime", 24_000) for name in OPENAI],
)
def test_a_real_clients_talk_is_understood(shared_data, name, provider, up_hz):
    conversation, events, cut = understood(shared_data, name)
    assert conversation.provider == provider
    counts = Counter(type(event) for event in events)
    assert not counts[Malformed]
    assert counts[Opened]
    assert counts[Audio] > 1
    assert counts[Words] or counts[TurnTaking]
    rates = {(event.track, event.rate_hz) for event in events if isinstance(event, Audio)}
    assert rates <= {("user-sent", up_hz), ("agent-received", 24_000)}
    assert all(event.payload for event in events if isinstance(event, Audio))
    assert not any(event.payload for event in cut if isinstance(event, Audio))


@pytest.mark.parametrize("name", ["openai_py_live", "npm7_openai_live"])
def test_another_protocol_of_the_same_house_carries_no_sound_that_is_taken_for_ours(shared_data, name):
    _, events, _ = understood(shared_data, name)
    assert not any(isinstance(event, Audio | Words) for event in events)
