"""Keys and tokens where they do not belong: planted in the opening of a connection."""

import json

import pytest
from scenes import RECORDINGS
from wire_messages import gemini_down, gemini_up, line, openai_up, write_log

import voicediag as vd
from voicediag.detect import token_form
from voicediag.detect.examination import Examination
from voicediag.live.handshake import opening

FOLDER = RECORDINGS / "token-form"
HOST = "generativelanguage.googleapis.com"
TOKEN, KEY = "auth_tokens/" + "beef" * 8, "AIza" + "Sy9-" * 9
SETUP = {"setup": {"model": "models/gemini-3.8-live"}}
TALK = [
    line(0.2, "down", {"setupComplete": {}}),
    line(0.3, "up", gemini_up(bytes(640))),
    line(1.0, "down", gemini_down(bytes(480))),
]


def gemini(version, method="BidiGenerateContent", query="", **headers):
    path = f"/ws/google.ai.generativelanguage.{version}.GenerativeService.{method}"
    return opening(HOST, f"{path}?{query}", headers.items())


CONSTRAINED = "BidiGenerateContentConstrained"
BROWSER = {"user-agent": "Mozilla/5.0", "origin": "https://app.example"}


def logged(tmp_path, opened, *rest):
    first = [line(0.0, "up", opened, kind="open")] if opened else []
    return vd.load(write_log(tmp_path / "call.jsonl", [*first, *rest]))


def rules(session):
    verdict = token_form.DETECTOR.examine(Examination(session))
    return [finding.primary.measure["rule"] for finding in verdict.findings]


@pytest.mark.parametrize(
    ("opened", "found"),
    [
        (gemini("v1beta", CONSTRAINED, f"access_token={TOKEN}"), ["token-not-v1alpha"]),
        (gemini("v1", CONSTRAINED, Authorization=f"Token {TOKEN}"), ["token-not-v1alpha"]),
        (gemini("v1alpha", query=f"access_token={TOKEN}"), ["token-on-key-endpoint"]),
        (gemini("v1alpha", CONSTRAINED, f"key={TOKEN}"), ["token-as-key"]),
        (gemini("v1alpha", CONSTRAINED, f"access_token={TOKEN.replace('/', '%2F')}"), ["token-escaped"]),
        (gemini("v1beta", query=f"key={KEY}", **BROWSER), ["key-in-browser"]),
        (gemini("v1alpha", CONSTRAINED, f"access_token={TOKEN}"), []),
        (gemini("v1alpha", CONSTRAINED, Authorization=f"Token {TOKEN}", **{"x-goog-api-key": TOKEN}), []),
        (gemini("v1beta", query=f"key={KEY}", **{"user-agent": "google-genai-sdk/3.1.0 gl-node/v22"}), []),
        (gemini("v1", **{"x-goog-api-key": KEY}), []),
    ],
)
def test_a_gemini_opening_is_read(tmp_path, opened, found):
    assert rules(logged(tmp_path, opened, line(0.1, "up", SETUP), *TALK)) == found


@pytest.mark.parametrize(("key", "found"), [("sk-proj-" + "a1B2" * 8, ["key-in-browser"]), ("ek_" + "f00d" * 6, [])])
def test_a_browsers_subprotocol_is_read(tmp_path, key, found):
    headers = {"Sec-WebSocket-Protocol": f"realtime, openai-insecure-api-key.{key}"}
    opened = opening("api.openai.com", "/v1/realtime?model=m", headers)
    created = line(0.1, "down", {"type": "session.created", "session": {"type": "realtime"}})
    session = logged(tmp_path, opened, created, line(0.2, "up", openai_up(bytes(480))))
    assert rules(session) == found
    assert session.provenance["provider"] == "openai-realtime"


def test_the_header_of_the_beta_is_a_slip_of_the_protocol(tmp_path):
    opened = opening("api.openai.com", "/v1/realtime", {"OpenAI-Beta": "realtime=v1"})
    gone = line(0.2, "down", {"code": 4000, "reason": "beta_api_shape_disabled"}, kind="close")
    diagnosis = vd.check(logged(tmp_path, opened, gone))
    assert [root.id for root in diagnosis.root_causes] == ["protocol-slip"]
    assert [finding.id for finding in diagnosis.findings[1:]] == ["dropped-connection"]
    assert diagnosis.root_causes[0].primary.measure["said"] == "OpenAI-Beta: realtime=v1"


def test_a_refusal_is_a_symptom_of_the_token_and_told_once(tmp_path):
    reason = "Method doesn't allow unregistered callers (callers without established identity)."
    refused = line(0.4, "down", {"code": 1008, "reason": reason}, kind="close")
    opened = gemini("v1alpha", query=f"access_token={TOKEN}")
    diagnosis = vd.check(logged(tmp_path, opened, line(0.1, "up", SETUP), refused))
    assert [finding.id for finding in diagnosis.findings] == ["token-form", "silent-connect"]
    assert diagnosis.findings[1].explained_by == "token-form"


def test_without_an_opening_the_refusal_itself_tells(tmp_path):
    refused = line(0.4, "down", {"code": 1008, "reason": "Method doesn't allow unregistered callers."}, kind="close")
    session = logged(tmp_path, None, line(0.1, "up", SETUP), refused)
    assert rules(session) == ["identity-refused"]


def test_right_tokens_are_clear_and_an_opening_that_was_not_logged_is_unjudged(tmp_path):
    opened = gemini("v1", **{"x-goog-api-key": KEY})
    examine = token_form.DETECTOR.examine
    assert examine(Examination(logged(tmp_path, opened, line(0.1, "up", SETUP), *TALK))).is_clear
    silent = examine(Examination(logged(tmp_path, None, line(0.1, "up", SETUP), *TALK)))
    assert silent.reason == token_form.NO_OPENING


def test_the_recorded_token_is_found_where_it_was_planted():
    planted = json.loads((FOLDER / "wrong-method.vds" / "truth.json").read_text())["faults"][0]
    finding = vd.check(vd.load(FOLDER / "wrong-method.vds")).root_causes[0]
    assert finding.primary.measure["rule"] == "token-on-key-endpoint"
    assert finding.primary.measure["message_s"] == planted["spans"][0][0]
