"""The agent's voice stops in the middle of a word: the player had nothing to play.

What to do about it hangs on where the sound was. It may have come late, which a larger cushion hides; it may never have
come, which no cushion helps; or it lay in the queue, and the player did not get to it. The silence between sentences
and between turns is no gap: it outnumbers the gaps by fifty to one. An answer that stops for over a second where the
wire or the player says that more of it was due is one, in a pause too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voicediag.detect import breaks, cuts, padded_remainders, playback, wire
from voicediag.detect.breaks import GAPS, Break, are_breaks, counts, shown
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Evidence, Finding, Limit, Measure, Severity, Verdict, clear, found, unjudged
from voicediag.detect.playback import BROKEN, CUSHION, LEAST_GAP, LONGEST_PAUSE, MOST_CUSHION, Joins, Played, Stream
from voicediag.detect.precision import PRECISION
from voicediag.detect.silent_track import LEAST_PEAK
from voicediag.detect.two_taps import LEAST_CHANGE, pair_to
from voicediag.measure import cushion
from voicediag.measure.cushion import Knee
from voicediag.session import Track, TrackName
from voicediag.spans import Span, SpanSet

ID = "starved-playback"
WITNESSES: Final = (breaks, cuts, padded_remainders)
LEAST_LOST = Limit(3, "places", "house rule, as for the microphone: recordings/clean has none")
LEAST_BROKEN = Limit(0.01, "of the joins", "house rule: thirty times as many as measure/joins tells of whole sound")
BY_CHANCE = Limit(0.25, "of the broken joins", "house rule: sound that looks broken amid chunks too is no evidence")
EVERY_JOIN = Limit(0.5, "of the joins", "house rule: a coder without state breaks each of them; no network loses half")
WORTH = Limit(
    cushion.PRICE * cushion.STEP_S,
    "of the gaps for each 20 ms",
    "house rule: it chooses 60 ms for the gaps of aplisay/llm-agent#249, as they did",
)
LONG_S = Limit(1.0, "s", "house rule: sets the severity, decides no verdict")
AROUND_S = 0.3
REMEDY_LATE = (
    "The sound came too late to be played. Let the player keep a cushion of {cushion_ms} ms before it begins, which "
    "covers {covered} of the {gaps}{and_all}; then look for who holds the chunks up (a receive loop that does other "
    "work, a proxy, a slow network). Do not sleep between chunks: pace on absolute deadlines."
)
REMEDY_TOO_LATE = (
    "No cushion that a conversation bears hides it: {most_ms:g} ms, the longest, covers {covered} of the {gaps}. Find "
    "what held the sound up: a blocked receive loop, a proxy, or a provider slower than real time (see bad-pacing)."
)
REMEDY_NEVER = (
    "Sound is missing, and no cushion brings it back: look for a bounded queue that drops chunks when it is full, a "
    "handler that passes over parts of a message, or a bridge over UDP. Count frames at each stage against the wire."
)
REMEDY_PLAYER = (
    "The sound had come and lay in the queue: the player did not get to it. Feed the device from its own thread or an "
    "AudioWorklet, and keep decoding, logging and the network out of its callback."
)
REMEDY_SOUND = (
    "One track alone does not tell late from lost. Record the wire and the player too (voicediag relay and "
    "playback.jsonl): sound that came late wants a cushion, sound that never came wants whoever drops it found."
)
REMEDY_CUT = (
    "Chunks were cut out, played twice or in the wrong order, and no cushion brings them back: look for a queue that "
    "drops, for retries, and for tasks that hand chunks on side by side. Record the wire and the player too."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Starved:
    """What was found at one tap: places, and how many of each kind."""

    track: TrackName
    where: SpanSet
    count: int
    gap_total_s: float
    late: int | None = None
    never: int | None = None
    stalled: int = 0
    duplicated: int = 0
    knee: Knee | None = None
    swapped: int = 0
    seams: int = 0
    assumed: bool = False
    limit: Limit = LEAST_GAP
    places: tuple[Break, ...] = ()


def examine(exam: Examination) -> Verdict:
    """Answer with the first tap at which the agent's sound does not go on."""
    tracks = [track for track in exam.session.tracks.values() if track.role == "agent"]
    if not tracks:
        return unjudged(ID, "the session has no track of the agent")
    sounding = [track for track in tracks if exam.reading(track.name).level.peak.max(initial=0.0) >= LEAST_PEAK.value]
    if not sounding:
        return unjudged(ID, f"{tracks[0].name} is silent (see silent-track)")
    stream = Stream.of(exam)
    if comb := padded_remainders.padded_remainders(exam):
        # Each of its holes is a change between two taps, and a gap of the sound: only the wire tells of others.
        late = _by_wire(exam, stream, stream.joins(), playback.played(stream)) if stream else None
        return found(comb, *([_finding(exam, late)] if late else []))
    if stream is None or stream.track not in sounding:
        starved = _by_taps(exam) or _by_sound(exam, _untold(exam, sounding), SpanSet())
        return found(_finding(exam, starved)) if starved else clear(ID, bound=_bound(tracks, None, None))
    joins, played = stream.joins(), playback.played(stream)
    starved = _by_wire(exam, stream, joins, played)
    known = starved.where if starved else SpanSet()
    more = None if starved else _by_taps(exam) or _by_sound(exam, _untold(exam, sounding), known)
    findings = [_finding(exam, each) for each in (starved, more) if each]
    return found(*findings) if findings else clear(ID, bound=_bound(tracks, joins, played))


