"""Sound that does not pass in time: each kind of fault of a known size, and what only looks like one."""

import json

import numpy as np
import pytest
from scenes import RECORDINGS, agent_voice, session_of

import voicediag as vd
from voicediag.detect import bad_pacing
from voicediag.detect.examination import Examination
from voicediag.live.client.player import Player
from voicediag.session import Chunks, Mark, Session
from voicediag.signals import pacings

FOLDER = RECORDINGS / "bad-pacing"
RATE_HZ = 16_000
SOUND = agent_voice(1)


def frames(seconds, length_s=0.02):
    return np.full(round(seconds / length_s), length_s)


def chunks(*answers, ended=True):
    """Return chunks of answers that begin 2 s after one another."""
    begins_s, at_s = 1.0, []
    for answer in answers:
        at_s.append(begins_s + answer.at_s)
        begins_s = at_s[-1][-1] + 2.0
    lengths = np.round(np.concatenate([answer.lengths_s for answer in answers]) * RATE_HZ).astype(np.int64)
    return Chunks(
        rate_hz=RATE_HZ,
        at_s=np.concatenate(at_s),
        firsts=np.cumsum(lengths) - lengths,
        ends=np.cumsum(lengths),
        answers=np.repeat(np.arange(len(answers)), [answer.at_s.size for answer in answers]),
        ended=ended,
    )


def examined(session):
    return bad_pacing.DETECTOR.examine(Examination(session))


def up(paced, **fields):
    return examined(Session(source="test", tracks={}, sent_chunks=chunks(paced, ended=False), **fields))


def down(*answers, playback=()):
    came = chunks(*answers)
    sound = np.resize(SOUND, int(came.ends[-1]))
    return examined(session_of({"agent-received": sound}, chunks=came, playback=tuple(playback)))


def test_a_sender_that_sleeps_after_each_send_falls_behind():
    (finding,) = up(pacings.sleeping(frames(60), overhead_s=0.0013, seed=1)).findings
    measure = finding.primary.measure
    assert (measure["kind"], measure["direction"]) == ("sleep-drift", "up")
    assert measure["interval_ms"] == pytest.approx(21.3, abs=0.05)
    assert measure["underfeed_percent"] == pytest.approx(100 * 1.3 / 21.3, abs=0.1)
    assert measure["slope_ms_per_s"] == pytest.approx(1_000 * 1.3 / 21.3, abs=1)
    assert measure["bytes_per_s"] == pytest.approx(32_000 * 20 / 21.3, rel=0.001)
    assert measure["real_time_bytes_per_s"] == 32_000
    assert "sleeps after each send" in finding.summary
    assert "absolute deadlines" in finding.remedy
    # It takes the whole session.
    assert finding.where.hull.duration_s == pytest.approx(2_999 * 0.0213, rel=0.01)


def test_a_sender_that_is_uneven_and_keeps_its_deadlines_has_jitter():
    (finding,) = up(pacings.jittered(pacings.absolute(frames(60)), sigma_s=0.08, seed=1)).findings
    assert finding.primary.measure["kind"] == "jitter"
    assert abs(finding.primary.measure["slope_ms_per_s"]) < 2
    assert "no drift" in finding.summary


def test_a_stall_that_ends_in_a_burst_is_told_with_its_span():
    (finding,) = up(pacings.stalled(pacings.absolute(frames(30)), stalls=[(8.99, 1.5)])).findings
    measure = finding.primary.measure
    assert (measure["kind"], measure["stalls"], measure["bursts"]) == ("stall-and-burst", 1, 1)
    assert measure["longest_stall_ms"] == pytest.approx(1_490)
    assert (finding.where.hull.start_s, finding.where.hull.end_s) == (pytest.approx(9.98), pytest.approx(11.49))


def test_a_remainder_that_is_waited_for_like_a_whole_frame_is_told():
    (finding,) = up(pacings.framed(0.05, frame_s=0.02, messages=400)).findings
    assert finding.primary.measure["kind"] == "framing"
    assert "Carry the remainder" in finding.remedy


@pytest.mark.parametrize("speed", [0.6, 0.9])
def test_a_model_that_is_slower_than_real_time_is_told(speed):
    answers = [pacings.generated(frames(6, 0.04), speed=speed, seed=seed) for seed in range(4)]
    (finding,) = down(*answers).findings
    measure = finding.primary.measure
    assert (measure["kind"], measure["direction"]) == ("slow-source", "down")
    assert measure["bytes_per_s"] == pytest.approx(32_000 * speed, rel=0.05)


@pytest.mark.parametrize("speed", [1.0, 2.0, 8.0])
def test_a_model_that_is_faster_than_real_time_does_nothing_wrong(speed):
    verdict = down(*[pacings.absolute(frames(5), speed=speed)] * 3)
    assert verdict.is_clear
    assert speed == 1 or f"{speed:.1f} times as fast as it is heard" in verdict.bound


def test_what_the_lead_of_a_fast_model_covers_is_no_stall():
    answers = [pacings.stalled(pacings.absolute(frames(6), speed=4.0), stalls=[(1.0, 0.8)]) for _ in range(3)]
    assert down(*answers).is_clear


