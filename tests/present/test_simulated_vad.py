import json
import re
from pathlib import Path

import pytest
from scenes import RECORDINGS
from typer.testing import CliRunner

from voicediag.cli import app
from voicediag.measure.speech import weights

CAR = str(RECORDINGS / "echo-leak" / "car-90ms.vds")
installed = pytest.mark.skipif(not weights.is_installed(), reason="no Silero here; make test brings it")


def ran(*arguments):
    return CliRunner().invoke(app, ["activity", CAR, *arguments])


def told(*arguments):
    outcome = ran(*arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@installed
def test_json_has_what_the_page_says_and_is_marked_as_simulated():
    answer = json.loads(told("--as", "openai", "--set", "silence_duration_ms=300", "--json"))
    assert answer["simulated"] is True
    assert answer["settings"] == {"threshold": 0.5, "prefix_padding_ms": 300.0, "silence_duration_ms": 300.0}
    assert answer["assumed"]
    least, most = answer["starts"]
    assert 1 <= least <= most <= sum(turn["turns"][1] for turn in answer["turns"])
    keys = {key for key in answer if key != "turns"} | {f"turns[].{key}" for key in answer["turns"][0]}
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    chapter = page.partition("## `voicediag activity PATH --as")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\S+)` \|", chapter, re.MULTILINE)) == keys


@installed
def test_text_says_that_it_is_simulated_and_what_was_assumed():
    output = told("--as", "gemini", "--set", "prefix_padding_ms=20", "--set", "silence_duration_ms=500")
    assert output.startswith("SIMULATED: Gemini's automaticActivityDetection on user-sent")
    assert "Assumed: the network" in output
    assert "speech asked for before a start" in " ".join(output.split())


def test_without_the_network_it_says_what_to_install(monkeypatch):
    weights.network.cache_clear()
    monkeypatch.setattr(weights, "_weights", lambda: None)
    outcome = ran("--as", "openai")
    weights.network.cache_clear()
    assert outcome.exit_code == 2
    assert "voicediag[vad]" in outcome.output + outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--as", "gemini", "--set", "threshold=0.5"), "one of OpenAI's server_vad"),
        (("--as", "gemini"), "does not tell their defaults"),
        (("--as", "openai", "--set", "threshold=loud"), "between 0 and 1"),
        (("--as", "openai", "--set", "threshold"), "between 0 and 1"),
        (("--as", "openai", "--engine", "plain"), "without --engine"),
        (("--set", "threshold=0.5"), "beside --set"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_a_line(arguments, said):
    outcome = ran(*arguments)
    assert outcome.exit_code == 2
    assert said in outcome.output + outcome.stderr