def _bound(tracks: list[Track], joins: Joins | None, played: Played | None) -> str:
    """Return what would have been found."""
    sound = (
        "no silence in mid-word of the agent's sound that can hardly be a pause, "
        f"fewer than {LEAST_LOST.value:g} holes, repeats or seams; chunks cut out without a trace are not heard"
        f"{breaks.looked_for(tracks)}"
    )
    if joins is None:
        return f"{sound}; no wire log says when it came"
    late = "the player never ran dry" if played else f"no chunk came over {CUSHION.value * 1_000:g} ms late"
    late += f", but for pauses that grew by less than {LONGEST_PAUSE.value:g} s"
    if joins.judged * LEAST_BROKEN.value < 1:
        return f"{late}; {sound}"
    return f"{late}; sound goes on at {joins.judged - len(joins.broken)} of {joins.judged} joins of chunks; {sound}"


def _by_wire(exam: Examination, stream: Stream, joins: Joins, played: Played | None) -> _Starved | None:
    """Return what the wire and the player's log say together."""
    gaps = played.gaps if played else tuple(stream.late())
    lost = set(joins.broken) if _are_lost(joins) else set()
    torn = {stream.answer_of(frame) for frame in lost}
    # An answer of which chunks are missing falls behind for good: that is no lateness.
    lost |= {gap.frame for gap in gaps if not gap.made_up and gap.answer in torn}
    late = [gap for gap in gaps if gap.needed_s is not None and gap.frame not in lost]
    stalled = [gap for gap in gaps if gap.needed_s is None]
    skipped, again = (played.skipped, played.again) if played else ((), ())
    if not (gaps or lost or skipped or again):
        return None
    needed = np.array([gap.needed_s or 0.0 for gap in late])
    base_s = playback.cushion_kept_s(stream) if played else CUSHION.value
    # What never came is missing in the stream already; all else is heard where it is played.
    tap = stream.track if lost and not (late or stalled) else exam.session.spoken or stream.track
    places = (_around(stream.time_of(frame)) for frame in sorted((*lost, *skipped, *again)))
    return _Starved(
        track=tap.name,
        where=SpanSet([*(gap.span for gap in gaps), *places]),
        count=len(late) + len(stalled) + len(lost) + len(skipped),
        gap_total_s=sum(gap.span.duration_s for gap in gaps),
        late=len(late),
        never=len(lost) + len(skipped),
        stalled=len(stalled),
        duplicated=len(again),
        knee=cushion.knee(needed, base_s=base_s, most_s=MOST_CUSHION.value),
        assumed=played is None,
        limit=LEAST_GAP if late or stalled else BROKEN,
    )


def _are_lost(joins: Joins) -> bool:
    """Whether joins are broken that no chance, no noisy sound and no coder without state explains."""
    broken = len(joins.broken)
    enough = broken >= max(LEAST_LOST.value, LEAST_BROKEN.value * joins.judged)
    return enough and joins.elsewhere <= BY_CHANCE.value * broken and broken <= EVERY_JOIN.value * joins.judged


def _by_taps(exam: Examination) -> _Starved | None:
    """Return at which places what was played is not what came."""
    pair = pair_to(exam, "agent-played")
    if pair is None or not pair.changes:
        return None
    late, never, again, swapped = (
        [change for change in pair.changes if change.kind == kind] for kind in ("late", "never", "repeated", "swapped")
    )
    places = (pair.where(change) for change in pair.changes)
    return _Starved(
        track=pair.second.name,
        where=SpanSet(place if place.duration_s else _around(place.start_s) for place in places),
        count=len(late) + len(never) + len(swapped),
        gap_total_s=sum(change.inserted_s for change in (*late, *never)),
        late=len(late),
        never=len(never),
        duplicated=len(again),
        swapped=len(swapped),
        knee=cushion.knee(np.array([round(change.inserted_s, 3) for change in late]), most_s=MOST_CUSHION.value),
        limit=LEAST_CHANGE,
    )


def _untold(exam: Examination, tracks: list[Track]) -> list[Track]:
    """Return the tracks of which no tap before tells what is missing."""
    return [track for track in tracks if track.name != "agent-played" or pair_to(exam, track.name) is None]


def _by_sound(exam: Examination, tracks: list[Track], known: SpanSet) -> _Starved | None:
    """Return the first tap whose sound alone has gaps or repeats, but for interruptions and `known` places."""
    cuts = (mark.at_s for mark in exam.session.marks if mark.kind == "interrupted")
    passed_over = known.padded(AROUND_S) | SpanSet(_around(at_s) for at_s in cuts)
    for track in tracks:
        places = tuple(
            place for place in playback.sound_places(exam, track) if not SpanSet((place.span,)) & passed_over
        )
        if are_breaks(places, LEAST_LOST):
            return _of_sound(track, places)
    return None


