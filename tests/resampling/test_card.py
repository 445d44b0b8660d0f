import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from voicediag import cli
from voicediag.errors import InputError
from voicediag.present import page, plots, resampler_card
from voicediag.resampling import evaluate, grades
from voicediag.resampling.arguments import Rates
from voicediag.resampling.commands import named
from voicediag.resampling.installed import LinearStream
from voicediag.resampling.returned import judged_file, write_plan

PROMISED = """grade verdict alias_rejection_db image_rejection_db droop_3400_db droop_7000_db sinad_997_db delay_ms
hold_up_mean_ms hold_up_max_ms chunk_invariant boundary_error_db length_drift_ppm wraps floors"""


@pytest.fixture(scope="module")
def linear():
    return evaluate(LinearStream, 24_000, 16_000)


def run(capsys, *words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["voicediag", "resampler", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
    said = capsys.readouterr()
    return end.value.code or 0, said.out, said.err


def test_linear_interpolation_is_judged_by_its_content(linear):
    assert (linear.grade, linear.grade_for("wideband"), linear.grade_for("telephone-band")) == ("F", "F", "F")
    assert "FAIL (F) for wideband speech: what lies above 8 kHz" in linear.sentence
    assert "FAIL (F) for telephone-band speech" in linear.sentence
    assert "low-pass" in linear.remedy
    assert linear.grade_for("live") == "A"
    # Every third sample folds what a telephone's voice does not have.
    report = evaluate(lambda samples: samples[::3], 48_000, 16_000, live=False, sample_type="float64")
    assert (report.grade_for("wideband"), report.grade_for("telephone-band")) == ("F", "A")
    assert "PASS (A) for telephone-band speech" in report.sentence


def test_json_has_the_promised_keys(linear):
    told = json.loads(json.dumps(resampler_card.structured(linear), allow_nan=False))
    assert told.keys() >= set(PROMISED.split())
    assert told["schema"] == "voicediag.resampler/1"
    assert (told["verdict"], told["wraps"], told["chunk_invariant"]) == ("fail", False, True)
    assert told["floors"]["sinad_997_db"] == 320.0
    # sin(pi f / fi)^2 / (L sin(pi f / (L fi)))^2 with L = 2 is cos(pi f / (2 fi))^2 at the grid of both rates.
    assert told["droop_3400_db"] == pytest.approx(
        -20 * np.log10((np.cos(np.pi * 3_400 / 48_000) / np.cos(np.pi * 997 / 48_000)) ** 2), abs=0.01
    )


def test_nothing_is_told_below_its_floor(linear):
    for number in linear.numbers.values():
        if number.at_floor and number.value:
            assert number.value == number.floor


def test_a_number_that_cannot_arise_is_none():
    report = evaluate(LinearStream, 8_000, 16_000, live=False)
    assert report.alias_rejection_db is None
    assert report.droop_7000_db is None
    assert report.grade_for("wideband") is None
    with pytest.raises(AttributeError):
        _ = report.nothing


@pytest.mark.parametrize(
    ("scale", "value", "letter"),
    [
        (grades.ALIASES, 80.0, "A"),
        (grades.ALIASES, 79.9, "B"),
        (grades.ALIASES, 24.9, "F"),
        (grades.DROOP, 0.1, "A"),
        (grades.DROOP, 29.1, "F"),
        (grades.SEAMS, -65.0, "D"),
    ],
)
def test_letters(scale, value, letter):
    assert scale.letter(value) == letter


def test_page_and_pictures(linear):
    html = page.resampler_page(linear)
    assert "Grade F" in html
    assert "<script" not in html
    assert html.count("<svg") == 1
    assert plots.resampler(linear).png().startswith(b"\x89PNG")
    assert "vd-inline" in page.resampler_card_of(linear)


class TestCommand:
    def test_a_function_of_a_file(self, tmp_path, capsys):
        source = tmp_path / "my_resampler.py"
        source.write_text("def every_third(samples):\n    return samples[::3]\n", encoding="utf-8")
        html, png = tmp_path / "card.html", tmp_path / "card.png"
        words = (f"{source}:every_third", "--from", "48000", "--to", "16000", "--html", str(html), "--png", str(png))
        code, out, _ = run(capsys, *words)
        assert code == 1
        assert "folds back" in out
        assert html.stat().st_size > 10_000
        assert png.stat().st_size > 10_000

    def test_one_that_passes(self, capsys):
        code, out, _ = run(capsys, "soxr-lq-stream", "--json")
        told = json.loads(out)
        assert (code, told["verdict"], told["target"]) == (0, "pass", "soxr-lq-stream")
        assert told["hold_up_mean_ms"] == pytest.approx(11, abs=1)

    def test_a_command(self, tmp_path):
        source = tmp_path / "copy.py"
        source.write_text(
            "import sys, soundfile\nsamples, rate = soundfile.read(sys.argv[1])\n"
            "soundfile.write(sys.argv[2], samples[::3], rate // 3, subtype='FLOAT')\n",
            encoding="utf-8",
        )
        found = named(f"cmd:{sys.executable} {source} {{in}} {{out}}", Rates(in_hz=48_000, out_hz=16_000))
        np.testing.assert_allclose(found(np.arange(9) / 10), [0, 0.3, 0.6], atol=1e-6)
        with pytest.raises(InputError, match="a file of 8000 Hz"):
            named(f"cmd:{sys.executable} {source} {{in}} {{out}}", Rates(in_hz=48_000, out_hz=8_000))(np.zeros(9))

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ((), "expected a TARGET"),
            (("nobody",), "expected FILE.py:NAME"),
            (("nowhere.py:x",), "expected a Python file"),
            (("no_such_module:x",), "no_such_module"),
            (("math:nothing",), "expected a name in math"),
            (("cmd:true",), "expected a command with {in} and {out}"),
            (("cmd:false {in} {out}",), "exit code 1"),
            (("linear", "--from", "24"), "expected rates"),
            (("linear", "--sample-type", "int12"), "expected one of float64"),
        ],
    )
    def test_what_cannot_be_judged(self, words, said, capsys):
        code, _, err = run(capsys, *words)
        assert code == 2
        assert said in re.sub(r"\s+", " ", err)
        assert err.count("\n") == 1


