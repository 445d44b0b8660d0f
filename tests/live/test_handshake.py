"""What of a handshake is written down: the form of each secret, and no secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.live.handshake import opening

GEMINI = "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained"
# Made up, in the forms that the providers issue.
OPENAI_KEY = "sk-proj-" + "a1B2" * 8
CLIENT_SECRET = "ek_" + "f00d" * 6
GOOGLE_KEY = "AIza" + "Sy9-" * 9
AUTHORIZATION = ("headers", "authorization")
GOOGLE_TOKEN = "auth_tokens/" + "beef" * 8


@pytest.mark.parametrize(
    ("target", "headers", "where", "told"),
    [
        (f"{GEMINI}?key={GOOGLE_KEY}", {}, ("query", "key"), "AIza[redacted]"),
        (f"{GEMINI}?access_token={GOOGLE_TOKEN}", {}, ("query", "access_token"), "auth_tokens/[redacted]"),
        (f"{GEMINI}?access_token=auth_tokens%2Fbeefbeef", {}, ("query", "access_token"), "auth_tokens%2F[redacted]"),
        (GEMINI, {"x-goog-api-key": GOOGLE_KEY}, ("headers", "x-goog-api-key"), "AIza[redacted]"),
        (GEMINI, {"Authorization": f"Token {GOOGLE_TOKEN}"}, AUTHORIZATION, "Token auth_tokens/[redacted]"),
        ("/v1/realtime", {"Authorization": f"Bearer {CLIENT_SECRET}"}, AUTHORIZATION, "Bearer ek_[redacted]"),
        ("/v1/realtime", {"Authorization": "my own secret"}, AUTHORIZATION, "[redacted]"),
        ("/v1/realtime?model=gpt-realtime", {}, ("query", "model"), "gpt-realtime"),
        (f"/v1/realtime?model={OPENAI_KEY}", {}, ("query", "model"), "sk-[redacted]"),
        ("/v1/realtime", {"OpenAI-Beta": "realtime=v1"}, ("headers", "openai-beta"), "realtime=v1"),
        ("/v1/realtime", {"Origin": "https://intranet.example"}, ("headers", "origin"), "[redacted]"),
    ],
)  # fmt: skip
def test_the_form_of_a_secret_is_kept(target, headers, where, told):
    part, name = where
    assert opening("h", target, headers)[part][name] == told


def test_a_browsers_subprotocol_is_told_by_its_beginning():
    headers = {"Sec-WebSocket-Protocol": f"realtime, openai-insecure-api-key.{OPENAI_KEY}, of-my-own"}
    told = opening("api.openai.com", "/v1/realtime", headers)
    assert told["subprotocols"] == ["realtime", "openai-insecure-api-key.sk-[redacted]", "[redacted]"]
    assert (told["host"], told["path"]) == ("api.openai.com", "/v1/realtime")


def test_what_is_not_known_to_be_harmless_is_left_out():
    told = opening(
        "h", "/media/secret-in-path?call=secret-value", {"X-Mine": "secret-header", "Cookie": "id=secret-id"}
    )
    assert told["path"] == "[redacted]"
    assert "secret" not in json.dumps(told)


secrets = st.sampled_from([OPENAI_KEY, CLIENT_SECRET, GOOGLE_KEY, GOOGLE_TOKEN])
names = st.sampled_from(["key", "access_token", "token", "model", "x", "authorization", "X-Goog-Api-Key", "cookie",
                         "user-agent", "openai-beta", "origin", "sec-websocket-protocol"])  # fmt: skip
wrapped = st.sampled_from(
    ["{}", "Bearer {}", "Token {}", "realtime, openai-insecure-api-key.{}", "a{}", "id={}", "{},{}"]
)


@given(secrets, st.lists(st.tuples(names, wrapped), max_size=6), st.lists(st.tuples(names, wrapped), max_size=6))
def test_no_secret_comes_through_wherever_it_stands(secret, query, headers):
    target = f"{GEMINI}?" + "&".join(f"{name}={form.format(secret, secret)}" for name, form in query)
    told = json.dumps(opening("h", target, [(name, form.format(secret, secret)) for name, form in headers]))
    assert secret.split("/")[-1][-12:] not in told


@given(st.text(), st.lists(st.tuples(st.text(), st.text())))
def test_any_handshake_can_be_told(target, headers):
    json.dumps(opening("h", target, headers))