def test_a_stall_in_a_pause_of_the_speech_is_not_heard():
    sound, first = SOUND.copy(), 100 * 640
    sound[first - RATE_HZ // 5 : first + RATE_HZ // 5] = 0
    at_s = pacings.absolute(frames(20, 0.04)).at_s.copy()
    at_s[100:] = np.maximum(at_s[100:], at_s[100] + 0.8)
    came = chunks(pacings.Paced(at_s=at_s, lengths_s=frames(20, 0.04)))
    assert examined(session_of({"agent-received": sound}, chunks=came)).is_clear


def logged(queue_s, speed):
    """Return answers and the log of a player whose queue takes no more than `queue_s`."""
    answers = [pacings.absolute(frames(5, 0.04), speed=speed) for _ in range(3)]
    came, player, index = chunks(*answers), Player(RATE_HZ, most_queued_s=queue_s, drops_newest=True), 0
    for tick in range(1_500):
        t_ns = tick * 20_000_000
        while index < came.at_s.size and came.at_s[index] * 1e9 <= t_ns:
            player.queue(bytes(2 * 640), round(came.at_s[index] * 1e9))
            index += 1
        player.play(320, t_ns)
    return answers, player.log


def test_a_queue_that_is_full_drops_the_newest():
    answers, log = logged(0.5, 3.0)
    (finding,) = [each for each in down(*answers, playback=log).findings if each.primary.measure["kind"] == "overflow"]
    assert finding.primary.measure["queue_ms"] == pytest.approx(500, abs=45)
    assert "the queue was full" in finding.summary
    answers, log = logged(600.0, 3.0)
    assert down(*answers, playback=log).is_clear


def test_frames_that_are_lost_at_any_depth_are_no_full_queue():
    answers, log = logged(600.0, 1.5)
    events = [event for event in log if event.event == "played"]
    lost = np.random.default_rng(1).choice(len(events) // 4, 30, replace=False)
    kept = [event for number, event in enumerate(events) if number // 4 not in lost]
    assert down(*answers, playback=kept).is_clear


def test_on_a_telephone_the_app_sends_what_the_agent_says():
    drift = pacings.sleeping(frames(30), overhead_s=0.002, seed=1)
    marks = (Mark(kind="telephone", at_s=0.0, message="connected"),)
    session = session_of({"agent-received": SOUND}, chunks=chunks(drift, ended=False), marks=marks)
    (finding,) = examined(session).findings
    assert finding.primary.measure["kind"] == "sleep-drift"
    assert finding.summary.startswith("The app sends 20 ms of sound every 22.0 ms")


def test_a_talk_button_and_lost_chunks_are_no_pace():
    paced = pacings.absolute(frames(60))
    pressed = pacings.Paced(at_s=paced.at_s + 2.0 * np.floor(paced.at_s / 7), lengths_s=paced.lengths_s)
    assert up(pressed).is_clear
    assert up(pacings.lossy(pacings.absolute(frames(60, 0.04)), share=0.1, seed=1)).is_clear


def test_sound_of_another_rate_is_left_to_wrong_rate():
    # 8 kHz declared as 16 kHz: half of the samples come.
    assert up(pacings.absolute(frames(30), speed=1 / 2)).is_clear
    assert not up(pacings.absolute(frames(30), speed=0.6)).is_clear


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        (session_of({"user-sent": SOUND}), "no wire log"),
        (Session(source="test", tracks={}, sent_chunks=chunks(pacings.absolute(frames(2)))), "under 5 s"),
    ],
)
def test_what_is_not_there_is_unjudged(session, reason):
    assert reason in examined(session).reason


def test_the_recorded_stalls_are_the_root_cause():
    planted = json.loads((FOLDER / "late-burst.vds" / "truth.json").read_text())["faults"][0]
    diagnosis = vd.check(vd.load(FOLDER / "late-burst.vds"))
    (finding,) = diagnosis.root_causes
    assert finding.primary.measure["kind"] == "stall-and-burst"
    assert finding.primary.measure["stalls"] == planted["sizes"]["stalls"]
    # A chunk of 80 ms is heard meanwhile.
    assert finding.primary.measure["longest_stall_ms"] == pytest.approx(1_000 * planted["sizes"]["longest_s"] - 80)
    assert [[span.start_s, span.end_s] for span in finding.where] == [
        pytest.approx(span, abs=1e-3) for span in planted["spans"]
    ]
    assert [symptom.id for symptom in diagnosis.symptoms(finding)] == ["starved-playback"]


def test_the_recorded_sender_that_sleeps_is_measured():
    planted = json.loads((FOLDER / "sleeping-sender.vds" / "truth.json").read_text())["faults"][0]
    (finding,) = vd.check(vd.load(FOLDER / "sleeping-sender.vds")).root_causes
    measure = finding.primary.measure
    assert (measure["kind"], finding.primary.track) == ("sleep-drift", planted["track"])
    # Some 5 ms of the network's jitter at either end of 7 s.
    assert measure["underfeed_percent"] == pytest.approx(planted["sizes"]["underfeed_percent"], abs=0.15)
    assert measure["interval_ms"] == pytest.approx(41.6, abs=0.1)
