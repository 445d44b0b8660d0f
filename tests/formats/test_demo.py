"""The demo session against the truth that its recipe wrote down."""

import json

import numpy as np
import pytest

from voicediag.errors import InputError
from voicediag.formats import demo


def test_the_agents_turns_lie_where_the_recipe_put_them():
    truth = json.loads((demo.demo_folder() / "truth.json").read_text())
    spoken = [turn.span for turn in demo.load_demo().turns if turn.role == "agent"]
    got = [(span.start_s, span.end_s) for span in spoken]
    np.testing.assert_allclose(got, truth["speech"]["agent"], atol=1e-4)


def test_what_was_received_is_laid_out_as_it_was_played():
    session = demo.load_demo()
    received, played = (session.tracks[name] for name in ("agent-received", "agent-played"))
    heard = received.source.read(0, received.frames)
    np.testing.assert_array_equal(heard, played.source.read(0, received.frames))


def test_an_installation_without_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "PACKAGED", tmp_path / "a")
    monkeypatch.setattr(demo, "RECORDED", tmp_path / "b")
    with pytest.raises(InputError, match="likely slip: an incomplete installation"):
        demo.load_demo()