def _of_sound(track: Track, places: tuple[Break, ...]) -> _Starved:
    """Return what a track's own sound shows, which does not tell late from lost."""
    gaps = [place.span for place in places if place.kind in GAPS]
    return _Starved(
        track=track.name,
        where=SpanSet(place.span for place in places),
        count=len(gaps),
        gap_total_s=SpanSet(gaps).total_s,
        duplicated=sum(place.kind == "repeated" for place in places),
        swapped=sum(place.kind == "swapped" for place in places),
        seams=sum(place.kind == "seam" for place in places),
        limit=LEAST_LOST,
        places=places,
    )


def _around(at_s: float) -> Span:
    return Span(max(0.0, at_s - AROUND_S), at_s + AROUND_S)


def _finding(exam: Examination, starved: _Starved) -> Finding:
    measure: Measure = {
        "gaps": starved.count,
        "gap_total_s": starved.gap_total_s,
        "late": starved.late,
        "never": starved.never,
        "stalled": starved.stalled,
        "duplicated": starved.duplicated,
        "swapped": starved.swapped,
        "seams": starved.seams,
        "cushion_ms": _cushion_ms(starved.knee),
        "covered": starved.knee.covered if starved.knee else 0,
        "covers_all_ms": round(starved.knee.all_s * 1_000) if starved.knee else None,
        **counts(starved.places),
    }
    longest = max(starved.where, key=lambda span: span.duration_s)
    _, place = wire.place(
        exam.session, longest.start_s - AROUND_S, longest.end_s + AROUND_S, prefer=exam.session.tracks[starved.track]
    )
    places = starved.count + starved.duplicated + starved.swapped + starved.seams
    severe = starved.gap_total_s >= LONG_S.value or places >= LEAST_LOST.value
    return Finding(
        id=ID,
        cause=Cause.STARVATION,
        severity=Severity.HIGH if severe else Severity.MEDIUM,
        confidence=PRECISION[ID],
        summary=_summary(starved),
        remedy=_remedy(starved),
        primary=Evidence(track=starved.track, span=place, measure=measure, limit=starved.limit),
        supporting=shown(starved.places, exam.session.tracks[starved.track], LEAST_LOST),
        where=starved.where,
    )


def _cushion_ms(knee: Knee | None) -> int | None:
    """Return the cushion that is worth its wait; None where none is."""
    return round(knee.cushion_s * 1_000) if knee and knee.cushion_s is not None else None


def _summary(starved: _Starved) -> str:
    if starved.limit is LEAST_LOST:
        kinds = [
            (starved.count, "gaps"),
            (starved.duplicated, "repeated stretches"),
            (starved.swapped, "pairs of chunks in the wrong order"),
            (starved.seams, "seams at which sound is missing"),
        ]
        said = " and ".join(f"{count} {kind}" for count, kind in kinds if count)
        silence = f", {starved.gap_total_s:.2f} s of silence in all" if starved.count else ""
        return f"{starved.track} has {said} inside the agent's speech{silence}."
    kinds = [
        (starved.late or 0, "came too late"),
        (starved.never or 0, "never came or were passed over"),
        (starved.stalled, "were not played though they had come"),
        (starved.duplicated, "were played twice"),
        (starved.swapped, "were played in the wrong order"),
    ]
    said = ", ".join(f"{count} {kind}" for count, kind in kinds if count)
    count = starved.count + starved.duplicated
    places = "place" if count == 1 else "places"
    return f"The agent's speech breaks off at {count} {places}: {said}.{_silence(starved)}"


def _silence(starved: _Starved) -> str:
    """Return how long nothing was heard, in words."""
    if not starved.gap_total_s:
        return ""
    who = f"A player with a cushion of {CUSHION.value * 1_000:g} ms" if starved.assumed else "The player"
    return f" {who} falls silent for {starved.gap_total_s:.2f} s in all."


def _remedy(starved: _Starved) -> str:
    """Return what to change: what no cushion helps comes first."""
    if starved.late is None:
        return REMEDY_SOUND if starved.count else REMEDY_CUT
    remedies = [REMEDY_NEVER] if starved.never or starved.duplicated or starved.swapped else []
    remedies += [REMEDY_PLAYER] if starved.stalled else []
    if knee := starved.knee:
        if knee.cushion_s is None:
            most_ms = MOST_CUSHION.value * 1_000
            remedies.append(REMEDY_TOO_LATE.format(most_ms=most_ms, covered=knee.covered, gaps=starved.late or 0))
            return " ".join(remedies)
        more = f" ({knee.all_s * 1_000:.0f} ms would cover all)" if knee.covered < (starved.late or 0) else ""
        cushion_ms = round(knee.cushion_s * 1_000)
        remedies.append(
            REMEDY_LATE.format(cushion_ms=cushion_ms, covered=knee.covered, gaps=starved.late, and_all=more)
        )
    return " ".join(remedies)


DETECTOR = Detector(
    id=ID, cause=Cause.STARVATION, question="Does the agent's sound go on where it should?", examine=examine
)