def judged(folder, samples):
    soundfile.write(folder / "back.wav", samples, 16_000)
    return judged_file(folder / "back.wav", 24_000, 16_000)


class TestFiles:
    def test_delay_level_polarity_and_clock_are_found(self, tmp_path, capsys):
        write_plan(tmp_path / "plan.wav", 24_000, 16_000)
        played, rate = soundfile.read(tmp_path / "plan.wav")
        assert rate == 24_000
        assert played.size / rate < 45
        back = soxr.resample(played, 24_000, 16_000 / (1 + 480e-6), "VHQ")
        soundfile.write(tmp_path / "back.wav", np.concatenate([np.zeros(9_001), -0.4 * back]), 16_000)
        report = judged_file(tmp_path / "back.wav", 24_000, 16_000)
        assert report.clock_error_ppm == pytest.approx(480, abs=0.1)
        assert report.delay_ms == pytest.approx(9_001 / 16, abs=0.01)
        assert report.gain_997_db == pytest.approx(20 * np.log10(0.4), abs=0.01)
        assert report.alias_rejection_db > 75
        assert report.chunk_invariant is None
        code, out, _ = run(capsys, str(tmp_path / "back.wav"), "--json")
        assert (code, json.loads(out)["chunks"]) == (0, [])

    def test_gaps_and_clicks_of_a_recording_are_read_past(self, tmp_path):
        write_plan(tmp_path / "plan.wav", 24_000, 16_000)
        played = soundfile.read(tmp_path / "plan.wav")[0]
        back = 0.5 * soxr.resample(played, 24_000, 16_000, "VHQ")
        clean = judged(tmp_path, back)
        torn = back.copy()
        draw = np.random.default_rng(5)
        places = draw.choice(np.arange(2, 13), 6, replace=False) * 16_000 + 3_000
        for place in places:
            torn[place : place + 320] = 0
            torn[place + 4_000] += 0.4
        report = judged(tmp_path, torn)
        assert 1 <= report.response.gaps <= 12
        assert "have a gap or a click" in " ".join(report.notes)
        assert clean.response.gaps == 0
        assert report.grade in {"A", "B"}
        assert report.sinad_997_db == pytest.approx(clean.sinad_997_db, abs=3)
        assert report.alias_rejection_db == pytest.approx(clean.alias_rejection_db, abs=3)

    def test_what_is_not_the_plan(self, tmp_path):
        soundfile.write(tmp_path / "noise.wav", np.random.default_rng(1).uniform(-0.1, 0.1, 400_000), 16_000)
        with pytest.raises(InputError, match="without its chirps"):
            judged_file(tmp_path / "noise.wav", 24_000, 16_000)
        with pytest.raises(InputError, match="16000 Hz"):
            judged_file(tmp_path / "noise.wav", 16_000, 24_000)
        (tmp_path / "words.wav").write_text("words")
        with pytest.raises(InputError, match="a sound file"):
            judged_file(tmp_path / "words.wav", 24_000, 16_000)


def test_the_page_quotes_the_limits():
    text = (Path(__file__).parents[2] / "docs" / "resampling.md").read_text(encoding="utf-8")
    scales = {
        "alias rejection in dB": grades.ALIASES,
        "image rejection in dB": grades.IMAGES,
        "image rejection below 3.4 kHz in dB": grades.TELEPHONE_IMAGES,
        "SINAD at 997 Hz in dB": grades.SINAD,
        "loss at 3.4 kHz in dB": grades.DROOP,
        "loss at 7 kHz in dB": grades.WIDE_DROOP,
        "held back and delayed in ms": grades.LATE,
        "error of cutting in dB": grades.SEAMS,
        "drift in ppm": grades.DRIFT,
    }
    for name, scale in scales.items():
        row = " | ".join(f"{step.value:g}" for step in scale.steps)
        assert f"| {name} | {row} |" in text
        assert all(step.source for step in scale.steps)
