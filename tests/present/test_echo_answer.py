"""What ``voicediag echo`` says: three lines, JSON, a picture, a page and an exit code; and ``vd.echo``."""

import io
import json
import re

import numpy as np
import pytest
import soundfile
from rich.console import Console
from scenes import RATE_HZ, RECORDINGS, agent_voice, room, session_of, voice
from typer.testing import CliRunner

import voicediag as vd
from voicediag import signals
from voicediag.cli import app
from voicediag.detect.echo_leak import STRENGTH
from voicediag.notebook import _echo
from voicediag.present import echo_answer, plots

DELAY_MS, ERL_DB = 187.0, 18.0
LOST_S = (15.0, 30.0, 45.0)


def leaking(seed=1, **tracks):
    agent = agent_voice(seed)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=DELAY_MS, erl_db=ERL_DB).echo + room(5)
    return session_of({"user-sent": mic.astype(np.float32), "agent-played": agent, **tracks})


@pytest.fixture(scope="module")
def report():
    return vd.echo(leaking())


@pytest.fixture(scope="module")
def clear():
    return vd.echo(session_of({"user-sent": voice(12), "agent-played": agent_voice(2)}))


@pytest.fixture(scope="module")
def alone():
    return vd.echo(session_of({"user-sent": voice(12)}))


@pytest.fixture(scope="module")
def kitchen():
    """Three turns of the agent that came back as the user's, and cut two answers off."""
    return vd.echo(vd.load(RECORDINGS / "self-hearing-loop" / "kitchen.vds"))


@pytest.fixture(scope="module")
def losing():
    """A microphone that loses 20 ms three times in a minute."""
    agent = agent_voice(8, duration_s=60)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=DELAY_MS, erl_db=ERL_DB).echo[: agent.size]
    mic = mic + room(9, duration_s=60)
    lost = np.concatenate([np.arange(round(at_s * RATE_HZ), round((at_s + 0.02) * RATE_HZ)) for at_s in LOST_S])
    return vd.echo(session_of({"user-sent": np.delete(mic, lost).astype(np.float32), "agent-played": agent}))


def lines(report):
    paper = io.StringIO()
    Console(width=1_000, file=paper).print(echo_answer.text(report))
    return paper.getvalue().splitlines()


class TestAnEcho:
    def test_is_told_in_three_lines(self, report):
        verdict, seen, do = (line.rstrip() for line in lines(report))
        assert verdict.startswith("ECHO ")
        assert "after 187 ms, 18 dB below" in verdict
        assert seen.startswith("Seen: ")
        assert "heard at" in seen
        assert do.startswith("Do: ")

    def test_is_json_with_its_numbers(self, report):
        told = json.loads(json.dumps(echo_answer.structured(report), allow_nan=False))
        assert told["schema"] == "voicediag.echo/1"
        assert (told["verdict"], told["reason"]) == ("echo", None)
        assert told["delay_ms"] == pytest.approx(DELAY_MS, abs=1)
        assert told["erl_db"] == pytest.approx(ERL_DB, abs=1)
        assert 0 < told["confidence"] < 1
        assert all(0 <= start < end <= 20 for start, end in told["spans"])
        assert [row["erl_db"] for row in told["course"]] == pytest.approx([ERL_DB] * len(told["course"]), abs=1.5)

    def test_is_a_picture_with_delay_and_loss(self, report):
        words = plots.echo(report).svg()
        for word in ("user-sent", "agent-played", "187 ms", "match by lag", "\N{MINUS SIGN}18 dB"):
            assert word in words
        assert "187 ms" in _echo(report)


