"""Pictures show what was measured where it was, cost no memory, and follow the page's colours."""

import re
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from voicediag.detect.finding import Evidence, Limit
from voicediag.measure.delay import EARLIEST_S, GRID_HZ
from voicediag.measure.envelope import Envelope
from voicediag.present import plots
from voicediag.present.plots import close, columns, echoes, lanes, picture, style
from voicediag.session import ArraySource, Clock, Session, Track
from voicediag.spans import Span, SpanSet

CSS = Path(plots.__file__).parents[1] / "templates" / "page.css"


def track(samples, rate_hz=16_000, name="user-sent", **kwargs):
    return Track(name=name, source=ArraySource(np.asarray(samples, np.float32), rate_hz), **kwargs)


class Hours:
    """Three hours of sound that are made as they are read."""

    rate_hz, frames = 16_000, 3 * 3_600 * 16_000

    def read(self, start, frames):
        return np.full(max(0, min(frames, self.frames - start)), 0.5, np.float32)


class TestEnvelope:
    def test_each_column_holds_its_extremes_and_its_rms(self):
        drawn = plots.envelope(track([0, 0.5, -0.25, 0, 1, 1, -1, -1], 8), Span(0, 1), columns=2)
        assert drawn.low.tolist() == [-0.25, -1]
        assert drawn.high.tolist() == [0.5, 1]
        assert drawn.rms == pytest.approx([np.sqrt((0.25 + 0.0625) / 4), 1])
        assert drawn.times_s.tolist() == [0.25, 0.75]

    def test_the_last_column_may_be_short(self):
        drawn = plots.envelope(track([0.1] * 10, 10), Span(0, 1), columns=3)
        assert drawn.rms == pytest.approx([0.1, 0.1, 0.1])

    def test_blocks_do_not_show(self, rng, monkeypatch):
        sound = track(rng.normal(0, 0.1, 50_000))
        whole = plots.envelope(sound, Span(0.3, 2.9), columns=100)
        monkeypatch.setattr("voicediag.present.plots.columns.BLOCK_FRAMES", 1_000)
        pieces = plots.envelope(sound, Span(0.3, 2.9), columns=100)
        assert np.array_equal(whole.low, pieces.low)
        assert np.array_equal(whole.rms, pieces.rms)

    def test_it_lies_on_the_session_clock(self):
        drawn = plots.envelope(track(np.ones(1_000), 1_000, clock=Clock(offset_s=2.0)), Span(0, 2.5), columns=10)
        assert drawn.start_s == 2.0
        assert drawn.times_s[-1] < 2.5

    def test_outside_the_track_there_is_nothing(self):
        drawn = plots.envelope(track(np.ones(1_000), 1_000), Span(5, 6))
        assert drawn.low.size == 0
        assert drawn.peak == 0

    def test_three_hours_fit_into_some_megabytes(self):
        tracemalloc.start()
        drawn = plots.envelope(Track(name="user-sent", source=Hours()), Span(0, 3 * 3_600))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert drawn.low.size <= 720
        assert drawn.rms == pytest.approx(0.5)
        assert most < 20e6


@pytest.mark.parametrize(("peak", "full"), [(0.31, 0.4), (0.3, 0.3), (0.0, 0.001), (0.011, 0.015), (1.2, 1.5)])
def test_a_row_ends_at_a_round_value(peak, full):
    assert str(lanes.nice(peak)) == str(full)


@pytest.mark.parametrize(
    ("limit", "linear"),
    [((-20, "dBFS"), 0.1), ((-40, "dBov active"), 0.01), ((0.002, "of full scale"), 0.002), ((46, "dB ERL"), None)],
)
def test_only_limits_of_level_are_drawn_over_a_level(limit, linear):
    assert lanes.linear_limit(Limit(*limit, "test")) == (linear and pytest.approx(linear))


@pytest.mark.parametrize(
    ("seconds", "step_s", "text"), [(4.25, 0.01, "4.25 s"), (65, 5, "1:05"), (3_725, 60, "1:02:05"), (0, 0.5, "0.0 s")]
)
def test_the_clock_reads_as_people_read(seconds, step_s, text):
    assert picture.clock(seconds, step_s=step_s) == text


class TestEcho:
    def test_the_lag_curve_peaks_at_the_delay(self, two_voices):
        tracks = two_voices.tracks
        curve = echoes.mean_lag_curve(tracks["user-sent"], tracks["agent-played"], SpanSet((Span(1, 9),)))
        assert np.argmax(curve) / GRID_HZ + EARLIEST_S == pytest.approx(0.12, abs=0.001)
        assert curve.max() > 10

    def test_the_outline_lies_on_the_echo(self, two_voices, echo):
        ax = picture.own_axes(None)
        echoes.returned(ax, two_voices, echo.primary, view=Span(1, 4), lag_s=0.12)
        outline = ax.lines[-1]
        mic = plots.envelope(two_voices.tracks["user-sent"], Span(1, 4))
        there = np.interp(mic.times_s, outline.get_xdata(), outline.get_ydata())
        assert np.corrcoef(there[10:-10], np.maximum(mic.high, -mic.low)[10:-10])[0, 1] > 0.9
        assert there.max() == pytest.approx(mic.peak, rel=0.15)

    def test_its_rows(self, two_voices, echo):
        drawn = plots.evidence(two_voices, echo.primary, where=echo.where)
        assert len(drawn.figure.axes) == 3
        assert drawn.figure.axes[0].get_xlim() == drawn.figure.axes[1].get_xlim()
        assert drawn.title == "user-sent from 1.00 to 9.50 s, with agent-played"


