"""Sound that a poor resampler left its marks on: images, aliases, and seams between chunks.

A resampler is three lines in an app, and each of the usual slips is heard: a straight line between samples folds every
/s/ back into the voice and mirrors the voice above itself; a good one that is called anew for each chunk clicks at each
chunk's edge. Both leave marks in a recording that nothing else leaves, so that no reference is needed.
A
rate that was lowered by a whole factor without a filter leaves none in one track; only the tap before it tells.
"""

from __future__ import annotations

from typing import Final

from voicediag.detect import resampled, resampled_between
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Severity, Verdict, clear, found, unjudged
from voicediag.detect.precision import PRECISION
from voicediag.detect.resampled import Heard
from voicediag.detect.resampled_between import Folded
from voicediag.measure import seams
from voicediag.measure.interpolation import Interpolation
from voicediag.measure.seams import Seams

ID = "poor-resampler"
WITNESSES: Final = (resampled, resampled_between)
TORN = Limit(1.0, "nats", "house rule: clicks 4 dB out of the sound around them are heard; sets the severity")
FEW: Final = 3
UNHEARD: Final = "what a rate that was lowered by a whole factor folded is not told from one tap"
LOUD_IMAGE = Limit(-40.0, "dB", "house rule: an image 40 dB below the voice is hardly heard; sets the severity")
WORDS: Final = {
    "linear": "a straight line between samples",
    "hold": "samples that are held or dropped",
    "cubic": "a cubic between samples",
}
REMEDY_SEAMS = (
    "Keep one resampler for each stream and push every chunk through it, e.g. `soxr.ResampleStream(rate_in, rate_out, "
    "1)` with `resample_chunk(chunk)`; a resampler that is called anew for each chunk takes silence for what lies "
    "before and after it. `voicediag resampler` tells whether one keeps its state."
)
REMEDY_IMAGES = (
    "Resample with a filter: `soxr.ResampleStream(rate_in, rate_out, 1)`, or PyAV's `AudioResampler` where a delay of "
    "1 ms counts. `numpy.interp`, `audioop.ratecv`, and an `AudioBufferSourceNode` have none. "
    "`voicediag resampler TARGET` grades whatever you take instead."
)


def examine(exam: Examination) -> Verdict:
    """Answer with the first tap of each voice that shows the marks of a poor resampler."""
    heard = [each for name in exam.session.tracks if (each := resampled.heard(exam, name))]
    folded = exam.once(resampled_between.folded)
    findings = []
    for role in ("user", "agent"):
        taps = [each for each in heard if each.track.role == role]
        findings += _seams([(each, each.seams) for each in taps if each.seams and each.is_torn])
        between = [each for each in folded if each.second.role == role and each.is_folded]
        interpolated = [(each, each.images) for each in taps if each.images and each.is_interpolated]
        findings += _images(interpolated, between) or [_folds(each) for each in between]
    if findings:
        return found(*findings)
    reasons = [each.reason for each in heard if each.reason]
    judged = [each for each in heard if not each.reason]
    if not judged:
        return unjudged(ID, reasons[0] if reasons else "no track holds speech")
    compared = [each.bound for each in folded] or [UNHEARD]
    return clear(ID, bound="; ".join([*(each.bound for each in judged), *compared, *reasons]))


def _seams(torn: list[tuple[Heard, Seams]]) -> list[Finding]:
    """Return the finding of the first tap with seams."""
    if not torn:
        return []
    first, told = torn[0]
    named = _chunk(told.period_s, first.track.rate_hz)
    return [
        Finding(
            id=ID,
            cause=Cause.FORMAT,
            severity=Severity.HIGH if told.height_nats >= TORN.value else Severity.MEDIUM,
            confidence=PRECISION[ID],
            summary=f"{first.track.name} has a seam every {1_000 * told.period_s:.4g} ms, {first.seam_db:.0f} dB out "
            f"of the sound around it: {named} through a resampler that begins anew with each.",
            remedy=REMEDY_SEAMS,
            primary=_torn(first, told),
            supporting=tuple(_torn(*other) for other in torn[1:]),
            where=first.spans,
        )
    ]


