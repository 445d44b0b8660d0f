"""A page's own resamplers: linear interpolation and WebRTC's windowed sinc, and what a microphone comes through."""

import numpy as np
import pytest

from voicediag.errors import InputError
from voicediag.resampling import browser_page, evaluate, in_browser
from voicediag.resampling.arguments import Rates
from voicediag.resampling.plan import Plan

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium_here")]


def sinc_gain_db(hz, rate_in, rate_out):
    """The gain of `SincResampler`, 32 taps under a Blackman window with its cut at 0.9 of the lower half rate."""
    taps = np.linspace(-16, 16, 32 * 32 + 1)
    scale = 0.9 * min(1, rate_out / rate_in)
    turn = (taps + 16) / 32
    window = 0.42 - 0.5 * np.cos(2 * np.pi * turn) + 0.08 * np.cos(4 * np.pi * turn)
    kernel = scale * np.sinc(scale * taps) * window
    gains = [abs(np.sum(kernel * np.exp(2j * np.pi * f / rate_in * taps))) for f in (hz, 997)]
    return 20 * np.log10(gains[0] / gains[1])


def test_a_buffer_of_another_rate_is_interpolated_and_a_file_goes_through_a_short_sinc():
    rates = Rates(in_hz=24_000, out_hz=48_000)
    sound = 0.5 * np.sin(np.arange(4_800) ** 1.5 / 300)
    with browser_page.Node("AudioBufferSourceNode", rates) as node:
        np.testing.assert_allclose(
            node(sound)[:-2], np.interp(np.arange(9_598) / 2, np.arange(4_800), sound), atol=1e-6
        )
        assert "sampleRate" in evaluate(node, 24_000, 48_000, live=False, name=node.__name__).remedy
        with pytest.raises(InputError, match="NotSupportedError"):
            node.page.call("AudioBufferSourceNode_", "AAAAAA==", 1, 48_000)
        # One browser serves both: only the function differs.
        node.way, node.rates = "decodeAudioData", Rates(in_hz=24_000, out_hz=16_000)
        report = evaluate(node, 24_000, 16_000, live=False, sample_type="float32")
    assert -report.droop_7000_db == pytest.approx(sinc_gain_db(7_000, 24_000, 16_000), abs=0.1)
    assert report.sinad_997_db == pytest.approx(101, abs=2)


def test_a_microphone_comes_through_the_context_with_a_filter():
    # 3.4 kHz fits into 16 kHz; 12 kHz would fold to 4 kHz.
    tones = [0.25 * np.sin(2 * np.pi * hz / 44_100 * np.arange(44_100)) for hz in (3_400, 12_000)]
    sound = Plan(rate_in_hz=44_100, rate_out_hz=16_000, samples=sum(tones), tones=(), chirps_s=(0.0, 0.0))
    heard = browser_page.heard(sound)
    loudest = max((heard[at : at + 3_200] for at in range(0, heard.size - 3_200, 800)), key=np.std)
    spectrum = 2 * np.abs(np.fft.rfft(loudest * np.hanning(3_200))) / 1_600
    assert spectrum[680] == pytest.approx(0.25, rel=0.02)
    assert spectrum[780:820].max() < 0.25e-3


def test_what_no_page_has():
    with pytest.raises(InputError, match="browser:AudioContext"):
        in_browser("nothing", 24_000, 16_000)
