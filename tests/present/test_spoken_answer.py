import json
import re
from pathlib import Path

from scenes import RECORDINGS
from typer.testing import CliRunner

from voicediag.cli import app

CAR = str(RECORDINGS / "echo-leak" / "car-90ms.vds")


def told(*arguments):
    ran = CliRunner().invoke(app, ["activity", *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_json_lists_the_spans_of_each_track():
    answer = json.loads(told(CAR, "--engine", "plain", "--json"))
    assert answer["schema"] == "voicediag.activity/1"
    assert [track["name"] for track in answer["tracks"]] == ["user-sent", "agent-received", "agent-played"]
    for track in answer["tracks"]:
        length_s = sum(end_s - start_s for start_s, end_s in track["spans"])
        assert abs(length_s - track["speech_s"]) < 0.01
        assert 0.1 < track["share"] < 0.8
        assert track["engine"] == "plain"


def test_the_page_has_every_key():
    answer = json.loads(told(CAR, "--engine", "plain", "--json"))
    keys = {key for key in answer if key != "tracks"} | {f"tracks[].{key}" for key in answer["tracks"][0]}
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    chapter = page.partition("## `voicediag activity")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\S+)` \|", chapter, re.MULTILINE)) == keys


def test_labels_are_what_audacity_reads(tmp_path):
    labels = tmp_path / "labels.txt"
    assert "Written" in told(CAR, "--engine", "plain", "--labels", str(labels))
    rows = [line.split("\t") for line in labels.read_text(encoding="utf-8").splitlines()]
    assert {row[2] for row in rows} == {"user-sent", "agent-received", "agent-played"}
    assert all(float(row[0]) < float(row[1]) for row in rows)
    assert rows == sorted(rows, key=lambda row: float(row[0]))


def test_the_engine_is_said():
    assert "voicediag[vad]" in told(CAR, "--engine", "plain")


def test_two_recordings_are_refused():
    assert CliRunner().invoke(app, ["activity", CAR, CAR]).exit_code == 2
