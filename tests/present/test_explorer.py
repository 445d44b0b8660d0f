"""The notebook's explorer: the kernel hands out what is asked for, bounded, at the level that it has."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

import voicediag as vd
from voicediag.present.widgets.explorer import LONGEST_HEARD_S, ROWS, Explorer, answered, still
from voicediag.present.widgets.timeline import envelopes

SOUND = {"ask": "sound", "track": "agent-played", "from": 2.0, "to": 3.0}


def test_sound_comes_at_its_own_level(two_voices):
    answer, content = answered(two_voices, SOUND)
    samples, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32")
    assert (answer, rate_hz) == ({}, 16_000)
    spoken = two_voices.tracks["agent-played"].source.samples[32_000:48_000]
    assert np.abs(samples - spoken).max() <= 1 / 32_768


def test_an_answer_is_bounded(two_voices, monkeypatch):
    _, content = answered(two_voices, {**SOUND, "from": 0, "to": 10.9})
    assert soundfile.info(io.BytesIO(content)).duration == LONGEST_HEARD_S
    answer, content = answered(two_voices, {**SOUND, "ask": "picture", "columns": 10**9})
    assert (answer["rows"], answer["columns"]) == (ROWS, 2_000)
    assert len(content) == ROWS * 2_000
    monkeypatch.setattr("voicediag.present.widgets.explorer.LONGEST_SEEN_S", 0.5)
    assert answered(two_voices, {**SOUND, "ask": "picture", "columns": 10})[0]["why"].startswith("Zoom in")


@pytest.mark.parametrize(
    "wrong",
    [
        {"track": "nobody"},
        {"track": None},
        {"from": "x"},
        {"from": float("nan")},
        {"to": float("inf")},
        {"to": None},
        {"from": 3.0, "to": 2.0},
        {"from": -1.0},
        {"to": 10**400},
        {"columns": []},
    ],
)
def test_what_makes_no_sense_is_told_so(two_voices, wrong):
    answer, content = answered(two_voices, {**SOUND, **wrong})
    assert answer["why"]
    assert content == b""


def test_it_answers_the_widget_by_its_number(diagnosis, monkeypatch):
    explorer, sent = Explorer(diagnosis.session, diagnosis.findings), []
    monkeypatch.setattr(Explorer, "send", lambda _, content, buffers=None: sent.append((content, buffers)))
    explorer._handle_custom_msg({**SOUND, "id": "7"}, [])
    explorer._handle_custom_msg("nonsense", [])
    assert [(content["id"], len(buffers[0])) for content, buffers in sent] == [("7", 44 + 32_000)]


def test_a_diagnosis_brings_its_findings(diagnosis):
    assert [finding["id"] for finding in vd.explore(diagnosis).about["findings"]] == ["echo-leak", "self-hearing-loop"]


def test_whoever_shows_no_widgets_gets_a_still_picture(two_voices):
    bundle, _ = vd.explore(two_voices)._repr_mimebundle_()
    assert bundle["text/html"].startswith("<svg")
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert len(bundle["text/html"]) < 60_000
    assert still(envelopes(two_voices)) == bundle["text/html"]


def test_a_long_session_shows_how_much_of_it_was_read(monkeypatch, two_voices):
    told = []
    shown = SimpleNamespace(update=lambda html: told.append(html.data))
    monkeypatch.setattr("voicediag.notebook.LONG_S", 1.0)
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: shown)
    whole = vd.explore(two_voices).about["seconds"]
    assert f'<progress max="{whole:.0f}" value="{whole:.0f}">' in told[-2]
    assert told[-1] == ""


def test_a_diagnosis_without_envelopes_is_read(two_voices, diagnosis):
    explorer = vd.explore(replace(diagnosis, envelopes={}))
    assert [track["name"] for track in explorer.about["tracks"]] == list(two_voices.tracks)