def _torn(heard: Heard, told: Seams) -> Evidence:
    likely = seams.chunks(told.period_s, heard.track.rate_hz)
    return Evidence(
        track=heard.track.name,
        span=heard.worst,
        measure={
            "kind": "seams",
            "chunk_ms": 1_000 * told.period_s,
            "chunk_frames": likely[0][0] if len(likely) == 1 else None,
            "chunk_rate_hz": likely[0][1] if len(likely) == 1 else None,
            "seam_db": heard.seam_db,
            "contrast": told.contrast,
            "sureness": told.sureness,
            "searched_s": told.searched_s,
        },
        limit=resampled.HEIGHT,
    )


def _chunk(period_s: float, rate_hz: int) -> str:
    """Return a chunk in words, with the rates at which it is a common one."""
    likely = seams.chunks(period_s, rate_hz)
    if not likely or len(likely) > FEW:
        return f"chunks of {1_000 * period_s:.4g} ms"
    return "chunks of " + " or ".join(f"{frames:,} frames at {made_hz:,} Hz" for frames, made_hz in likely)


def _images(interpolated: list[tuple[Heard, Interpolation]], between: list[Folded]) -> list[Finding]:
    """Return the finding of the first tap with images."""
    if not interpolated:
        return []
    first, told = interpolated[0]
    folds = told.alias_db is not None
    loud = folds or told.image_db >= LOUD_IMAGE.value
    brings = f"; with no filter, what lies above {told.rate_hz / 2:,.0f} Hz comes back into the voice" if folds else ""
    return [
        Finding(
            id=ID,
            cause=Cause.FORMAT,
            severity=Severity.MEDIUM if loud else Severity.LOW,
            confidence=PRECISION[ID],
            summary=f"{first.track.name} was brought from {told.made_hz:,} to {told.rate_hz:,} Hz by "
            f"{WORDS[told.kind]}: its images lie {-told.image_db:.0f} dB below the voice{brings}.",
            remedy=REMEDY_IMAGES,
            primary=_interpolated(first, told),
            supporting=(
                *(_interpolated(*other) for other in interpolated[1:]),
                *(_folded(other) for other in between),
            ),
            where=first.spans,
        )
    ]


def _interpolated(heard: Heard, told: Interpolation) -> Evidence:
    return Evidence(
        track=heard.track.name,
        span=heard.worst,
        measure={
            "kind": told.kind,
            "from_hz": told.made_hz,
            "to_hz": told.rate_hz,
            "image_db": told.image_db,
            "alias_db": told.alias_db,
            "sureness": told.sureness,
            "scale": told.scale,
            "agreement": told.agreement,
        },
        limit=resampled.SURE_IMAGES,
    )


def _folds(folded: Folded) -> Finding:
    """Return the finding of two taps between which a rate was lowered without a filter."""
    rates = f"from {folded.first.rate_hz:,} to {folded.second.rate_hz:,} Hz"
    return Finding(
        id=ID,
        cause=Cause.FORMAT,
        severity=Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=f"Between {folded.first.name} and {folded.second.name}, {rates}, what lies above "
        f"{folded.second.rate_hz / 2:,.0f} Hz is folded into the voice, {-folded.told.folded_db:.0f} dB below it: no "
        "filter took it out.",
        remedy=REMEDY_IMAGES,
        primary=_folded(folded),
        where=folded.spans,
    )


def _folded(folded: Folded) -> Evidence:
    longest = max(folded.spans, key=lambda span: span.duration_s)
    return Evidence(
        track=folded.second.name,
        span=longest,
        measure={
            "kind": "aliases",
            "from_hz": folded.first.rate_hz,
            "to_hz": folded.second.rate_hz,
            "alias_db": folded.told.gain_db,
            "folded_db": folded.told.folded_db,
            "sureness": folded.told.sureness,
        },
        limit=resampled_between.LEAST_FILTER,
        against=folded.first.name,
    )


DETECTOR = Detector(
    id=ID, cause=Cause.FORMAT, question="Did a resampler leave its marks on the sound?", examine=examine
)
