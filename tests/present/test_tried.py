"""What ``voicediag echo --try-out`` says: a line, JSON and two sound files."""

import json
import sys
from dataclasses import replace

import pytest
import soundfile
from scenes import RECORDINGS
from typer.testing import CliRunner

from voicediag.cli import app
from voicediag.tune import cancellers

SPEAKERPHONE = str(RECORDINGS / "echo-leak" / "speakerphone-187ms.vds")


@pytest.fixture
def tenth(monkeypatch):
    """A canceller that takes off 20 dB of everything."""
    made = replace(cancellers.CANCELLERS["aec3"], package="numpy", run=lambda mic, _speaker, _delay_ms: mic / 10)
    monkeypatch.setattr(cancellers, "CANCELLERS", {"aec3": made})


def told(*arguments):
    return CliRunner().invoke(app, ["echo", SPEAKERPHONE, *arguments], env={"COLUMNS": "1000"})


def test_the_sentence_stands_below_the_verdict(tenth):
    done = told("--try-out")
    lines = done.output.splitlines()
    assert done.exit_code == 1
    assert lines[0].startswith("ECHO")
    assert lines[3].startswith("Tried:    With WebRTC AEC3")
    assert "falls by 20 dB" in lines[3]


def test_json_has_its_numbers(tenth):
    tried = json.loads(told("--try-out", "--json").output)["try_out"]
    assert tried["erle_db"] == pytest.approx(20, abs=0.01)
    assert tried["near_level_db"] == pytest.approx(-20, abs=0.01)
    assert tried["after_dbfs"] == pytest.approx(tried["before_dbfs"] - 20, abs=0.01)
    assert len(tried["course"]) == pytest.approx(4 * tried["agent_alone_s"])


def test_both_sounds_are_written(tenth, tmp_path):
    done = told("--out", str(tmp_path / "tried"))
    before, rate_hz = soundfile.read(tmp_path / "tried" / "before.wav")
    after, _ = soundfile.read(tmp_path / "tried" / "after.wav")
    assert rate_hz == 16_000
    # Sixteen bits round to half a step, of the tenth and of the whole.
    assert after == pytest.approx(before / 10, abs=1.2 / 32_768)
    assert "after.wav" in done.output.replace("\n", "")


def test_a_missing_canceller_is_said_and_exits_2(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    done = told("--try-out")
    assert done.exit_code == 2
    assert "voicediag[cancel]" in done.output


def test_an_unknown_canceller_exits_2():
    done = told("--try-out", "--canceller", "speex")
    assert done.exit_code == 2
    assert "aec3" in done.output


def test_aecmos_stands_below_and_in_the_json(tenth):
    # A tenth of the user's voice is left, so that a score would mislead.
    assert (
        told("--aecmos")
        .output.splitlines()[4]
        .startswith("Rated:    AECMOS is not asked: the user's voice falls by 20")
    )
    rated = json.loads(told("--aecmos", "--json").output)["try_out"]["aecmos"]
    assert rated["echo_after"] is None
    assert rated["reason"].startswith("the user's voice falls")
