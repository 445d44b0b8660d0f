"""A session's echo for people and for programs: three lines, or the schema ``voicediag.echo/1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from voicediag.measure.echo import MARGIN_DB
from voicediag.present.as_json import MILLI, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.detect.echo_harm import Harm
    from voicediag.detect.echo_report import EchoReport
    from voicediag.measure.echo import Echo
    from voicediag.spans import SpanSet

SCHEMA = "voicediag.echo/1"
STYLES = {"echo": "bold red", "clear": "bold green", "unjudged": "bold magenta"}
MOST_SPANS = 3
# Above this a percentage would only pretend to more than was measured.
SURE = 0.99
# A single reading may be off; so many at either end are not.
ENDS = 9
LEAST_CHANGE_DB = 2.0
LEAST_DRIFT_PPM, LEAST_WANDER_MS = 1.0, 0.1
DO_WHEN_CLEAR = "Look elsewhere for what interrupts: `voicediag check` names it."
DO_WITHOUT_A_TRACK = (
    "Record both sides: `voicediag relay`, a stereo file, or two files that began together "
    "(`voicediag echo MIC SPEAKER`)."
)
DO_WHEN_UNJUDGED = "Record the microphone while the agent speaks for ten seconds or more."


def structured(report: EchoReport) -> dict[str, Any]:
    """Return the answer in the schema ``voicediag.echo/1``."""
    leak, finding = report.leak, report.finding
    echo = leak.echo if leak else None
    numbers = {
        "delay_ms": echo and echo.delay_ms,
        "erl_db": echo and echo.erl_db,
        **{key: finding.primary.measure[key] if finding else None for key in ("erl_total_db", "distortion_db")},
        "bound_db": bound_db(report),
        "drift_ppm": echo and echo.drift_ppm,
        "wander_ms": echo and echo.wander_ms,
        "strength_sigmas": echo and echo.strength,
        "probability": echo and echo.probability,
        "far_end_s": echo and echo.far_end_s,
        "confidence": finding and finding.confidence,
    }
    return {
        "schema": SCHEMA,
        "source": report.session.source,
        "verdict": report.answer,
        "summary": summary(report),
        "reason": report.verdict.reason,
        "remedy": remedy(report),
        "mic": leak and leak.mic,
        "speaker": leak and leak.speaker,
        **rounded(numbers),
        **_motion(echo),
        "spans": [[round(span.start_s, MILLI), round(span.end_s, MILLI)] for span in report.heard],
        "course": [
            {
                "start_s": round(stretch.span.start_s, MILLI),
                "end_s": round(stretch.span.end_s, MILLI),
                **rounded({"erl_db": stretch.erl_db, "bound_db": stretch.bound_db}),
            }
            for stretch in report.course
        ],
        "consequences": None if report.harm is None else _consequences(report.harm),
    }


def _motion(echo: Echo | None) -> dict[str, Any]:
    moved = echo.motion if echo else None
    mic, speaker = (moved.mic_lost, moved.reference_lost) if moved else (None, None)
    lost = mic or speaker
    numbers = {
        "drift_error_ppm": moved and moved.drift_error_ppm,
        "mic_lost_ms": mic and mic.lost_ms,
        "speaker_lost_ms": speaker and speaker.lost_ms,
        "buffer_frames": lost and lost.buffer_frames,
        "buffer_rate_hz": lost and lost.buffer_rate_hz,
    }
    jumps = [rounded({"at_s": jump.at_s, "size_ms": jump.size_ms}) for jump in (moved.jumps if moved else ())]
    return {**rounded(numbers), "jumps": jumps}


def _consequences(harm: Harm) -> dict[str, Any]:
    margin, told = harm.margin, harm.told is not None
    return {
        "starts": len(harm.starts) if told else None,
        "starts_told": harm.told,
        "starts_unknown": harm.unknown if told else None,
        "answers_cut": len(harm.cut_s) if told else None,
        "turns": len(harm.turns),
        "longest_loop": harm.longest,
        **rounded(
            {
                "missing_db": margin and margin.missing_db,
                "loudest_dbfs": margin and margin.loudest_dbfs,
                "quiet_dbfs": margin and margin.quiet_dbfs,
                "quiet_is": margin and margin.quiet_is,
                "passages": margin and margin.passages,
                "under_user_db": margin and margin.under_user_db,
            }
        ),
        "starts_s": [round(start.cue.at_s, MILLI) for start in harm.starts],
        "cut_s": [round(at_s, MILLI) for at_s in harm.cut_s],
        "loop": [
            {
                "said_s": round(each.said.span.start_s, MILLI),
                "said": each.said.text,
                "heard": each.heard.text,
                "answer": each.answer and each.answer.text,
            }
            for each in harm.rounds
        ],
    }


def text(report: EchoReport) -> RenderableType:
    """Return the verdict, its evidence and what to do about it, a line each."""
    return Group(
        Text.assemble((f"{report.answer.upper():<8}  ", STYLES[report.answer]), summary(report)),
        Text.assemble(("Seen:     ", "bold"), "; ".join(evidence(report)) or "nothing"),
        Text.assemble(("Do:       ", "bold"), remedy(report)),
    )


def summary(report: EchoReport) -> str:
    """Return the verdict in one sentence."""
    if report.finding:
        return report.finding.summary
    if report.verdict.is_clear:
        return f"{_capital(report.verdict.bound or 'no echo')}."
    return f"It cannot be told: {report.verdict.reason}."


def remedy(report: EchoReport) -> str:
    """Return what to do next."""
    if report.finding:
        return report.finding.remedy
    if report.verdict.is_clear:
        return DO_WHEN_CLEAR
    return DO_WHEN_UNJUDGED if report.leak else DO_WITHOUT_A_TRACK


def bound_db(report: EchoReport) -> float | None:
    """Return the loss up to which an echo would have been seen; None where that was not measured."""
    bound = report.leak.echo.bound_db if report.leak else None
    return None if bound is None else bound - MARGIN_DB


def evidence(report: EchoReport) -> Iterator[str]:
    """Yield what was seen, piece by piece."""
    if report.leak is None:
        return
    echo = report.leak.echo
    yield f"{echo.far_end_s:.1f} s of {report.leak.speaker} held against {report.leak.mic}"
    if echo.strength is not None:
        yield f"they match with {echo.strength:.0f} σ{_likely(echo)}"
    if where := report.heard:
        yield f"heard at {_told(where)}"
    losses = [stretch.erl_db for stretch in report.course if stretch.erl_db is not None]
    if losses and max(losses) - min(losses) >= LEAST_CHANGE_DB:
        yield f"{min(losses):.0f} to {max(losses):.0f} dB down over time"
    yield from _moved(echo)


def _likely(echo: Echo) -> str:
    """Return how likely an echo is, in words; nothing where there can be no doubt."""
    if echo.probability is None or echo.probability >= SURE:
        return ""
    return f": an echo deep under a talker is {echo.probability:.0%} likely"


def _moved(echo: Echo) -> Iterator[str]:
    """Yield how the delay moved, and what that says was lost."""
    if echo.motion and echo.motion.jumps:
        first, last = (np.median(some) for some in (echo.motion.delays_ms[:ENDS], echo.motion.delays_ms[-ENDS:]))
        steps = len(echo.motion.jumps)
        yield f"delay from {first:.0f} to {last:.0f} ms in {steps} step{'' if steps == 1 else 's'}"
        for whose, lost in (("microphone", echo.motion.mic_lost), ("loudspeaker", echo.motion.reference_lost)):
            if lost:
                buffers = f" in buffers of {lost.buffer_frames} frames at {(lost.buffer_rate_hz or 0) / 1_000:g} kHz"
                yield f"{lost.lost_ms:.0f} ms of {whose} lost{buffers if lost.buffer_frames else ''}"
    if echo.drift_ppm is not None and abs(echo.drift_ppm) >= LEAST_DRIFT_PPM:
        yield f"drift {echo.drift_ppm:+.0f} ppm"
    if echo.wander_ms is not None and echo.wander_ms >= LEAST_WANDER_MS:
        yield f"wander {echo.wander_ms:.1f} ms"


def _told(where: SpanSet) -> str:
    """Return the first of some spans in words."""
    told = ", ".join(f"{span.start_s:.1f}-{span.end_s:.1f} s" for span in list(where)[:MOST_SPANS])
    more = len(where) - MOST_SPANS
    return f"{told} and {more} time{'' if more == 1 else 's'} more" if more > 0 else told


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