class TestWhatItDid:
    def test_is_told_in_the_verdict(self, kitchen):
        assert "cut off 2 answers, made 3 turns of the user's and was answered 3 times in a row;" in lines(kitchen)[0]

    def test_is_json_with_times_and_words(self, kitchen):
        did = echo_answer.structured(kitchen)["consequences"]
        assert (did["starts"], did["starts_told"], did["answers_cut"], did["turns"]) == (2, 2, 2, 3)
        # As in its wire.jsonl.
        assert did["cut_s"] == pytest.approx([4.31, 8.0], abs=0.01)
        assert did["loop"][0]["heard"] == "Mince 2 cloves of garlic."
        assert did["loop"][0]["answer"] == did["loop"][1]["said"]

    def test_is_in_the_picture(self, kitchen):
        assert "starts, cuts" in plots.echo(kitchen).svg()

    def test_is_not_known_without_a_wire(self, report):
        assert echo_answer.structured(report)["consequences"] is None
        assert "starts, cuts" not in plots.echo(report).svg()


class TestAnEchoThatMoves:
    def test_tells_from_where_to_where_and_what_was_lost(self, losing):
        seen = lines(losing)[1]
        assert "delay from 187 to 127 ms in 3 steps" in seen
        told = echo_answer.structured(losing)
        assert [jump["size_ms"] for jump in told["jumps"]] == pytest.approx([-20.0] * 3, abs=0.5)
        assert told["speaker_lost_ms"] is None

    def test_keeps_its_loss_in_each_stretch(self, losing):
        known = [row["erl_db"] for row in echo_answer.structured(losing)["course"] if row["erl_db"] is not None]
        assert known == pytest.approx([ERL_DB] * len(known), abs=2.0)
        assert len(known) >= 5

    def test_is_drawn_with_its_jumps(self, losing):
        words = plots.echo(losing).svg()
        assert "3 jumps" in words
        assert "127 ms" in words


class TestNoEcho:
    def test_says_how_closely_it_looked_and_where_to_look_on(self, clear):
        verdict, _, do = lines(clear)
        assert verdict.startswith("CLEAR ")
        assert "No echo above -" in verdict
        assert "voicediag check" in do

    def test_has_a_bound_and_no_delay(self, clear):
        told = echo_answer.structured(clear)
        assert told["verdict"] == "clear"
        assert (told["delay_ms"], told["erl_db"], told["confidence"], told["spans"]) == (None, None, None, [])
        assert 20 < told["bound_db"] < 80

    def test_chance_does_not_look_like_a_peak(self, clear):
        assert f"limit {STRENGTH.value:g} robust sigmas" in plots.echo(clear).svg()


class TestOneTrack:
    def test_is_unjudged_and_says_what_is_missing(self, alone):
        verdict, _, do = lines(alone)
        assert verdict.startswith("UNJUDGED")
        assert "no agent track" in verdict
        assert "voicediag echo MIC SPEAKER" in do

    def test_has_no_number_and_no_picture(self, alone):
        told = echo_answer.structured(alone)
        assert told["verdict"] == "unjudged"
        assert told["reason"] == "the session has no agent track to compare"
        assert {told[key] for key in ("delay_ms", "erl_db", "bound_db", "far_end_s", "mic")} == {None}
        assert plots.echo(alone) is None
        assert "no agent track" in _echo(alone)


def test_the_page_on_json_has_the_keys_that_are_printed(kitchen, losing):
    page = (RECORDINGS.parent / "docs" / "json.md").read_text(encoding="utf-8")
    chapter = page.split("## `voicediag echo SESSION --json`")[1].split("\n## ")[0]
    told = echo_answer.structured(kitchen)
    did = {f"consequences.{key}": value for key, value in told["consequences"].items()}
    flat = {**told, **did}
    assert flat.pop("jumps") == []
    rows = {key for key, value in flat.items() if isinstance(value, list) and isinstance(value[0], dict)}
    printed = flat.keys() - rows | {f"{key}[].{inner}" for key in rows for inner in flat[key][0]}
    told_of_the_cut = echo_answer.structured(losing)
    rows_told = chapter.partition("Under `try_out`")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", rows_told, re.MULTILINE)) - {"try_out"} == printed | {
        f"jumps[].{key}" for key in told_of_the_cut["jumps"][0]
    }


