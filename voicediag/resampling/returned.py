"""Files: the plan as a WAV that anything can play, and the judgement on what came back.

Delay, level, polarity and a clock that is off by up to a few per mille are found from the chirps at both ends.
"""

from __future__ import annotations

from pathlib import Path

from voicediag.errors import InputError
from voicediag.resampling.bench import judged_output, rates_of
from voicediag.resampling.plan import plan
from voicediag.resampling.report import Report
from voicediag.resampling.sample_types import SampleType


def write_plan(path: Path, rate_in_hz: int, rate_out_hz: int) -> float:
    """Write the test signal as WAV with 16 bits, and return how long it is, in seconds.

    Raises
    ------
    InputError
        Where the rates make no sense, or the file cannot be written.
    """
    import soundfile

    rates = rates_of(rate_in_hz, rate_out_hz)
    signal = plan(rates.in_hz, rates.out_hz)
    try:
        soundfile.write(path, signal.samples, rates.in_hz, subtype="PCM_16", format="WAV")
    except (soundfile.SoundFileError, OSError) as error:
        raise InputError(expected="a WAV file that can be written", got=str(error)) from None
    return signal.duration_s


def judged_file(path: Path, rate_in_hz: int, rate_out_hz: int) -> Report:
    """Return the report on a recording of the plan that went through a resampler.

    Raises
    ------
    InputError
        Where it is no sound of the expected rate, or the plan is not in it.
    """
    import soundfile

    rates = rates_of(rate_in_hz, rate_out_hz)
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError, RuntimeError) as error:
        raise InputError(expected="a sound file", got=f"{path}: {error}", likely="the plan itself was meant") from None
    if rate != rates.out_hz:
        raise InputError(expected=f"a recording at {rates.out_hz} Hz", got=f"{rate} Hz", likely="another --to")
    report = judged_output(plan(rates.in_hz, rates.out_hz), samples[:, 0], name=path.name, kind=SampleType.INT16)
    if report.response is None:
        raise InputError(
            expected="a recording of the whole plan",
            got=f"{path} without its chirps",
            likely="other rates, or the recording was stopped too early",
        )
    return report
