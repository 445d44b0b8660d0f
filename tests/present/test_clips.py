"""Clips are honest: as loud as the track, in step with each other, and where they are louder they say so."""

import base64
import io

import numpy as np
import pytest
import soundfile

from voicediag.detect.finding import Evidence, Limit
from voicediag.present import clips
from voicediag.session import ArraySource, Clock, Session, Track
from voicediag.signals import sine
from voicediag.spans import Span


def track(samples, rate_hz=16_000, name="user-sent", **kwargs):
    return Track(name=name, source=ArraySource(np.asarray(samples, np.float32), rate_hz), **kwargs)


def heard(clip):
    """The samples and the rate that a clip decodes to."""
    kind, content = clip.uri.split(",")
    assert kind == "data:audio/mpeg;base64"
    return soundfile.read(io.BytesIO(base64.b64decode(content)), dtype="float32")


def evidence(span, against=None):
    return Evidence(track="user-sent", against=against, span=span, measure={}, limit=Limit(0, "places", "test"))


def tone(seconds, rate_hz=16_000, amplitude=0.25):
    return (amplitude * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_clip_is_as_long_and_as_loud_as_its_track(rate_hz):
    samples, clip_hz = heard(clips.clip(track(tone(3.0, rate_hz), rate_hz), Span(0.5, 2.5)))
    assert clip_hz in clips.MP3_RATES_HZ
    assert samples.size / clip_hz == pytest.approx(2.0, abs=0.001)
    middle = samples[clip_hz // 4 : -clip_hz // 4]
    assert 20 * np.log10(np.sqrt(np.mean(middle**2)) * np.sqrt(2) / 0.25) == pytest.approx(0, abs=0.3)


def test_a_clip_is_in_step_to_a_millisecond(rng):
    rate_hz = 16_000
    burst = np.zeros(2 * rate_hz, np.float32)
    burst[rate_hz : rate_hz + 800] = rng.normal(0, 0.1, 800)
    samples, clip_hz = heard(clips.clip(track(burst), Span(0.0, 2.0)))
    lag = np.argmax(np.correlate(samples, burst[rate_hz : rate_hz + 800], mode="valid")) / clip_hz
    assert lag == pytest.approx(1.0, abs=0.001)


def test_long_sound_is_written_in_blocks(rng):
    clip = clips.clip(track(rng.normal(0, 0.1, 60 * 48_000), 48_000), Span(0.0, 60.0))
    assert heard(clip)[0].size == 60 * 48_000


class TestExcerpt:
    whole = Span(0.0, 60.0)

    def test_half_a_second_on_either_side(self):
        assert clips.excerpt(track(tone(60)), Span(10.0, 12.0), within=self.whole) == Span(9.5, 12.5)

    def test_not_beyond_the_session(self):
        assert clips.excerpt(track(tone(60)), Span(0.0, 1.0), within=Span(0.0, 1.2)) == Span(0.0, 1.2)

    def test_the_loudest_of_what_is_long(self):
        samples = np.zeros(60 * 16_000, np.float32)
        samples[40 * 16_000 : 44 * 16_000] = tone(4.0)
        found = clips.excerpt(track(samples), self.whole, within=self.whole)
        assert found.duration_s == pytest.approx(8.0)
        assert found.start_s <= 40.1
        assert found.end_s >= 43.9


class TestBoost:
    def test_what_can_be_heard_is_left_alone(self):
        assert clips.boost_for(tone(1.0, amplitude=0.1)) == 0

    def test_what_cannot_becomes_louder_in_steps_of_6_db(self):
        # -60.4 dBFS peak, to at most -6: 54 dB.
        assert clips.boost_for(tone(1.0, amplitude=0.00095)) == 54

    def test_digital_silence_stays(self):
        assert clips.boost_for(np.zeros(100, np.float32)) == 0

    def test_the_honest_clip_comes_first_and_the_other_says_so(self):
        session = Session(source="x", tracks={"user-sent": track(tone(3.0, amplitude=0.00095))})
        honest, boosted = clips.around(session, evidence(Span(1.0, 2.0)))
        assert (honest.label, boosted.label) == ("user-sent", "user-sent +54 dB")
        peaks = [np.abs(heard(clip)[0]).max() for clip in (honest, boosted)]
        assert 20 * np.log10(peaks[1] / peaks[0]) == pytest.approx(54, abs=1.5)


def test_both_tracks_over_one_span():
    agent = track(np.zeros(5 * 24_000), 24_000, "agent-played", clock=Clock(offset_s=0.5))
    session = Session(source="x", tracks={"user-sent": track(tone(5.0)), "agent-played": agent})
    mic, speaker = clips.around(session, evidence(Span(1.0, 2.0), against="agent-played"))
    assert mic.span == speaker.span == Span(0.5, 2.5)
    assert speaker.label == "agent-played (digital silence)"


def test_wav_where_there_is_no_mp3(monkeypatch):
    monkeypatch.setattr(soundfile, "available_formats", lambda: {"OGG": ""})
    uri = clips.data_uri(sine(frequency_hz=440.0, duration_s=0.5, rate_hz=16_000), rate_hz=16_000)
    assert uri.startswith("data:audio/wav;base64,UklGR")