def run(*words):
    done = CliRunner().invoke(app, ["echo", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


class TestTheCommand:
    def test_exits_1_with_an_echo_and_writes_what_it_shows(self, tmp_path):
        page, picture = tmp_path / "echo.html", tmp_path / "echo.png"
        code, told, _ = run(RECORDINGS / "echo-leak" / "car-90ms.vds", "--html", page, "--png", picture)
        assert code == 1
        assert "after 90 ms" in told
        assert picture.read_bytes().startswith(b"\x89PNG")
        written = page.read_text(encoding="utf-8")
        assert "user-sent held against agent-played" in written
        assert "echo-leak" in written
        assert "starved-playback" not in written

    def test_exits_0_when_clear(self):
        code, told, _ = run(RECORDINGS / "clean" / "quoting.vds", "--json")
        assert code == 0
        assert json.loads(told)["verdict"] == "clear"

    def test_takes_two_files_of_different_rates(self, tmp_path):
        agent = signals.speech_like(duration_s=20, rate_hz=24_000, seed=6, level_db=-24).samples
        echo = signals.leak(agent, rate_hz=24_000, delay_ms=150, erl_db=15).echo
        soundfile.write(tmp_path / "mic.wav", echo[::3], 8_000)
        soundfile.write(tmp_path / "speaker.wav", agent, 24_000)
        code, told, _ = run(tmp_path / "mic.wav", tmp_path / "speaker.wav", "--json")
        assert code == 1
        assert json.loads(told)["delay_ms"] == pytest.approx(150, abs=1)

    def test_takes_the_sides_as_check_does(self, tmp_path):
        session = leaking(3)
        mic, agent = (track.source.read(0, 20 * RATE_HZ) for track in (session.heard, session.spoken))
        soundfile.write(tmp_path / "swapped.wav", np.stack([agent, mic], axis=1), RATE_HZ)
        soundfile.write(tmp_path / "agent.wav", agent, RATE_HZ)
        soundfile.write(tmp_path / "mic.wav", mic, RATE_HZ)
        for words in (("swapped.wav", "--user", "right"), ("--user", "mic.wav", "--agent", "agent.wav")):
            here = [tmp_path / word if word.endswith(".wav") else word for word in words]
            code, told, _ = run(*here, "--json")
            assert code == 1
            assert json.loads(told)["delay_ms"] == pytest.approx(DELAY_MS, abs=1)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ((), "voicediag demo"),
            (("nowhere.wav",), "no such file"),
            (("a.wav", "b.wav", "c.wav"), "expected one session, or MIC and SPEAKER, got 3 paths"),
        ],
    )
    def test_exits_2_with_one_line_on_a_bad_input(self, words, said):
        code, told, complaint = run(*words)
        assert (code, told, complaint.count("\n")) == (2, "", 1)
        assert said in complaint

    def test_exits_2_where_it_cannot_be_told(self, tmp_path):
        soundfile.write(tmp_path / "mic.wav", voice(1), RATE_HZ)
        code, told, _ = run(tmp_path / "mic.wav")
        assert code == 2
        assert "no agent track" in told


class TestFollowing:
    def test_a_call_that_is_over_shows_its_light_and_then_the_answer(self):
        code, told, light = run(RECORDINGS / "echo-leak" / "speakerphone-187ms.vds", "--follow")
        assert code == 1
        assert told.startswith("ECHO")
        assert "ECHO: the agent comes back after 187 ms, 18 dB below what was played" in light

    def test_the_newest_call_of_a_folder_is_taken(self, tmp_path):
        (tmp_path / "call.vds").symlink_to(RECORDINGS / "clean" / "cooking.vds", target_is_directory=True)
        code, told, light = run(tmp_path, "--follow", "--json")
        assert code == 0
        assert json.loads(told)["verdict"] == "clear"
        assert "no echo so far" in light

    def test_a_file_does_not_grow(self, tmp_path):
        soundfile.write(tmp_path / "mic.wav", voice(1), RATE_HZ)
        code, told, complaint = run(tmp_path / "mic.wav", "--follow")
        assert (code, told) == (2, "")
        assert "expected one folder with --follow" in complaint
