import json

import numpy as np
import pytest
import soxr
from resamplers import linear
from scenes import RECORDINGS, room, session_of, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import Severity, poor_resampler
from voicediag.detect.examination import Examination
from voicediag.session import ArraySource, Clock, Session, Track

RATE_HZ = 16_000


def examined(**tracks):
    session = session_of({name.replace("_", "-"): sound.astype(np.float32) for name, sound in tracks.items()})
    return poor_resampler.DETECTOR.examine(Examination(session))


def spoken(rate_hz, duration_s=12):
    return signals.speech_like(duration_s=duration_s, rate_hz=rate_hz, level_db=-24, seed=7).samples


def in_chunks(sound, rates, frames):
    parts = [soxr.resample(sound[start : start + frames], *rates) for start in range(0, sound.size, frames)]
    return np.concatenate(parts)


def test_seams_are_found_with_the_size_of_the_chunks():
    verdict = examined(user_sent=in_chunks(spoken(24_000), (24_000, RATE_HZ), 480))
    finding = verdict.findings[0]
    assert finding.primary.measure["kind"] == "seams"
    assert finding.primary.measure["chunk_ms"] == pytest.approx(20)
    assert finding.remedy == poor_resampler.REMEDY_SEAMS
    assert len(verdict.findings) == 1


def test_a_chunk_of_no_whole_length_is_named_with_its_rates():
    finding = examined(user_sent=in_chunks(spoken(48_000), (48_000, RATE_HZ), 512)).findings[0]
    assert finding.primary.measure["chunk_ms"] == pytest.approx(171 / 16)
    assert "512 frames at 48,000 Hz" in finding.summary


def test_images_are_found_with_the_rates_and_their_size():
    finding = examined(agent_played=linear(8_000, RATE_HZ).resample(spoken(8_000))).findings[0]
    measure = finding.primary.measure
    assert (measure["kind"], measure["from_hz"], measure["to_hz"]) == ("linear", 8_000, 16_000)
    assert finding.remedy == poor_resampler.REMEDY_IMAGES
    assert f"{-measure['image_db']:.0f} dB below the voice" in finding.summary


def test_a_lowered_rate_is_said_to_fold():
    finding = examined(user_sent=linear(24_000, RATE_HZ).resample(spoken(24_000))).findings[0]
    assert (finding.primary.measure["from_hz"], finding.primary.measure["to_hz"]) == (24_000, 16_000)
    assert finding.severity is Severity.MEDIUM
    assert "above 8,000 Hz comes back" in finding.summary


def test_the_first_tap_that_shows_it_is_named_and_the_next_supports_it():
    made = linear(8_000, RATE_HZ).resample(spoken(8_000))
    finding = examined(agent_received=made, agent_played=made).findings[0]
    assert finding.primary.track == "agent-received"
    assert [evidence.track for evidence in finding.supporting] == ["agent-played"]


@pytest.mark.parametrize("rates", [(24_000, RATE_HZ), (8_000, RATE_HZ), (48_000, RATE_HZ)])
def test_one_stream_of_a_good_resampler_is_clear(rates):
    stream = soxr.ResampleStream(*rates, 1)
    sound = spoken(rates[0])
    size = rates[0] // 50
    parts = [stream.resample_chunk(sound[start : start + size]) for start in range(0, sound.size, size)]
    verdict = examined(user_sent=np.concatenate([*parts, stream.resample_chunk(sound[:0], last=True)]))
    assert verdict.is_clear
    assert "no images" in verdict.bound
    assert "not told from one tap" in verdict.bound


def test_a_voice_in_a_room_is_clear():
    assert examined(user_sent=voice(1)).is_clear


def test_too_little_speech_is_unjudged():
    sound = room(9)
    sound[:RATE_HZ] = voice(2)[:RATE_HZ]
    assert examined(user_sent=sound).reason
    assert examined(user_sent=np.zeros(5 * RATE_HZ)).reason == "no track holds speech"


def beside(first, second, rates, late_s=0.5):
    """A session with the two taps of one voice, the second one a little late."""
    late = np.concatenate([np.zeros(round(late_s * rates[1])), second]).astype(np.float32)
    tracks = {
        name: Track(name=name, source=ArraySource(sound.astype(np.float32), rate), clock=Clock(learnt_from="test"))
        for name, sound, rate in (("user-captured", first, rates[0]), ("user-sent", late, rates[1]))
    }
    return poor_resampler.DETECTOR.examine(Examination(Session(source="test", tracks=tracks)))


@pytest.mark.parametrize("rates", [(48_000, 16_000), (24_000, 8_000)])
def test_beside_its_original_what_each_n_th_sample_folds_is_found(rates):
    sound = spoken(rates[0])
    verdict = beside(sound, sound[:: rates[0] // rates[1]], rates)
    measure = verdict.findings[0].primary.measure
    assert (measure["kind"], measure["from_hz"], measure["to_hz"]) == ("aliases", *rates)
    assert measure["alias_db"] == pytest.approx(0, abs=1)
    assert verdict.findings[0].primary.against == "user-captured"
    assert verdict.findings[0].remedy == poor_resampler.REMEDY_IMAGES


def test_beside_its_original_a_good_resampler_is_clear():
    sound = spoken(48_000)
    verdict = beside(sound, soxr.resample(sound, 48_000, RATE_HZ), (48_000, RATE_HZ))
    assert verdict.is_clear
    assert "from user-captured to user-sent" in verdict.bound


@pytest.mark.parametrize("name", ["chunks-alone", "straight-lines"])
def test_recorded_resamplers_are_found(name):
    folder = RECORDINGS / "poor-resampler" / f"{name}.vds"
    sizes = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["faults"][0]["sizes"]
    measure = poor_resampler.DETECTOR.examine(Examination(vd.load(folder))).findings[0].primary.measure
    assert {key: measure[key] for key in sizes if key in measure} == pytest.approx(
        {key: value for key, value in sizes.items() if key in measure}
    )
