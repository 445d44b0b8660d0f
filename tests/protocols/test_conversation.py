"""How messages are looked into: nothing in one raises, whatever it holds."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import anything

from voicediag.protocols import GeminiLive, OpenAIRealtime, kind_of, recognise
from voicediag.protocols.conversation import look, number_of, rate_of, sound_in
from voicediag.protocols.events import Audio, Malformed


@pytest.mark.parametrize("key", ["serverContent", "server_content"])
def test_keys_of_the_protocol_are_read_in_both_cases(key):
    assert look({key: {"turnComplete": True}}, "serverContent", "turnComplete") is True


def test_what_is_not_there_is_none():
    assert look({"a": [1]}, "a", "b") is None
    assert look(None, "a") is None
    assert look("text", "a") is None


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), (0, 0.0), (-1.5, -1.5), (True, None), ("3", None), (None, None), (10**400, None)]
    + [(float(text), None) for text in ("nan", "inf", "-inf")],
)
def test_a_number_is_finite_or_none(value, number):
    assert number_of(value) == number


@pytest.mark.parametrize(
    ("value", "rate_hz"),
    [(48_000, 48_000), (8_000.0, 8_000), (0, 24_000), (-1, 24_000), (10**9, 24_000), ("16k", 24_000)],
)
def test_a_rate_that_no_converter_has_is_not_believed(value, rate_hz):
    assert rate_of(value, usual_hz=24_000) == rate_hz


@given(
    st.binary(max_size=100).filter(lambda data: len(data) % 2 == 0 and data[:4] != b"RIFF"),
    st.booleans(),
    st.booleans(),
)
def test_base64_is_read_in_both_alphabets_and_without_its_padding(data, url_safe, padded):
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data).decode()
    sound = list(sound_in(text if padded else text.rstrip("="), "user-sent", rate_hz=16_000, encoding="pcm_16"))
    assert sound == [Audio(track="user-sent", payload=data, rate_hz=16_000)]


def test_an_odd_byte_is_said_and_left_out():
    odd = base64.b64encode(b"abc").decode()
    wrong, sound = sound_in(odd, "agent-received", rate_hz=24_000, encoding="pcm_16")
    assert "3 bytes are no whole number of 16-bit samples" in wrong.what
    assert (sound.payload, sound.frames) == (b"ab", 1)


def test_an_odd_byte_that_the_app_sends_is_its_slip():
    odd = base64.b64encode(b"abc").decode()
    slip, sound = sound_in(odd, "user-sent", rate_hz=16_000, encoding="pcm_16")
    assert (slip.kind, slip.name, slip.id) == ("slip", "odd-bytes", "3 bytes")
    assert sound.frames == 1


def test_a_byte_of_g711_is_a_frame():
    (sound,) = sound_in(base64.b64encode(b"abc").decode(), "user-sent", rate_hz=8_000, encoding="mulaw")
    assert sound.frames == 3


@pytest.mark.parametrize("data", ["???", "AAAA...<856 chars>", 7, ["AAAA"], "Ä"])
def test_what_is_no_base64_is_malformed(data):
    (wrong,) = sound_in(data, "user-sent", rate_hz=16_000, encoding="pcm_16")
    assert isinstance(wrong, Malformed)


@pytest.mark.parametrize("data", [None, ""])
def test_sound_that_was_cut_out_is_empty(data):
    assert [sound.payload for sound in sound_in(data, "user-sent", rate_hz=16_000, encoding="pcm_16")] == [b""]


@pytest.mark.parametrize(
    ("message", "kind"),
    [({"type": "response.done"}, "response.done"), ({"setup": {}}, "setup"), ({"type": 3, "a": 1}, "type"), ({}, "")],
)
def test_a_message_has_a_kind(message, kind):
    assert kind_of(message) == kind


@pytest.mark.parametrize(
    ("message", "provider"),
    [
        ({"setup": {"model": "m"}}, GeminiLive),
        ({"server_content": {}}, GeminiLive),
        ({"type": "session.created"}, OpenAIRealtime),
        ({"type": "response.output_audio.delta"}, OpenAIRealtime),
        ({"event": "media", "media": {"payload": "AAAA"}}, None),
        ({"type": "transcript", "text": "hello"}, None),
        ({}, None),
    ],
)
def test_a_message_is_recognised_by_its_form(message, provider):
    found = recognise(message)
    assert (found if provider is None else type(found)) is provider


@given(st.dictionaries(st.text(max_size=8), anything))
def test_recognising_never_raises(message):
    recognise(message)
    kind_of(message)
