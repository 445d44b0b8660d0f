"""Real clients' talks, captured on loopback: none of them breaks a rule but those that speak OpenAI's beta."""

import json

import pytest
from protocols.test_captures import WAYS, restored
from wire_messages import line, write_log

import voicediag as vd
from voicediag.live.handshake import opening

HEALTHY = [
    "genai_py_cfg_http", "genai_py_patch2", "genai_py_sslarg", "genai_py_wss_camel", "genai_py_wss_env",
    "genai_py_wss_token", "livekit_google", "livekit_openai", "mitm_openai_origin", "npm3_genai_plain",
    "npm3_genai_token", "npm7_openai_browser", "npm7_openai_plain", "npm7_openai_ws", "npm_genai_env",
    "npm_genai_plain", "npm_genai_token", "npm_openai_browserclass_node20", "npm_openai_plain_createConnection",
    "npm_openai_ws", "openai_py_ga_base", "openai_py_ga_env", "openai_py_ga_wsbase", "pin_genai", "pin_openai_ga",
    "pipecat_google", "pipecat_openai", "proxyenv_genai_origin", "trustme_genai", "trustme_npm_openai",
]  # fmt: skip
BETA = ["npm7_openai_beta", "npm_openai_beta", "openai_py_beta_wsbase", "pin_openai_beta_ws"]


def rows(folder, name):
    for row in (folder / "wire" / f"{name}.jsonl").read_text().splitlines():
        passed = json.loads(row)
        at_s = passed["t_ms"] / 1_000
        if passed.get("dir") in WAYS and isinstance(passed.get("json"), dict):
            yield line(at_s, WAYS[passed["dir"]], restored(passed["json"]))
        elif passed.get("ev") == "open":
            yield line(at_s, "up", opening("h", passed["raw_path"], passed["headers"]), kind="open")
        elif passed.get("ev") == "close":
            # Only the emulator closes with 1011.
            closed_by = "down" if passed["code"] == 1011 else "up"
            yield line(at_s, closed_by, {"code": passed["code"], "reason": ""}, kind="close")


def wire_faults(tmp_path, folder, name):
    diagnosis = vd.check(vd.load(write_log(tmp_path / f"{name}.jsonl", list(rows(folder, name)))))
    found = [finding for finding in diagnosis.findings if finding.cause == "wire"]
    return {finding.id: finding for finding in found}, {verdict.id for verdict in diagnosis.clear}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_client_breaks_no_rule(tmp_path, shared_data, name):
    found, clear = wire_faults(tmp_path, shared_data, name)
    # That one was told to go in every turn, and the last time nobody came back.
    assert set(found) == ({"unheeded-goaway"} if name == "livekit_google" else set())
    assert {"protocol-slip", "provider-error", "token-form"} <= clear


@pytest.mark.parametrize("name", BETA)
def test_a_client_of_the_beta_is_told_that_it_is_over(tmp_path, shared_data, name):
    found, _ = wire_faults(tmp_path, shared_data, name)
    assert set(found) == {"protocol-slip"}
    assert found["protocol-slip"].primary.measure["rule"] == "beta-api"
