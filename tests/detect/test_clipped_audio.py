import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import clipped_audio
from voicediag.detect.examination import Examination
from voicediag.spans import Span

WITHIN = Span(5, 15)


def examined(samples):
    session = session_of({"user-sent": samples, "agent-played": agent_voice(2)})
    return clipped_audio.DETECTOR.examine(Examination(session))


def test_clipped_span_is_found_where_it_was_planted():
    planted = signals.clip(voice(1), rate_hz=RATE_HZ, within=WITHIN, gain_db=24)
    finding = examined(planted.samples).findings[0]
    assert finding.remedy == clipped_audio.REMEDY_CLIP
    assert WITHIN.padded(0.5).overlap(finding.where.hull) == finding.where.hull
    # Runs of one or two samples at the rail may be the signal's own peaks and are not counted.
    assert 0.5 * planted.sizes["clipped_samples"] < finding.primary.measure["clipped_samples"]
    assert finding.primary.measure["clipped_samples"] <= planted.sizes["clipped_samples"]


def test_wrapped_samples_are_told_from_clipped_ones():
    finding = examined(signals.wrap(voice(1), rate_hz=RATE_HZ, within=WITHIN, gain_db=18).samples).findings[0]
    assert finding.remedy == clipped_audio.REMEDY_WRAP
    assert finding.primary.measure["wraps"] >= 3


def test_clean_twin_is_clear():
    assert examined(voice(1)).is_clear


def test_sound_that_peaks_just_below_the_rail_is_clear():
    loud = voice(1)
    assert examined((0.999 * loud / np.abs(loud).max()).astype(np.float32)).is_clear


@pytest.mark.parametrize(("bumps", "is_clear"), [(1, True), (2, False)])
def test_one_bump_against_the_microphone_is_no_clipping_but_two_are(bumps, is_clear):
    # Each bump is 30 ms of a 200 Hz tone at twice full scale: twelve flat tops, six on either side.
    sound = voice(1)
    for bump in range(bumps):
        at = (4 + 3 * bump) * RATE_HZ
        sound[at : at + 480] += signals.sine(frequency_hz=200, duration_s=0.03, rate_hz=RATE_HZ, peak=2)
    assert examined(np.clip(sound, -1, 32_767 / 32_768)).is_clear == is_clear


def test_digital_silence_is_unjudged():
    session = session_of({"user-sent": np.zeros(RATE_HZ * 5, np.float32)})
    assert "digital silence" in clipped_audio.DETECTOR.examine(Examination(session)).reason


@pytest.mark.parametrize(
    ("name", "remedy"), [("preamp-18db", clipped_audio.REMEDY_CLIP), ("wrap-around", clipped_audio.REMEDY_WRAP)]
)
def test_recorded_rails_are_found(name, remedy):
    session = vd.load(RECORDINGS / "clipped-audio" / f"{name}.vds")
    assert clipped_audio.DETECTOR.examine(Examination(session)).findings[0].remedy == remedy
