"""Too little sound is sent: because the microphone lost it, because the sender is slow, or nobody can tell."""

import json
import shutil

import numpy as np
import pytest
from echoing import DURATION_S, agent, echoing, without
from scenes import RATE_HZ, RECORDINGS, agent_voice, session_of, voice

import voicediag as vd
from voicediag.session import ArraySource, Chunks, Clock, Session, Track
from voicediag.session.layout import Capture, PlacedSource
from voicediag.signals import pacings

CHUNK = 640
LOST_S = 0.02
# Of the sound before it was cut: 16 buffers of 20 ms are more than a layout lets pass without a hole.
CUTS_S = np.sort(np.random.default_rng(7).choice(np.arange(3.0, 28.0, 0.6), 16, replace=False))


def captured(frames, lost_at, rate_hz=RATE_HZ, lost_s=LOST_S, seed=1):
    """Return when an app sends chunks that sends each one when the microphone has delivered it."""
    ends_s = np.arange(CHUNK, frames + 1, CHUNK) / rate_hz
    lost = np.searchsorted(np.asarray(lost_at) - lost_s * np.arange(len(lost_at)), ends_s)
    return ends_s + lost_s * lost + np.random.default_rng(seed).uniform(0.001, 0.006, ends_s.size)


def sleepy(frames, share=0.0107, seed=1):
    ends_s = np.arange(CHUNK, frames + 1, CHUNK) / RATE_HZ
    return ends_s * (1 + share) + np.random.default_rng(seed).uniform(0.001, 0.006, ends_s.size)


def chunks(at_s):
    firsts = CHUNK * np.arange(at_s.size)
    zeros = np.zeros(at_s.size, np.int64)
    return Chunks(rate_hz=RATE_HZ, at_s=at_s, firsts=firsts, ends=firsts + CHUNK, answers=zeros, ended=False)


def session(mic, at_s, **others):
    """Return a session whose microphone lies where its chunks were sent, as a relay's recording has it."""
    layout = Capture(RATE_HZ)
    for index, sent_s in enumerate(at_s.tolist()):
        layout.send(sent_s, CHUNK, first=CHUNK * index)
    placed = PlacedSource(ArraySource(mic, RATE_HZ), layout)
    sent = Track(name="user-sent", source=placed, clock=Clock(learnt_from="wire"))
    made = session_of({name.replace("_", "-"): sound for name, sound in others.items()}, sent_chunks=chunks(at_s))
    return Session(source="test", tracks={**made.tracks, "user-sent": sent}, sent_chunks=made.sent_chunks)


def pacing_of(diagnosis):
    return next(finding for finding in diagnosis.findings if finding.id == "bad-pacing")


def restamped(folder, copy, sent_s):
    """Return a copy of a recording whose chunks of the user were sent at other times."""
    shutil.copytree(folder, copy)
    lines = [json.loads(line) for line in (copy / "wire.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line["dir"] == "up" and "audio" in line:
            line["t_ns"] = round(1e9 * sent_s[line["audio"]["frame"] // CHUNK])
    lines.sort(key=lambda line: line["t_ns"])
    (copy / "wire.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    manifest = json.loads((copy / "session.json").read_text(encoding="utf-8"))
    manifest["clocks"]["user-sent"]["learnt_from"] = "wire"
    (copy / "session.json").write_text(json.dumps(manifest), encoding="utf-8")
    return vd.load(copy)


def test_the_recorded_losses_paced_by_the_capture_are_the_root_cause(tmp_path):
    folder = RECORDINGS / "starved-capture" / "lost-buffers.vds"
    planted = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["faults"][0]
    seams_s = np.array([seam[0] for seam in planted["spans"]])
    lost_s = planted["sizes"]["gap_total_s"] / planted["sizes"]["gaps"]
    # The seams lie where the sound is closed up.
    at_s = captured(400 * CHUNK, seams_s + lost_s * np.arange(seams_s.size), lost_s=lost_s)
    diagnosis = vd.check(restamped(folder, tmp_path / "paced.vds", at_s))
    (cause,) = diagnosis.root_causes
    assert cause.id == "starved-capture"
    symptom = pacing_of(diagnosis)
    assert (symptom.explained_by, symptom.primary.measure["kind"]) == ("starved-capture", "lost-capture")
    assert symptom.primary.measure["lack_ms"] == pytest.approx(1_000 * planted["sizes"]["gap_total_s"], abs=12)
    assert "deadlines would send silence" in symptom.remedy


def test_losses_of_a_long_session_stay_the_root_cause_beside_the_holes_of_its_layout():
    far = agent()
    mic = without(echoing(far), CUTS_S, round(LOST_S * RATE_HZ))
    diagnosis = vd.check(session(mic, captured(mic.size, CUTS_S), agent_played=far))
    assert [cause.id for cause in diagnosis.root_causes] == ["starved-capture"]
    assert pacing_of(diagnosis).primary.measure["kind"] == "lost-capture"
    (leak,) = (finding for finding in diagnosis.findings if finding.id == "echo-leak")
    # The rises at the holes are how the recording was laid out; the falls are what a canceller meets.
    assert leak.primary.measure["why"] == "capture-drops"


def test_a_sender_that_sleeps_is_told_from_losses_by_its_echo():
    far = agent()
    diagnosis = vd.check(session(echoing(far), sleepy(far.size), agent_played=far))
    measure = pacing_of(diagnosis).primary.measure
    assert pacing_of(diagnosis).explained_by is None
    assert measure["kind"] == "sleep-drift"
    assert measure["lost_ms"] <= 0.1 * measure["lack_ms"]


def test_a_queue_that_a_sleeping_sender_lets_overflow_is_the_senders_fault():
    # As much is lost as the sender lacks, and yet each chunk is late by the same.
    far = agent()
    mic = without(echoing(far), CUTS_S, round(LOST_S * RATE_HZ))
    diagnosis = vd.check(session(mic, sleepy(mic.size), agent_played=far))
    assert pacing_of(diagnosis).primary.measure["kind"] == "sleep-drift"
    assert "bad-pacing" in [cause.id for cause in diagnosis.root_causes]
    assert "starved-capture" in [symptom.id for symptom in diagnosis.symptoms(pacing_of(diagnosis))]


def test_a_tap_before_the_queue_tells_too():
    raw = voice(12, duration_s=DURATION_S)
    mic = without(raw, CUTS_S, round(LOST_S * RATE_HZ))
    diagnosis = vd.check(session(mic, captured(mic.size, CUTS_S), user_captured=raw))
    assert [cause.id for cause in diagnosis.root_causes] == ["starved-capture"]
    assert pacing_of(diagnosis).explained_by == "starved-capture"


def test_where_nothing_tells_it_says_so():
    mic = without(voice(12, duration_s=DURATION_S), CUTS_S, round(LOST_S * RATE_HZ))
    finding = pacing_of(vd.check(session(mic, captured(mic.size, CUTS_S), agent_received=agent_voice(3))))
    assert (finding.primary.measure["kind"], finding.primary.measure["growth"]) == ("falls-behind", "steps")
    assert finding.primary.measure["lost_ms"] is None
    assert "does not tell which" in finding.summary
    assert "Count the frames" in finding.remedy


def test_a_sender_that_is_late_with_every_chunk_needs_no_witness():
    paced = pacings.sleeping(np.full(750, 0.04), overhead_s=0.001, seed=1)
    finding = pacing_of(vd.check(Session(source="test", tracks={}, sent_chunks=chunks(paced.at_s))))
    assert (finding.primary.measure["kind"], finding.primary.measure["growth"]) == ("sleep-drift", "even")
