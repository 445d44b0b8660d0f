"""Two taps of one voice for people and for programs: some lines, or the schema ``voicediag.gaps/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from voicediag.present.as_json import rounded

if TYPE_CHECKING:
    from voicediag.detect.gap_report import GapReport
    from voicediag.measure.two_points import Change

SCHEMA = "voicediag.gaps/1"
STYLES = {"gaps": "bold red", "clear": "bold green", "unjudged": "bold magenta"}
SIXTH = 6
MOST_LINES = 12
# A drift of less is no clock's fault; its error must be smaller too.
TOLD_PPM = 1.0
WORDS = {"late": "came late", "never": "are lost", "repeated": "are repeated", "swapped": "changed places"}
DO = {
    "late": "Let the player keep a cushion, and look for who holds the chunks up; do not sleep between chunks.",
    "never": "No cushion brings back what is lost: count frames at each stage, and look for a queue that drops.",
    "repeated": "Look for who sends a chunk again after it was acknowledged, or plays its last buffer twice.",
    "swapped": "Look for chunks that are handed over by several threads or tasks: keep them in order by number.",
}
DO_WHEN_CLEAR = "Between these two points nothing happens to the sound: look before the first or behind the second."
DO_WHEN_UNJUDGED = (
    "Hand over the sound as it came and as it was played: a session with agent-received and agent-played, or two mono "
    "files (`voicediag gaps RECEIVED PLAYED`)."
)


def structured(report: GapReport) -> dict[str, Any]:
    """Return the answer in the schema ``voicediag.gaps/1``."""
    pair = report.taps
    told = pair.told if pair else None
    counts = {kind: len(report.of_kind(kind)) for kind in WORDS}
    numbers = {
        "gap_total_s": sum(change.inserted_s for change in report.changes),
        "missing_s": sum(max(0.0, change.missing_s) for change in report.changes),
        "offset_s": told and told.offset_s,
        "gain_db": told and told.gain_db,
        "drift_ppm": told and told.drift_ppm,
        "drift_error_ppm": told and told.drift_error_ppm,
        "common_s": told and told.common_s,
    }
    heard = set(report.changes)
    return {
        "schema": SCHEMA,
        "source": report.session.source,
        "verdict": report.answer,
        "summary": summary(report),
        "reason": report.reason or None,
        "remedy": remedy(report),
        "received": pair and pair.first.name,
        "played": pair and pair.second.name,
        "gaps": len(report.changes),
        **counts,
        "in_pauses": sum(not change.is_in_speech for change in told.changes) if told else 0,
        **rounded(numbers),
        "cushion_ms": report.cushion and report.cushion[0],
        "covered": report.cushion and report.cushion[1],
        "cushions": [{"cushion_ms": cushion, "covered": covered} for cushion, covered in report.ladder],
        "changes": [_change(report, change, is_heard=change in heard) for change in (told.changes if told else ())],
    }


def _change(report: GapReport, change: Change, *, is_heard: bool) -> dict[str, Any]:
    pair = report.taps
    received_hz, played_hz = (pair.first.rate_hz, pair.second.rate_hz) if pair else (0, 0)
    return {
        "kind": change.kind,
        "received_s": [round(change.received.start_s, SIXTH), round(change.received.end_s, SIXTH)],
        "played_s": [round(change.played.start_s, SIXTH), round(change.played.end_s, SIXTH)],
        "received_frame": round(change.received.start_s * received_hz),
        "played_frame": round(change.played.start_s * played_hz),
        "inserted_s": round(change.inserted_s, SIXTH),
        "missing_s": round(change.missing_s, SIXTH),
        "in_speech": change.is_in_speech,
        "counted": is_heard,
    }


def summary(report: GapReport) -> str:
    """Return the answer in a sentence with the numbers in it."""
    if report.reason or report.taps is None:
        return f"It cannot be told: {report.reason}."
    pair = report.taps
    if not report.changes:
        return f"{pair.second.name} goes on as {pair.first.name} does, over {pair.told.common_s:.0f} s of common sound."
    kinds = [(len(report.of_kind(kind)), words) for kind, words in WORDS.items()]
    said = ", ".join(f"{count} {words}" for count, words in kinds if count)
    count = len(report.changes)
    total_s = sum(change.inserted_s for change in report.changes)
    silent = f"; nothing of it is heard for {total_s:.2f} s in all" if total_s else ""
    return f"{pair.second.name} breaks off at {count} place{'s' if count > 1 else ''} in speech: {said}{silent}."


def remedy(report: GapReport) -> str:
    """Return what to do next."""
    if report.answer == "unjudged":
        return DO_WHEN_UNJUDGED
    if report.answer == "clear":
        return DO_WHEN_CLEAR
    return " ".join(line for kind, line in DO.items() if report.of_kind(kind))


def text(report: GapReport) -> RenderableType:
    """Return the answer for a terminal."""
    lines = [Text.assemble((report.answer.upper(), STYLES[report.answer]), "  ", summary(report))]
    lines += [Text(f"    {line}") for line in _ladder(report)]
    lines += [Text(f"    {_line(change)}") for change in report.changes[:MOST_LINES]]
    more = len(report.changes) - MOST_LINES
    if more > 0:
        lines.append(Text(f"    and {more} more: --json lists them all"))
    lines += [Text(f"    {line}") for line in _between(report)]
    lines.append(Text(f"Do:   {remedy(report)}"))
    return Group(*lines)


def _ladder(report: GapReport) -> list[str]:
    """Return which cushions cover how much of what came late."""
    late = len(report.of_kind("late"))
    if not report.ladder or report.cushion is None:
        return []
    least, last = report.cushion, report.ladder[-1]
    all_ = f"; {last[0]} ms all" if last != least else ""
    return [f"A cushion of {least[0]} ms covers {least[1]} of {late} late gaps{all_}."]


def _line(change: Change) -> str:
    at = f"{change.played.start_s:9.3f} s  {change.kind:<8}  {1_000 * change.size_s:7.1f} ms"
    return at + (f", {1_000 * change.missing_s:.0f} ms of sound lost" if change.missing_s > 0 else "")


def _between(report: GapReport) -> list[str]:
    """Return offset, gain and drift, as far as they are known."""
    told = report.taps.told if report.taps else None
    if told is None or told.offset_s is None:
        return []
    gain = "" if told.gain_db is None else f", {told.gain_db:+.1f} dB"
    lines = [f"The second begins to play {told.offset_s:.3f} s into its track{gain}."]
    if told.drift_ppm is not None and abs(told.drift_ppm) >= TOLD_PPM:
        error = "" if told.drift_error_ppm is None else f" (± {max(0.1, told.drift_error_ppm):.1f})"
        lines.append(f"Its clock runs {told.drift_ppm:+.1f} ppm{error} against the first one's.")
    return lines
