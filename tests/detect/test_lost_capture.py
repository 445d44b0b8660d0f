import json

import numpy as np
import pytest
from echoing import DURATION_S, agent, echoing, without
from scenes import RATE_HZ, RECORDINGS, room, session_of, voice

import voicediag as vd
from voicediag.detect import starved_capture
from voicediag.detect.examination import Examination

# Of the sound before it was cut.
CUTS_S = (4.3, 6.9, 11.2, 13.7, 17.1, 20.6, 23.4, 26.8)


def examined(mic, far, *, speaker="agent-played"):
    return starved_capture.DETECTOR.examine(Examination(session_of({"user-sent": mic, speaker: far})))


def test_lost_buffers_are_counted_and_named_and_explain_the_echo():
    far = agent()
    diagnosis = vd.check(session_of({"user-sent": without(echoing(far), CUTS_S, 160), "agent-played": far}))
    (cause,) = diagnosis.root_causes
    assert cause.id == "starved-capture"
    measure = cause.primary.measure
    assert measure["gaps"] == len(CUTS_S)
    assert measure["gap_total_s"] == pytest.approx(0.08, abs=0.001)
    assert measure["buffer_ms"] == pytest.approx(10)
    assert measure["at_s"] == pytest.approx(CUTS_S[0], abs=0.15)
    (echo,) = [finding for finding in diagnosis.findings if finding.id == "echo-leak"]
    assert echo.explained_by == "starved-capture"
    assert echo.primary.measure["jumps"] == len(CUTS_S)


def test_recorded_losses_add_up_to_what_was_planted():
    folder = RECORDINGS / "starved-capture" / "lost-buffers.vds"
    planted = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["faults"][0]["sizes"]
    (cause,) = vd.check(vd.load(folder)).root_causes
    assert cause.primary.measure["gap_total_s"] == pytest.approx(planted["gap_total_s"], abs=0.001)
    assert cause.primary.measure["buffer_ms"] == pytest.approx(1_000 * planted["gap_total_s"] / planted["gaps"])
    assert "echo-leak" in cause.explains


def test_few_losses_are_a_cause_beside_the_echo():
    far = agent()
    diagnosis = vd.check(session_of({"user-sent": without(echoing(far), CUTS_S[::2][:3], 160), "agent-played": far}))
    assert {finding.id for finding in diagnosis.root_causes} == {"starved-capture", "echo-leak"}


def test_the_clean_twin_is_clear():
    far = agent()
    assert examined(echoing(far, erl_db=24.0, near_db=-20.0), far).is_clear


def test_a_skew_is_no_loss():
    far = agent()
    assert examined(echoing(far, erl_db=24.0, near_db=-20.0, drift_ppm=-500), far).is_clear


def test_a_single_jump_is_evidence_of_the_echo_and_no_loss():
    far = agent()
    mic = without(echoing(far), CUTS_S[:1], 160)
    diagnosis = vd.check(session_of({"user-sent": mic, "agent-played": far}))
    assert [finding.id for finding in diagnosis.findings] == ["echo-leak"]
    shown = [evidence.measure.get("jump_ms") for evidence in diagnosis.findings[0].supporting]
    assert shown[-1] == pytest.approx(-10, abs=0.2)


def test_a_queue_between_replies_is_no_loss_where_only_what_came_is_known():
    # Every reply comes 10 ms sooner after it was sent down: a player's queue, and nothing that a microphone lost.
    far = agent()
    far[: 2 * RATE_HZ] = 0
    starts = np.arange(2, DURATION_S - 3, 4)
    mic = room(5, duration_s=DURATION_S)
    for index, start_s in enumerate(starts):
        first, last = round(start_s * RATE_HZ), round((start_s + 3) * RATE_HZ)
        far[last : last + RATE_HZ] = 0
        later = first + round((0.2 - 0.01 * index) * RATE_HZ)
        mic[later : later + last - first] += 0.2 * far[first:last]
    assert not examined(mic.astype(np.float32), far, speaker="agent-received").findings


def test_without_an_echo_there_is_nothing_to_see_it_by():
    far = agent()
    mic = without(voice(12, duration_s=DURATION_S), CUTS_S, 160)
    assert examined(mic, far).is_clear
