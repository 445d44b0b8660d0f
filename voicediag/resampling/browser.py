"""The reports on what a page in a real browser does to a sound of another rate."""

from __future__ import annotations

from voicediag.errors import InputError
from voicediag.resampling.arguments import Rates
from voicediag.resampling.bench import evaluate, judged_output, rates_of
from voicediag.resampling.browser_page import BROWSER, MICROPHONE, Node, heard
from voicediag.resampling.plan import plan
from voicediag.resampling.report import Report
from voicediag.resampling.sample_types import SampleType

# A single sample that is lost in half a minute is 2 ppm.
TRIES, LOST_PPM = 3, 0.5


def in_browser(way: str, rate_in_hz: int, rate_out_hz: int) -> Report:
    """Return what a page in a real browser does to voice between two rates.

    Parameters
    ----------
    way : str
        ``AudioBufferSourceNode``: a buffer of one rate played in a context of another. ``decodeAudioData``: a file
        decoded at the rate of the context. ``AudioContext``: the microphone in a context of `rate_out_hz`, where
        `rate_in_hz` is the microphone's own; it takes as long as the test signal lasts.
    rate_in_hz, rate_out_hz : int

    Raises
    ------
    InputError
        Where there is no such way, no browser, or the microphone has another rate.
    """
    rates = rates_of(rate_in_hz, rate_out_hz)
    if way == MICROPHONE:
        return judged_microphone(rates)
    with Node(way, rates) as node:
        return evaluate(node, rates.in_hz, rates.out_hz, live=False, sample_type=SampleType.FLOAT32, name=node.__name__)


def judged_microphone(rates: Rates, *, brief: bool = False) -> Report:
    """Return the report on a page's microphone, as an `AudioContext` of another rate hears it.

    The test signal is the microphone, played as long as it lasts; a brief one has fewer tones. Both clocks are the
    machine's own: where they differ the machine was too busy and lost samples, and it is done again.
    """
    signal = plan(rates.in_hz, rates.out_hz, brief=brief)
    for _ in range(TRIES):
        report = judged_output(signal, heard(signal), name=BROWSER + MICROPHONE, kind=SampleType.INT16)
        if report.response is not None and abs(1e6 * report.response.place.speed) < LOST_PPM:
            return report
    raise InputError(
        expected="the whole test signal in the microphone",
        got=f"samples lost in each of {TRIES} tries",
        likely="a machine too busy for sound in real time",
    )
