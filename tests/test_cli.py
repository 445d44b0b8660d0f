import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from scenes import RATE_HZ, RECORDINGS, agent_voice, voice

ECHO = RECORDINGS / "echo-leak" / "speakerphone-187ms.vds"
CLEAN = RECORDINGS / "clean" / "cooking.vds"


def voicediag(*arguments):
    command = [sys.executable, "-m", "voicediag", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_clear_exits_0():
    done = voicediag("check", CLEAN)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing found" in done.stdout


def test_findings_exit_1_and_are_json():
    done = voicediag("check", ECHO, "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["schema"] == "voicediag.check/1"
    assert report["root_causes"] == ["echo-leak"]
    primary = report["findings"][0]["evidence"][0]
    assert primary["role"] == "primary"
    assert primary["measure"]["delay_ms"] == pytest.approx(187, abs=2)
    assert set(primary["limit"]) == {"value", "unit", "source"}
    assert {row["id"] for row in report["unjudged"]} | set(report["clear"]) | {"echo-leak"} >= {"silent-track"}


def test_fail_on_lets_lesser_findings_pass():
    weaker = RECORDINGS / "echo-leak" / "double-talk-32db.vds"
    assert voicediag("check", weaker, "--fail-on", "medium").returncode == 1
    assert voicediag("check", weaker, "--fail-on", "high").returncode == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"hello, this is no sound", "sound file"), (b"PK\x03\x04zip", "zip")],
)
def test_what_is_no_session_exits_2_with_one_line(tmp_path, content, words):
    path = tmp_path / "call.wav"
    path.write_bytes(content)
    done = voicediag("check", path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_a_missing_path_exits_2():
    assert "no such file" in voicediag("check", "nowhere.wav").stderr


def test_no_path_exits_2_and_says_what_to_try():
    done = voicediag("check")
    assert done.returncode == 2
    assert "voicediag demo" in done.stderr


def test_channels_can_be_swapped_and_pairs_named(tmp_path):
    agent = agent_voice(1, duration_s=8)
    mic = (0.1 * np.roll(agent, 1_600) + voice(2, duration_s=8, level_db=-34)).astype(np.float32)
    soundfile.write(tmp_path / "swapped.wav", np.stack([agent, mic], axis=1), RATE_HZ)
    soundfile.write(tmp_path / "mic.wav", mic, RATE_HZ)
    soundfile.write(tmp_path / "agent.wav", agent, RATE_HZ)
    swapped = voicediag("check", tmp_path / "swapped.wav", "--user", "right", "--json")
    pair = voicediag("check", "--user", tmp_path / "mic.wav", "--agent", tmp_path / "agent.wav", "--json")
    delays = [json.loads(done.stdout)["findings"][0]["evidence"][0]["measure"]["delay_ms"] for done in (swapped, pair)]
    assert delays == pytest.approx([100, 100], abs=1)


def test_several_recordings_are_checked_and_the_worst_decides():
    done = voicediag("check", CLEAN, ECHO)
    assert done.returncode == 1
    assert "cooking.vds" in done.stdout
    assert "echo-leak" in done.stdout


def test_html_report_is_one_file(tmp_path):
    page = tmp_path / "report.html"
    assert voicediag("check", ECHO, "--html", page).returncode == 1
    assert "<html" in page.read_text(encoding="utf-8")


def test_meter_reads_every_track():
    report = json.loads(voicediag("meter", CLEAN, "--json").stdout)
    assert report["schema"] == "voicediag.meter/1"
    names = [track["name"] for track in report["tracks"]]
    assert names[:1] == ["user-sent"]
    expected = """rms_dbfs peak_dbfs true_peak_dbtp integrated_lufs active_speech_dbov noise_floor_dbfs
    snr_db clipped_samples silence_s"""
    for key in expected.split():
        assert key in report["tracks"][0]


def test_demo_names_the_root_cause():
    report = json.loads(voicediag("demo", "--recorded", "--json").stdout)
    assert report["root_causes"] == ["echo-leak"]
    assert {finding["id"]: finding["explained_by"] for finding in report["findings"]} == {
        "echo-leak": None,
        "self-hearing-loop": "echo-leak",
        "false-start": "echo-leak",
    }


COMMANDS = ["check", "cushion-sweep", "demo", "echo", "gaps", "meter", "lab", "record", "relay", "emulate", "repair"]
COMMANDS += ["resampler"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    assert "Example" in voicediag(command, "--help").stdout


@pytest.mark.slow
def test_the_cushion_sweep_tells_people_programs_and_files(tmp_path):
    ladder = RECORDINGS / "starved-playback" / "gap-ladder.vds"
    png, html = tmp_path / "curve.png", tmp_path / "report.html"
    done = voicediag("cushion-sweep", ladder, "--json", "--png", png, "--html", html)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["recommended"]["cushion_ms"], told["recommended"]["covered"], told["covers_all_ms"]) == (60, 34, 140)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "60 ms covers 34 of 39 gaps" in html.read_text()
    assert voicediag("check", ladder, "--html", html).returncode == 1
    assert "60 ms covers 34 of 39 gaps" in html.read_text()
    clean = voicediag("cushion-sweep", RECORDINGS / "clean" / "number-drill.vds", "--flush-policy", "never", "--refill")
    assert (clean.returncode, "Nothing is late" in clean.stdout) == (0, True)
    assert voicediag("cushion-sweep", ladder, "--flush-policy", "soon").returncode == 2
    assert voicediag("cushion-sweep", ladder / "agent-received.flac").returncode == 2
