import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.live.redaction import Redaction, secrets_of
from voicediag.protocols.secrets import FORMS, ISSUED, REDACTED, may_hold_one

# Made up, in the forms that the providers issue.
OPENAI_KEY = "sk-proj-" + "a1B2" * 8
CLIENT_SECRET = "ek_" + "f00d" * 6
GOOGLE_KEY = "AIza" + "Sy9-" * 9
GOOGLE_TOKEN = "auth_tokens/" + "beef" * 8


@pytest.mark.parametrize("secret", [OPENAI_KEY, CLIENT_SECRET, GOOGLE_KEY, GOOGLE_TOKEN])
def test_what_looks_like_a_key_is_taken_out_wherever_it_stands(secret):
    redact = Redaction()
    assert redact(f'{{"note": "my key is {secret}, really"}}') == f'{{"note": "my key is {REDACTED}, really"}}'
    assert redact.counts.total() == 1


def test_a_secret_of_the_handshake_is_taken_out_whatever_it_looks_like():
    redact = Redaction(("correct horse", "short"))
    assert redact("correct horse battery, short") == f"{REDACTED} battery, short"


@given(st.sampled_from(list(FORMS.values())).flatmap(st.from_regex), st.text(max_size=9))
def test_no_key_is_passed_over_for_the_sake_of_speed(secret, after):
    for text in (f"{secret}{after}", f"a bearer {secret}{after}"):
        assert may_hold_one(text) or not ISSUED.search(text)


def test_words_are_left_alone():
    said = "A task-force of ekk_ people asks: AIza? A bearer of news. sk-8 is a road."
    assert Redaction()(said) == said


@pytest.mark.parametrize(
    ("target", "headers", "secret"),
    [
        ("/ws/x?key=secret-in-query&alt=sse", {}, "secret-in-query"),
        ("/ws/x?access_token=auth_tokens%2Fabcdef", {}, "auth_tokens/abcdef"),
        ("/v1/realtime?model=m", {"Authorization": "Bearer secret-bearer"}, "secret-bearer"),
        ("/ws/x", {"authorization": "Token auth_tokens/abc"}, "auth_tokens/abc"),
        ("/ws/x", {"X-Goog-Api-Key": "secret-google"}, "secret-google"),
        ("/v1", {"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.secret-sub"}, "secret-sub"),
    ],
)
def test_every_place_of_a_handshake_is_known(target, headers, secret):
    assert secrets_of(target, headers) == (secret,)


def test_a_secret_is_found_as_it_stands_in_a_url_too():
    redact = Redaction(secrets_of("/ws/x?access_token=auth_tokens%2Fabcdef", {}))
    assert "abcdef" not in redact("resumed auth_tokens/abcdef")


@pytest.mark.parametrize("key", ["customParameters", "custom_parameters"])
def test_what_an_app_hands_a_call_is_taken_out_at_once_and_wherever_it_stands_again(key):
    redact = Redaction()
    start = {"event": "start", "start": {"callSid": "CA1", key: {"token": 'a "quoted" pass', "pin": "1234"}}}
    bare = redact.without_parameters(start)
    assert bare == {"event": "start", "start": {"callSid": "CA1", key: {"token": REDACTED, "pin": REDACTED}}}
    assert redact(json.dumps({"note": 'got a "quoted" pass'})) == json.dumps({"note": f"got {REDACTED}"})
    assert redact.counts["a custom parameter of the call"] == 2


@pytest.mark.parametrize("message", [{}, {"start": 3}, {"start": {}}, {"start": {"customParameters": [1]}}])
def test_a_message_without_custom_parameters_stays_as_it_is(message):
    assert Redaction().without_parameters(message) == message
