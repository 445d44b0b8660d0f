"""What ``voicediag gaps`` says: some lines, JSON, a picture and an exit code; and ``vd.gaps``."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from scenes import RATE_HZ, agent_voice, session_of
from typer.testing import CliRunner

import voicediag as vd
from voicediag.cli import app
from voicediag.present import gap_answer, plots
from voicediag.session import Mark

ROOT = Path(__file__).parents[2]
GAPS_MS = (30, 50, 55, 40, 120)


def loud_places(voice, count):
    """Samples in loud speech, two seconds apart or more."""
    step = RATE_HZ // 100
    power = np.mean(voice[: voice.size // step * step].reshape(-1, step) ** 2, axis=1)
    blocks = power[: power.size // 200 * 200].reshape(-1, 200)[:, 50:150]
    best = np.argsort(blocks.max(axis=1))[-count:]
    return sorted(int((block * 200 + 50 + blocks[block].argmax()) * step) for block in best)


def held_up(voice, lost=False):
    pieces, at = [], 0
    for place, gap_ms in zip(loud_places(voice, len(GAPS_MS)), GAPS_MS, strict=True):
        size = gap_ms * RATE_HZ // 1_000
        pieces += [voice[at:place], np.zeros(size, np.float32)]
        at = place + (size if lost else 0)
    return np.concatenate([*pieces, voice[at:]]).astype(np.float32)


@pytest.fixture(scope="module")
def voice():
    return agent_voice(1)


@pytest.fixture(scope="module")
def report(voice):
    return vd.gaps(session_of({"agent-received": voice, "agent-played": held_up(voice)}))


def printed(report):
    page = io.StringIO()
    Console(file=page, width=200).print(gap_answer.text(report))
    return page.getvalue()


def test_each_gap_is_named_with_what_a_cushion_would_have_covered(report):
    assert report.answer == "gaps"
    assert len(report.of_kind("late")) == len(report.changes) == len(GAPS_MS)
    # Of 30, 40, 50, 55 and 120 ms.
    assert report.ladder == ((40, 2), (60, 4), (120, 5))
    assert report.cushion == (120, 5)
    said = printed(report)
    # 295 ms, each gap known to some tenths of one.
    assert re.search(r"5 came late; nothing of it is heard for 0\.(29|30) s in all", said)
    assert "A cushion of 120 ms covers 5 of 5 late gaps." in said


def test_what_is_lost_asks_for_no_cushion(voice):
    report = vd.gaps(session_of({"agent-received": voice, "agent-played": held_up(voice, lost=True)}))
    assert len(report.of_kind("never")) == len(GAPS_MS)
    assert report.cushion is None
    assert "cushion" not in gap_answer.remedy(report).replace("No cushion", "")


def test_json_has_the_documented_keys(report):
    told = gap_answer.structured(report)
    assert told["gap_total_s"] == pytest.approx(sum(GAPS_MS) / 1_000)
    assert [change["inserted_s"] for change in told["changes"]] == pytest.approx([ms / 1_000 for ms in GAPS_MS])
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    section = page.split("## `voicediag gaps RECEIVED PLAYED --json`")[1].split("\n## ")[0]
    documented = set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
    keys = {key for key in told if not isinstance(told[key], list)}
    keys |= {f"{name}[].{key}" for name in ("cushions", "changes") for key in told[name][0]}
    assert keys == documented


def test_a_whole_voice_is_clear(voice):
    report = vd.gaps(session_of({"agent-received": voice, "agent-played": np.roll(voice, 3_000)}))
    assert report.answer == "clear"


def test_the_users_taps_are_compared_too(voice):
    report = vd.gaps(session_of({"user-captured": voice, "user-sent": held_up(voice)}))
    assert report.taps.second.name == "user-sent"
    assert report.answer == "gaps"


def test_what_an_interruption_threw_away_is_no_gap(voice):
    place = loud_places(voice, 3)[1]
    played = np.concatenate((voice[:place], np.zeros(RATE_HZ, np.float32), voice[place + RATE_HZ :]))
    session = session_of({"agent-received": voice, "agent-played": played})
    assert vd.gaps(session).answer == "gaps"
    cut = session_of({"agent-received": voice, "agent-played": played})
    object.__setattr__(cut, "marks", (Mark(kind="interrupted", at_s=place / RATE_HZ - 0.3, message="interrupted"),))
    assert vd.gaps(cut).answer == "clear"


@pytest.mark.parametrize("other", [None, 99])
def test_without_a_second_tap_or_with_another_voice_it_cannot_be_told(voice, other):
    tracks = {"agent-received": voice} | ({} if other is None else {"agent-played": agent_voice(other)})
    report = vd.gaps(session_of(tracks))
    assert report.answer == "unjudged"
    assert report.reason in gap_answer.summary(report)


def test_the_command_takes_two_files_and_draws(tmp_path, voice):
    for name, sound in (("received.wav", voice), ("played.wav", held_up(voice))):
        soundfile.write(tmp_path / name, sound, RATE_HZ)
    files = [str(tmp_path / name) for name in ("received.wav", "played.wav")]
    done = CliRunner().invoke(app, ["gaps", *files, "--json", "--png", str(tmp_path / "gaps.png")])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["late"] == len(GAPS_MS)
    assert (tmp_path / "gaps.png").read_bytes().startswith(b"\x89PNG")
    assert CliRunner().invoke(app, ["gaps", files[0], files[0]]).exit_code == 0
    assert CliRunner().invoke(app, ["gaps", files[0]]).exit_code == 2
    assert CliRunner().invoke(app, ["gaps"]).exit_code == 2


def test_the_picture_shows_both_taps_and_the_lag(report):
    picture = plots.gaps(report)
    assert len(picture.figure.axes) == 3
    assert plots.gaps(vd.gaps(session_of({"user-sent": agent_voice(2)}))) is None
