"""A player, or who cuts before it, that fills each chunk up with zeros: told with its chunk, and not as gaps."""

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, session_of

import voicediag as vd
from voicediag.detect import starved_playback
from voicediag.detect.examination import Examination

CHUNK, PERIOD = 2_400, 2_432
WHOLE = agent_voice(2)


def filled_up(sound):
    whole = sound[: sound.size // CHUNK * CHUNK].reshape(-1, CHUNK)
    return np.pad(whole, ((0, 0), (0, PERIOD - CHUNK))).ravel().astype(np.float32)


def findings(**tracks):
    session = session_of({name.replace("_", "-"): sound for name, sound in tracks.items()})
    return starved_playback.DETECTOR.examine(Examination(session)).findings


def test_a_player_that_fills_up_is_told_with_its_chunk():
    (finding,) = findings(agent_received=WHOLE, agent_played=filled_up(WHOLE))
    measure = finding.primary.measure
    assert (measure["kind"], finding.primary.track) == ("padded-remainders", "agent-played")
    assert (measure["chunk_frames"], measure["period_frames"]) == (CHUNK, PERIOD)
    assert measure["hole_ms"] == pytest.approx(1_000 * (PERIOD - CHUNK) / RATE_HZ, abs=0.1)
    assert measure["gap_total_s"] == pytest.approx(measure["gaps"] * (PERIOD - CHUNK) / RATE_HZ, rel=0.05)
    assert "each chunk of 2400 frames (150.0 ms) is filled up with zeros to 2432" in finding.summary
    assert "ring buffer" in finding.remedy


def test_one_track_is_enough_and_what_came_so_is_not_the_players_fault():
    for name in ("agent_received", "agent_played"):
        (finding,) = findings(**{name: filled_up(WHOLE)})
        assert finding.primary.measure["kind"] == "padded-remainders"
    (finding,) = findings(agent_received=filled_up(WHOLE), agent_played=filled_up(WHOLE))
    assert finding.primary.track == "agent-received"
    assert "whoever cuts it into chunks before" in finding.remedy


def test_the_clean_twin_is_clear():
    assert not findings(agent_received=WHOLE, agent_played=WHOLE)
    assert not findings(agent_played=WHOLE)


def test_a_silent_track_is_not_judged():
    verdict = starved_playback.DETECTOR.examine(Examination(session_of({"agent-played": np.zeros(32_000, np.float32)})))
    assert "silent" in verdict.reason


def test_it_is_the_root_cause():
    (cause,) = vd.check(session_of({"agent-received": WHOLE, "agent-played": filled_up(WHOLE)})).root_causes
    assert (cause.id, cause.primary.measure["kind"]) == ("starved-playback", "padded-remainders")
