"""The report in words: what it does to voice, for which kind of sound that matters, and what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from voicediag.limits import Limit
from voicediag.resampling.chunks import PAUSE_S
from voicediag.resampling.grades import passes
from voicediag.resampling.measured import LIVE, TELEPHONE, WIDEBAND, Measured, Part

KINDS = {WIDEBAND: "wideband speech", TELEPHONE: "telephone-band speech (nothing above 3.4 kHz)", LIVE: "live chunks"}
EDGES = Limit(0.5, "share", "house rule: more of an error near the edges than elsewhere; noise has 5 to 20 % there")
MOST_FIXES = 2

KEEP_STATE = (
    "keep one resampler for the whole call and push each chunk into it, as with soxr.ResampleStream(rate_in, rate_out, "
    "1).resample_chunk(chunk); never call a function anew for each chunk"
)
FILTER = (
    "take a resampler with a low-pass filter: PyAV's AudioResampler and libsamplerate's sinc_fastest hold back 1 ms, "
    "soxr about 20"
)
SOURCE_NODE = "browser:AudioBufferSourceNode"
OWN_RATE = (
    "make the context with the sound's own rate, new AudioContext({sampleRate}), and let the browser resample what is "
    "played; a buffer of another rate is only interpolated"
)
FIXES: dict[str, str] = {
    "wrapped_samples": "saturate before the cast: np.clip(y, -32768, 32767).astype(np.int16)",
    "not_finite_samples": "find the division by zero or the memory that was never written: a resampler makes no NaN",
    "alias_rejection_db": FILTER,
    "image_rejection_db": FILTER,
    "image_rejection_telephone_db": FILTER,
    "clock_error_ppm": "step by exactly rate_in / rate_out for each sample; np.linspace(0, n - 1, m) does not",
    "sinad_997_db": "compute in float32 or float64 and round once, at the end",
    "droop_3400_db": "take a filter that begins to fall later, or a longer one",
    "droop_7000_db": "take a longer filter where 7 kHz matters",
    "gain_997_db": "scale the filter so that it adds up to 1 for each phase",
    "late_ms": "take a setting that holds back less (libsamplerate's sinc_fastest or PyAV: 1 ms), or a shorter filter",
    "boundary_error_db": KEEP_STATE,
    "length_drift_ppm": KEEP_STATE,
}


def sentence(report: Measured) -> str:
    """Return the verdict in a line or two."""
    if report.response is None:
        return f"F. FAIL: {_nothing(report)}."
    said = [_about(report, kind) for kind in (*report.contents, LIVE) if report.grade_for(kind)]
    return f"{report.grade}. {' '.join(said)}"


def remedy(report: Measured) -> str:
    """Return what to change first."""
    if report.response is None:
        return "Hand over the function itself, and check that the two rates are not exchanged."
    low = sorted({part.letter for part in report.parts} - {"A", "B"}, reverse=True)
    if not low:
        return "Nothing."
    fixes = [_fix(part, report) for letter in low[:1] for part in report.parts if part.letter == letter]
    told = "; and ".join(list(dict.fromkeys(fixes))[:MOST_FIXES])
    return f"{told[:1].upper()}{told[1:]}."


def _fix(part: Part, report: Measured) -> str:
    if part.key in ("boundary_error_db", "length_drift_ppm") and report.keeps_state:
        return "find what it forgets, adds or drops between two chunks: the same sound comes out differently when cut"
    return OWN_RATE if report.name == SOURCE_NODE and FIXES[part.key] == FILTER else FIXES[part.key]


def _nothing(report: Measured) -> str:
    """Return why there is no response."""
    got, wanted = report.output.size, round(report.plan.duration_s * report.plan.rate_out_hz)
    if not got or not report.output.any():
        return f"{'nothing' if not got else 'only silence'} comes out"
    if not 0.9 < got / wanted < 1.1:
        return f"{got} samples come out where {wanted} belong, {got / wanted:.2f} times as many"
    return "what comes out is not the sound that went in"


def _about(report: Measured, kind: str) -> str:
    """Return the sentence on one kind of sound, or on live use."""
    letter = report.grade_for(kind) or "F"
    word = "PASS" if passes(letter) else "FAIL"
    head = f"{word} ({letter}) for {KINDS[kind]}"
    if letter == "A":
        return f"{head}."
    why = dict.fromkeys(_phrase(part, report) for part in report.worst_parts(kind))
    return f"{head}: {', '.join(list(why)[:MOST_FIXES])}."


def _phrase(part: Part, report: Measured) -> str:
    value = part.number.value
    return PHRASES[part.key](value, report)


def _seams(value: float, report: Measured) -> str:
    """Return what cutting does, and with which chunks."""
    bad = [cut for cut in report.chunkings if not cut.refused and cut.error_db > value - 20]
    sizes = ", ".join("random" if cut.frames is None else str(cut.frames) for cut in bad)
    shares = [cut.edge_share for cut in bad if cut.edge_share is not None]
    where = " at the edges" if shares and max(shares) > EDGES.value else ""
    return f"chunks of {sizes} samples add errors{where} {_whole(-value)} dB below the voice"


def _drift(value: float, report: Measured) -> str:
    worst = max((cut for cut in report.chunkings if not cut.refused), key=lambda cut: abs(cut.drift_ppm))
    verb = "lose" if worst.drift_ppm < 0 else "add"
    size = "random" if worst.frames is None else str(worst.frames)
    return f"chunks of {size} samples {verb} {value / 1_000:.2g} ms a second"


def _whole(value: float) -> int:
    """Return a number of dB to read; never -0."""
    return round(value)


def _clock(value: float, report: Measured) -> str:
    response = report.response
    return f"it runs {value:.2g} ppm too {'fast' if response and response.place.speed > 0 else 'slow'}"


def _above(value: float, report: Measured) -> str:
    edge = report.plan.rate_out_hz / 2_000
    return f"what lies above {edge:g} kHz, as in an s, folds back into the voice only {_whole(value)} dB down"


PHRASES: dict[str, Callable[[float, Measured], str]] = {
    "alias_rejection_db": _above,
    "image_rejection_db": lambda value, _: f"mirror images of the voice only {_whole(value)} dB below it",
    "image_rejection_telephone_db": lambda value, _: f"mirror images of the voice only {_whole(value)} dB below it",
    "sinad_997_db": lambda value, _: f"997 Hz stands only {value:.0f} dB above what is added to it",
    "droop_3400_db": lambda value, _: f"3.4 kHz is {value:.1f} dB off",
    "droop_7000_db": lambda value, _: f"7 kHz is {value:.1f} dB off",
    "gain_997_db": lambda value, _: f"its level is {value:.1f} dB off",
    "clock_error_ppm": _clock,
    "boundary_error_db": _seams,
    "length_drift_ppm": _drift,
    "late_ms": lambda value, _: f"it comes {value:.0f} ms late",
    "wrapped_samples": lambda value, _: f"{value:.0f} samples of an overshoot at full scale wrap around",
    "not_finite_samples": lambda value, _: f"{value:.0f} samples are no numbers",
}


def notes(report: Measured) -> Iterator[str]:
    """Yield what is worth knowing and is not graded."""
    refused = [cut for cut in report.chunkings if cut.refused]
    if refused:
        sizes = ", ".join("random" if cut.frames is None else str(cut.frames) for cut in refused)
        yield f"chunks of {sizes} samples are refused ({refused[0].refused})"
    if report.held and report.held.empty:
        empty, pushes, burst_ms = report.held.empty, report.held.pushes, report.held.burst_ms
        yield f"{empty} of {pushes} chunks of 20 ms bring nothing, then up to {burst_ms:.0f} ms come at once"
    if report.lingers:
        yield "it can be neither copied nor reset: one object heard all tests, a second of silence before each"
    if report.pause_lost_ms:
        yield (
            f"a pause of {PAUSE_S:g} s loses {report.pause_lost_ms:.0f} ms of sound: it clears itself by the clock; "
            "flush it first, or switch that off"
        )
    if report.tail_lost_ms:
        yield f"the last {report.tail_lost_ms:.1f} ms of a sound never come out"
    if report.ends.noisy_silence:
        ends = report.ends
        yield f"digital silence comes out as {ends.noisy_silence} of {ends.silence_samples} samples that are not zero"
    if report.response and report.response.gaps:
        yield f"{report.response.gaps} tones of the recording have a gap or a click, and were read beside it"
    if report.response and report.response.inverted:
        yield "it turns the sound upside down"
    if report.live and not report.keeps_state and not report.chunk_invariant:
        yield "it is a function, judged as called anew for each chunk; --whole (live=False) judges whole recordings"
    if report.speed_s > 0.5:
        yield f"it takes {report.speed_s:.2g} s for a second of sound; the short test signal was used"
