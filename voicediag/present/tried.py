"""A canceller's try-out for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from voicediag.present.as_json import MILLI, rounded

if TYPE_CHECKING:
    from rich.console import RenderableType

    from voicediag.tune.aecmos import Rating
    from voicediag.tune.canceller import TryOut


def text(tried: TryOut, rating: Rating | None = None) -> RenderableType:
    """Return the lines that stand below those of the echo."""
    line = Text.assemble(("Tried:    ", "bold"), tried.sentence)
    return Text.assemble(line, "\n", ("Rated:    ", "bold"), rating.sentence) if rating else line


def structured(tried: TryOut, rating: Rating | None = None) -> dict[str, Any]:
    """Return what stands under ``try_out`` in the schema ``voicediag.echo/1``."""
    erle, near = tried.erle, tried.near
    numbers = {
        "erle_db": erle.steady_db,
        "converged_s": erle.converged_s,
        "before_dbfs": erle.before_dbfs,
        "after_dbfs": erle.after_dbfs,
        "agent_alone_s": tried.talk.agent_s,
        "near_level_db": near and near.level_db,
        "near_spectrum_db": near and near.spectrum_db,
        "user_alone_s": tried.talk.user_s,
        "moved_ms": tried.moved_ms,
    }
    return {
        "canceller": tried.canceller,
        "summary": tried.sentence,
        "mic": tried.mic,
        "speaker": tried.speaker,
        "start_s": round(tried.span.start_s, MILLI),
        "end_s": round(tried.span.end_s, MILLI),
        **rounded(numbers),
        "course": [
            {"start_s": round(tried.span.start_s + float(start_s), MILLI), **rounded({"erle_db": float(erle_db)})}
            for start_s, erle_db in zip(erle.times_s, erle.erle_db, strict=True)
        ],
        **({"aecmos": _rated(rating)} if rating else {}),
    }


def _rated(rating: Rating) -> dict[str, Any]:
    scores = {
        "echo_before": rating.echo_before,
        "echo_after": rating.echo_after,
        "voice_before": rating.voice_before,
        "voice_after": rating.voice_after,
        "start_s": rating.span and rating.span.start_s,
        "end_s": rating.span and rating.span.end_s,
    }
    return {**rounded(scores), "reason": rating.reason or None}
