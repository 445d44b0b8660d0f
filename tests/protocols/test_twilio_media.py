"""Twilio Media Streams: the messages that its documentation shows, the slips that it warns of, and any other JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import (
    STREAM,
    TWILIO_CONNECTED,
    anything,
    mutated,
    snake,
    twilio,
    twilio_down,
    twilio_start,
    twilio_up,
)

from voicediag.formats.demo import load_demo
from voicediag.live.emulator.clips import encoded
from voicediag.protocols import TwilioMedia, kind_of, recognise
from voicediag.protocols.events import Audio, Fact, Malformed, TurnTaking
from voicediag.spans import Span

MARK = twilio("mark", mark={"name": "end of greeting"})
CLEAR = twilio("clear")
DTMF = twilio("dtmf", sequenceNumber="5", dtmf={"track": "inbound_track", "digit": "1"})
STOP = twilio("stop", sequenceNumber="6", stop={"accountSid": "AC1", "callSid": "CA1"})
SOUND = bytes(range(160))


def begun(*, to="start"):
    """A conversation whose stream has begun, as far as the message `to`."""
    conversation = TwilioMedia()
    conversation.receive("up", TWILIO_CONNECTED)
    if to == "start":
        conversation.receive("up", twilio_start())
    return conversation


def slips(conversation, direction, message):
    return [event.name for event in conversation.receive(direction, message) if isinstance(event, Fact)]


@pytest.mark.parametrize("spelling", [dict, snake])
@pytest.mark.parametrize(
    "message", [TWILIO_CONNECTED, twilio_start(), twilio_up(SOUND), twilio_down(SOUND), MARK, CLEAR, DTMF, STOP]
)
def test_every_message_is_known_for_twilios_whichever_comes_first(message, spelling):
    assert isinstance(recognise(spelling(message)), TwilioMedia)
    assert kind_of(message) == message["event"]


@pytest.mark.parametrize("message", [{"event": "media", "media": {"payload": "AAAA"}}, {"event": "connected"}, {}])
def test_what_only_looks_alike_is_not(message):
    assert not TwilioMedia.speaks(message)


@pytest.mark.parametrize("spelling", [dict, snake])
def test_the_first_message_says_that_the_wire_is_a_telephones(spelling):
    assert TwilioMedia().receive("up", spelling(twilio_start())) == [Fact(kind="telephone", id=STREAM)]
    assert begun().receive("up", spelling(STOP)) == [Fact(kind="hung-up")]


@pytest.mark.parametrize("spelling", [dict, snake])
def test_a_callers_sound_has_the_time_that_twilio_gives_it(spelling):
    (sound,) = begun().receive("up", spelling(twilio_up(SOUND, 1_240)))
    assert sound == Audio(track="user-sent", payload=SOUND, rate_hz=8_000, encoding="mulaw", starts_ms=1_240)


def test_the_outbound_track_is_what_twilio_plays_of_the_agent():
    (sound,) = begun().receive("up", twilio_up(SOUND, track="outbound"))
    assert sound.track == "agent-played"


def test_the_apps_sound_is_what_the_call_receives():
    (sound,) = begun().receive("down", twilio_down(SOUND))
    assert sound == Audio(track="agent-received", payload=SOUND, rate_hz=8_000, encoding="mulaw")


def test_a_clear_stops_what_is_played():
    assert begun().receive("down", CLEAR) == [TurnTaking(kind="interrupted")]


@pytest.mark.parametrize(("direction", "message"), [("up", MARK), ("down", MARK), ("up", DTMF)])
def test_marks_and_keys_mean_nothing_of_sound_or_turns(direction, message):
    assert begun().receive(direction, message) == []


@pytest.mark.parametrize(
    ("form", "encoding", "rate_hz"),
    [
        ({"encoding": "audio/x-mulaw", "sampleRate": 8000}, "mulaw", 8_000),
        ({"encoding": "audio/PCMA", "sampleRate": 8000}, "alaw", 8_000),
        ({"encoding": "audio/l16", "sampleRate": 16000}, "pcm_16", 16_000),
        ({"encoding": "audio/opus", "sampleRate": 0}, "mulaw", 8_000),
        (None, "mulaw", 8_000),
    ],
)
def test_services_that_took_the_protocol_over_name_other_formats(form, encoding, rate_hz):
    start = twilio_start()
    start["start"]["mediaFormat"] = form
    conversation = TwilioMedia()
    conversation.receive("up", start)
    (sound,) = conversation.receive("up", twilio_up(SOUND))
    assert (sound.encoding, sound.rate_hz) == (encoding, rate_hz)


@pytest.mark.parametrize(
    ("message", "slip"),
    [
        (twilio_down(SOUND, stream=""), "message-without-stream-sid"),
        (twilio_down(SOUND, stream="MZ9"), "wrong-stream-sid"),
        (twilio("media", media={"playload": "AAAA"}), "media-without-payload"),
        (twilio("mark"), "mark-without-name"),
        (twilio("clear", stream=""), "message-without-stream-sid"),
        (twilio("hangup"), "unknown-event"),
        (twilio_down(b"RIFF" + SOUND), "file-header-in-payload"),
        (twilio_down(b"ID3\4\0" + SOUND), "file-header-in-payload"),
        (twilio_down(bytes(160)), "zero-bytes-as-silence"),
    ],
)
def test_what_twilio_does_not_take_or_plays_as_noise_is_a_slip(message, slip):
    assert slips(begun(), "down", message) == [slip]


@pytest.mark.parametrize(
    ("message", "slip"), [(twilio_down(SOUND), "media-before-start"), (CLEAR, "message-before-start")]
)
def test_nothing_can_be_sent_before_the_start(message, slip):
    assert slips(begun(to="connected"), "down", message) == [slip]


def test_a_clear_of_another_stream_clears_nothing():
    assert not any(isinstance(event, TurnTaking) for event in begun().receive("down", twilio("clear", stream="MZ9")))


def test_a_log_that_begins_in_mid_call_is_not_held_against_the_app():
    conversation = TwilioMedia()
    assert [type(event) for event in conversation.receive("down", twilio_down(SOUND))] == [Fact, Audio]
    assert slips(conversation, "down", twilio_down(SOUND)) == []


def test_a_slip_that_never_ends_is_told_twenty_times():
    conversation = begun()
    assert sum(len(slips(conversation, "down", twilio_down(SOUND, stream=""))) for _ in range(100)) == 20


def test_a_second_call_in_the_same_log_is_left_out_and_said_to_be():
    conversation = begun()
    (said,) = conversation.receive("up", twilio_start("MZ2"))
    assert isinstance(said, Malformed)
    assert "one log a call" in said.what
    for direction, message in (("up", twilio_up(SOUND, stream="MZ2")), ("down", twilio_down(SOUND, stream="MZ2"))):
        assert conversation.receive(direction, message) == []
    assert len(conversation.receive("up", twilio_up(SOUND))) == 1


def said(level):
    """The demo's agent, at 8 kHz and a level between 0 and 1."""
    track = load_demo().tracks["agent-received"]
    samples = track.read(Span(0, track.span.end_s))[:: track.rate_hz // 8_000]
    return np.rint(samples / np.abs(samples).max() * level * 32_767).astype(np.int16)


def payloads(data, size=320):
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("level", [0.03, 0.3, 0.99])
@pytest.mark.parametrize("order", ["<i2", ">i2"])
def test_16_bit_speech_sent_as_mulaw_is_told(level, order):
    conversation, found = begun(), []
    for payload in payloads(said(level).astype(order).tobytes()):
        found += slips(conversation, "down", twilio_down(payload))
    assert "pcm-16-as-mulaw" in found


@pytest.mark.parametrize("level", [0.03, 0.3, 0.99])
def test_speech_in_mulaw_is_no_slip(level):
    conversation = begun()
    for payload in payloads(encoded(said(level), "mulaw")):
        assert slips(conversation, "down", twilio_down(payload)) == []


@pytest.mark.parametrize("tone_hz", [250, 1_000, 2_000, 2_001, 3_999])
def test_a_loud_tone_in_mulaw_is_no_slip(tone_hz):
    conversation = begun()
    sine = 32_000 * np.sin(2 * np.pi * tone_hz * np.arange(24_000) / 8_000 + 0.3)
    for payload in payloads(encoded(sine.astype(np.int16), "mulaw")):
        assert slips(conversation, "down", twilio_down(payload)) == []


@pytest.mark.parametrize("spelling", [dict, snake])
@pytest.mark.parametrize("message", [twilio_up(SOUND), twilio_down(SOUND), MARK, twilio_start(), twilio("media")])
def test_cutting_the_sound_out_leaves_the_rest_and_the_original(message, spelling):
    passed, whole = spelling(message), json.dumps(spelling(message))
    expected = json.loads(whole)
    if "payload" in expected.get("media", {}):
        expected["media"]["payload"] = ""
    assert TwilioMedia.without_audio(passed) == expected
    assert json.dumps(passed) == whole


KNOWN = st.sampled_from([TWILIO_CONNECTED, twilio_start(), twilio_up(SOUND), twilio_down(SOUND), MARK, CLEAR])


@given(st.lists(st.one_of(st.dictionaries(st.text(max_size=6), anything), mutated(KNOWN)), max_size=6))
def test_no_message_raises(messages):
    conversation = TwilioMedia()
    for message in messages:
        if isinstance(message, dict):
            for direction in ("up", "down"):
                conversation.receive(direction, message)
            TwilioMedia.speaks(message)
            TwilioMedia.without_audio(message)
