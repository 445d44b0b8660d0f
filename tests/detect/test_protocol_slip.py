"""Rules that messages break: planted in wire logs, at known times."""

import json

import pytest
from scenes import RECORDINGS
from wire_messages import (
    TWILIO_CONNECTED,
    b64,
    gemini_down,
    gemini_up,
    line,
    snake,
    twilio_start,
    twilio_up,
    write_log,
)

import voicediag as vd
from voicediag.detect import protocol_slip
from voicediag.detect.examination import Examination

FOLDER = RECORDINGS / "protocol-slip"
KEY = "AIza" + "Sy9-" * 9
SETUP = {"setup": {"model": "models/gemini-3.8-live", "generationConfig": {"responseModalities": ["AUDIO"]}}}
TALK = [
    line(0.0, "up", SETUP),
    line(0.1, "down", {"setupComplete": {}}),
    *(line(0.2 + 0.02 * number, "up", gemini_up(bytes(640))) for number in range(50)),
    line(1.5, "down", gemini_down(bytes(4_800))),
]


def examined(tmp_path, lines):
    session = vd.load(write_log(tmp_path / "call.jsonl", lines))
    return protocol_slip.DETECTOR.examine(Examination(session))


def with_setup(**fields):
    return [line(0.0, "up", {"setup": {**SETUP["setup"], **fields}}), *TALK[1:]]


def test_a_broken_rule_is_found_with_the_message_that_breaks_it(tmp_path):
    (finding,) = examined(tmp_path, with_setup(proactivity={"proactiveAudio": False})).findings
    measure = finding.primary.measure
    assert (measure["rule"], measure["count"], measure["message_s"]) == ("config-not-for-model", 1, 0.0)
    assert (measure["message"], measure["direction"]) == ("setup", "up")
    assert measure["said"] == '{"proactivity": {"proactiveAudio": false}}'
    assert measure["said"] in finding.summary
    assert "silent-connect" in finding.explains
    assert "ai.google.dev" in finding.primary.limit.source


def test_a_rule_that_each_chunk_breaks_is_one_finding(tmp_path):
    lines = [*TALK[:2], *(line(0.2 + 0.02 * n, "up", gemini_up(bytes(640), "audio/pcm")) for n in range(50))]
    (finding,) = examined(tmp_path, lines).findings
    assert finding.primary.measure["count"] == 50
    assert len(finding.evidence) == 20
    assert finding.severity.name == "INFO"
    assert "50 times until 1.18 s" in finding.summary


def test_each_rule_is_a_finding_of_its_own(tmp_path):
    lines = [each if each["dir"] == "up" else line(each["t"], "down", snake(each["msg"])) for each in TALK]
    lines.insert(2, line(0.15, "up", gemini_up(bytes(640), "audio/pcm")))
    found = [finding.primary.measure["rule"] for finding in examined(tmp_path, lines).findings]
    assert found == ["snake-case-keys", "mime-without-rate"]


def test_no_secret_is_quoted(tmp_path):
    (finding,) = examined(tmp_path, with_setup(enableAffectiveDialog=f"key {KEY}")).findings
    assert KEY not in finding.summary
    assert "[redacted]" in finding.primary.measure["said"]


def test_a_log_that_keeps_the_rules_is_clear(tmp_path):
    verdict = examined(tmp_path, TALK)
    assert verdict.is_clear
    assert verdict.bound.startswith("none of ")


def test_a_setup_without_a_model_is_told_once(tmp_path):
    lines = [line(0.0, "up", {"setup": {"generationConfig": {}}}), line(8.0, "up", gemini_up(bytes(640)))]
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", lines)))
    assert [finding.id for finding in diagnosis.findings if finding.cause == "wire"] == ["silent-connect"]


def test_a_setup_that_is_refused_is_a_symptom_of_the_rule_it_breaks(tmp_path):
    refused = line(0.1, "down", {"code": 1007, "reason": "Request contains an invalid argument."}, kind="close")
    setup = with_setup(generationConfig={"thinkingConfig": {"thinkingLevel": "low"}})[0]
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", [setup, refused])))
    assert [root.id for root in diagnosis.root_causes] == ["protocol-slip"]
    (symptom,) = diagnosis.symptoms(diagnosis.root_causes[0])
    assert symptom.id == "silent-connect"
    assert "1007: Request contains an invalid argument." in symptom.summary


def test_without_a_wire_log_it_is_unjudged():
    session = vd.load(RECORDINGS / "clean" / "helpdesk.vds" / "user-sent.flac")
    assert protocol_slip.DETECTOR.examine(Examination(session)).reason == "the session has no wire log"


@pytest.mark.parametrize(
    ("name", "rule"), [("snake-case-server", "snake-case-keys"), ("truncate-by-the-clock", "truncate-beyond-audio")]
)
def test_recorded_slips_are_found_where_they_were_planted(name, rule):
    planted = json.loads((FOLDER / f"{name}.vds" / "truth.json").read_text())["faults"][0]
    finding = vd.check(vd.load(FOLDER / f"{name}.vds")).root_causes[0]
    assert finding.primary.measure["rule"] == rule
    assert finding.primary.measure["count"] == planted["sizes"]["count"]
    assert finding.primary.measure["message_s"] == pytest.approx(planted["spans"][0][0], abs=1e-3)


def test_what_only_the_bytes_tell_is_found_in_a_log_and_in_a_folder(tmp_path):
    lines = [*TALK[:2], line(0.2, "up", gemini_up(b"RIFF\x24\x08\x00\x00WAVEfmt " + bytes(640)))]
    (finding,) = examined(tmp_path, lines).findings
    assert finding.primary.measure["rule"] == "wav-in-pcm"
    assert "RIFF" in finding.primary.measure["said"]
    lines[2]["msg"]["realtimeInput"]["audio"]["data"] = ""
    lines[2]["slips"] = ["wav-in-pcm"]
    (finding,) = examined(tmp_path, [*lines, line(0.3, "up", gemini_up(bytes(640)))]).findings
    assert (finding.primary.measure["rule"], finding.primary.measure["message_s"]) == ("wav-in-pcm", 0.2)


def test_what_twilio_drops_without_a_word_is_found(tmp_path):
    lines = [line(0.0, "up", TWILIO_CONNECTED), line(0.01, "up", twilio_start())]
    lines += [line(0.1 + 0.02 * number, "up", twilio_up(bytes([255] * 160))) for number in range(10)]
    lines.append(line(0.5, "down", {"event": "media", "media": {"payload": b64(bytes([255] * 160))}}))
    (finding,) = examined(tmp_path, lines).findings
    assert finding.primary.measure["rule"] == "message-without-stream-sid"
    assert "media came down" in finding.summary