class TestCloseLooks:
    def rows(self, samples, measure, span, where=None):
        one = Evidence(track="user-sent", span=span, measure=measure, limit=Limit(3, "places", "test"))
        session = Session(source="x", tracks={"user-sent": track(samples)})
        return plots.evidence(session, one, where=where).figure.axes

    def test_the_longest_flat_top(self, rng):
        samples = rng.normal(0, 0.05, 32_000).astype(np.float32)
        samples[20_000:20_020] = 0.5
        *_, ax = self.rows(samples, {"clipped_samples": 20, "rail": 0.5}, Span(1.0, 1.5))
        assert np.mean(ax.get_xlim()) == pytest.approx(20_010 / 16_000, abs=1e-3)
        assert {round(abs(line.get_ydata()[0]), 3) for line in ax.lines} >= {0.5}

    def test_a_gap(self, rng):
        samples = rng.normal(0, 0.05, 32_000)
        gap = Span(1.0, 1.02)
        *_, ax = self.rows(samples, {"gaps": 3, "duplicated": 0}, gap.padded(0.5), SpanSet((gap, Span(1.9, 1.95))))
        assert [text.get_text() for text in ax.texts if "ms" in text.get_text()] == ["20 ms missing"]

    def test_a_stretch_that_comes_twice(self, rng):
        samples = rng.normal(0, 0.05, 32_000)
        samples[16_000:16_320] = samples[15_680:16_000]
        again = Span(1.0, 1.02)
        *_, ax = self.rows(samples, {"gaps": 0, "duplicated": 3}, again.padded(0.5), SpanSet((again,)))
        assert "the same once more" in [text.get_text() for text in ax.texts]

    def test_nothing_to_look_at_closely(self):
        assert close._longest_run(np.zeros(5, bool)) == 0


def test_a_level_has_its_limit_in_db(two_voices):
    low = Evidence(track="user-sent", span=Span(0, 10), measure={"rms_dbfs": -60.0}, limit=Limit(-50.0, "dBFS", "test"))
    level, wave = plots.evidence(two_voices, low).figure.axes
    assert -50.0 in [line.get_ydata()[0] for line in level.lines]
    assert pytest.approx(10**-2.5) in [line.get_ydata()[0] for line in wave.lines]


class TestSvg:
    @pytest.fixture
    def svg(self, two_voices, diagnosis):
        return plots.session(two_voices, diagnosis.findings).svg()

    def test_it_is_one_element_and_asks_for_nothing(self, svg):
        assert svg.startswith("<svg")
        assert set(re.findall(r"https?://[^\"]+", svg)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }

    def test_it_is_small(self, svg):
        assert len(svg) < 150_000

    def test_it_follows_the_page(self, svg):
        assert "var(--vd-user, #2f5f91)" in svg
        assert set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", svg)) == set()

    def test_its_rows_link_to_the_findings(self, svg):
        assert re.findall(r'xlink:href="#(echo-leak|self-hearing-loop)"', svg) == ["echo-leak", "self-hearing-loop"]

    def test_it_is_the_same_each_time(self, svg, two_voices, diagnosis):
        assert plots.session(two_voices, diagnosis.findings).svg() == svg


def test_every_colour_has_a_second_one_for_dark():
    css = CSS.read_text(encoding="utf-8")
    for name, colour in style.PALETTE.items():
        assert re.search(rf"--vd-{name}: light-dark\({colour}, #[0-9a-f]{{6}}\);", css), name


def test_thousands_of_spans_stay_a_small_picture(two_voices, echo):
    many = replace(echo, where=SpanSet(Span(at, at + 0.0005) for at in np.arange(0, 10, 0.001)))
    assert len(plots.session(two_voices, [many]).svg()) < 150_000


def test_a_session_without_sound_has_a_picture_too():
    assert plots.session(Session(source="x", tracks={})).svg().startswith("<svg")


def test_a_long_session_is_drawn_from_what_was_measured_and_not_read_again():
    class Gone:
        rate_hz, frames = 8_000, 700 * 8_000

        def read(self, *_):
            raise AssertionError

    # -6 dBFS at 7:00 of 11:40, in one step of 10 ms.
    codes = np.zeros(70_000, np.int8)
    codes[42_000] = round(126 * np.log(1 + 255 * 0.5) / np.log(256))
    measured = Envelope(rate_hz=8_000, step_frames=80, frames=Gone.frames, low=-codes, high=codes)
    name = "user-sent"
    drawn = columns.of_codes(Track(name=name, source=Gone(), clock=Clock(offset_s=2.0)), measured)
    assert drawn.peak == pytest.approx(0.5, rel=0.02)
    assert drawn.times_s[np.argmax(drawn.high)] == pytest.approx(422, abs=1)
    assert drawn.high.size <= columns.COLUMNS
    session = Session(source="x", tracks={name: Track(name=name, source=Gone())})
    assert plots.session(session, envelopes={name: measured}).svg().startswith("<svg")


def test_png_for_those_who_want_one(two_voices):
    assert plots.session(two_voices).png().startswith(b"\x89PNG")
