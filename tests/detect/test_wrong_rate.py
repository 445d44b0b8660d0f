"""Sound that is sent at another rate than the declared one: planted in counts and in a log, at known ratios."""

import json

import pytest
from scenes import RECORDINGS, session_of, voice
from wire_messages import gemini_up, line, write_log

import voicediag as vd
from voicediag.detect import wrong_rate
from voicediag.detect.examination import Examination
from voicediag.session.pace import Pace, PaceMeter

FOLDER = RECORDINGS / "wrong-rate"


def examined(frames, declared_hz=16_000):
    sent = Pace(rate_hz=declared_hz, frames=frames) if frames else None
    return wrong_rate.DETECTOR.examine(Examination(session_of({"user-sent": voice(1)}, sent=sent)))


def paced(samples_per_s, *, chunk_s=0.04, duration_s=20.0, jitter_s=0.0):
    """The counts of a sender whose chunks leave at their times, each with as much as its rate makes."""
    meter, number = PaceMeter(), 0
    while number * chunk_s < duration_s:
        late_s = jitter_s * ((number * 7) % 5)
        meter.sent(number * chunk_s + late_s, round(samples_per_s * chunk_s), 16_000)
        number += 1
    return meter.result().frames


@pytest.mark.parametrize(
    ("samples_per_s", "declared_hz", "actual_hz"),
    [
        (24_000, 16_000, 24_000),
        (48_000, 16_000, 48_000),
        (44_100, 16_000, 44_100),
        (32_000, 16_000, 32_000),
        (8_000, 16_000, 8_000),
        (16_000, 24_000, 16_000),
        (48_000, 24_000, 48_000),
        (16_000, 8_000, 16_000),
    ],
)
@pytest.mark.parametrize("chunk_s", [0.02, 0.1])
def test_a_known_ratio_is_found(samples_per_s, declared_hz, actual_hz, chunk_s):
    (finding,) = examined(paced(samples_per_s, chunk_s=chunk_s, jitter_s=0.004), declared_hz).findings
    measure = finding.primary.measure
    assert (measure["declared_hz"], measure["actual_hz"]) == (declared_hz, actual_hz)
    assert measure["ratio"] == pytest.approx(samples_per_s / declared_hz, rel=0.01)


def test_twice_the_rate_may_be_stereo():
    assert "or 16,000 Hz in stereo" in examined(paced(32_000)).findings[0].summary
    assert "stereo" not in examined(paced(24_000)).findings[0].summary


@pytest.mark.parametrize("samples_per_s", [16_000, 15_990, 16_010])
def test_the_declared_rate_is_clear(samples_per_s):
    assert "as declared" in examined(paced(samples_per_s)).bound


@pytest.mark.parametrize("samples_per_s", [12_938, 14_500, 17_200, 20_000])
def test_a_sender_that_dawdles_or_hurries_is_no_wrong_rate(samples_per_s):
    assert "sender's pace" in examined(paced(samples_per_s)).bound


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        (None, "no wire log"),
        (paced(24_000, duration_s=8.0), "no sound was sent for 8 s"),
        ({second: 48_000 if second % 3 else 0 for second in range(0, 60, 2)}, "no sound was sent for 8 s"),
        ({second: 16_000 + 3_000 * second for second in range(20)}, "in bursts or unsteadily"),
    ],
)
def test_what_cannot_be_counted_is_unjudged(frames, reason):
    assert reason in examined(frames).reason


@pytest.mark.parametrize(("frames", "found"), [(960, ["wrong-rate"]), (640, [])])
def test_a_log_is_counted(tmp_path, frames, found):
    lines = [line(0.0, "up", {"setup": {"model": "models/m"}}), line(0.1, "down", {"setupComplete": {}})]
    lines += [line(0.2 + 0.04 * number, "up", gemini_up(bytes(2 * frames))) for number in range(500)]
    diagnosis = vd.check(vd.load(write_log(tmp_path / "call.jsonl", lines)))
    assert [finding.id for finding in diagnosis.findings if finding.cause == "format"] == found


def test_the_recorded_rate_is_found_as_it_was_planted():
    planted = json.loads((FOLDER / "24k-as-16k.vds" / "truth.json").read_text())["faults"][0]["sizes"]
    (finding,) = vd.check(vd.load(FOLDER / "24k-as-16k.vds")).findings
    measure = finding.primary.measure
    assert (measure["declared_hz"], measure["actual_hz"]) == (planted["declared_hz"], planted["actual_hz"])
    assert measure["ratio"] == pytest.approx(planted["ratio"], rel=0.01)
