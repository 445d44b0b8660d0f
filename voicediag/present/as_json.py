"""A diagnosis as JSON: the schema that other programs may rely on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from voicediag.cost import Billed, Cost
from voicediag.detect.finding import Evidence, Finding
from voicediag.diagnose import Diagnosis
from voicediag.latency import PARTS, Latency
from voicediag.session import Session, Tally

SCHEMA = "voicediag.check/1"
METER_SCHEMA = "voicediag.meter/1"
MILLI, MICRO = 3, 6
MODALITIES = ("text", "audio", "image")


def check(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis in the schema ``voicediag.check/1``."""
    session = diagnosis.session
    return {
        "schema": SCHEMA,
        "source": session.source,
        "session": _session(session),
        "root_causes": list(dict.fromkeys(finding.id for finding in diagnosis.root_causes)),
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "clear": [verdict.id for verdict in diagnosis.clear],
        "unjudged": [{"id": verdict.id, "reason": verdict.reason} for verdict in diagnosis.unjudged],
        "meters": {name: rounded(values) for name, values in diagnosis.meters.items()},
        "latency": _latency(diagnosis.latency),
        "cost": _cost(diagnosis.cost),
    }


def meters(readings: Mapping[str, Mapping[str, Any]], *, source: str) -> dict[str, Any]:
    """Return what the meters read in the schema ``voicediag.meter/1``."""
    tracks = [{"name": name, **rounded(values)} for name, values in readings.items()]
    return {"schema": METER_SCHEMA, "source": source, "tracks": tracks}


def _session(session: Session) -> dict[str, Any]:
    tracks = [
        {
            "name": track.name,
            "rate_hz": track.rate_hz,
            "frames": track.frames,
            "encoding": track.encoding,
            "provenance": track.provenance,
        }
        for track in session.tracks.values()
    ]
    told = {key: session.provenance[key] for key in ("provider", "model") if key in session.provenance}
    flags = [{"at_s": round(flag.at_s, MILLI), "text": flag.text} for flag in session.flags]
    lasts = {"duration_s": round(session.duration_s, MILLI)}
    return {**lasts, "tracks": tracks, "turns": len(session.turns), "marked": flags, **told}


def _finding(finding: Finding) -> dict[str, Any]:
    roles = ["primary", *("supporting" for _ in finding.supporting)]
    return {
        "id": finding.id,
        "cause": str(finding.cause),
        "severity": finding.severity.name.lower(),
        "confidence": finding.confidence,
        "summary": finding.summary,
        "remedy": finding.remedy,
        "explained_by": finding.explained_by,
        "spans": [[round(span.start_s, MILLI), round(span.end_s, MILLI)] for span in finding.where],
        "evidence": [_evidence(role, evidence) for role, evidence in zip(roles, finding.evidence, strict=True)],
    }


def _evidence(role: str, evidence: Evidence) -> dict[str, Any]:
    limit = evidence.limit
    return {
        "role": role,
        "track": evidence.track,
        "against": evidence.against,
        "start_s": round(evidence.span.start_s, MILLI),
        "end_s": round(evidence.span.end_s, MILLI),
        "measure": rounded(evidence.measure),
        "limit": {"value": limit.value, "unit": limit.unit, "source": limit.source},
    }


def _latency(latency: Latency) -> dict[str, Any]:
    turns = [
        {
            "said_s": round(answer.said.end_s, MILLI),
            "heard_s": round(answer.heard_s, MILLI),
            "audio_ms": _number(answer.audio_ms),
            "logged_ms": _number(answer.logged_ms),
            **{f"{part}_ms": _number(answer.parts_ms.get(part)) for part in PARTS},
            "tools": list(answer.tools),
        }
        for answer in latency.answers
    ]
    interruptions = [
        {
            "start_s": round(each.start_s, MILLI),
            "notice_ms": _number(each.notice_ms),
            "stop_ms": _number(each.stop_ms),
            "flush_ms": _number(each.flush_ms),
        }
        for each in latency.barge_ins
    ]
    percentiles = [
        {
            "of": name,
            "count": found.count,
            "p50_ms": _number(found.p50_ms),
            "p90_ms": _number(found.p90_ms),
            "p95_ms": _number(found.p95_ms),
        }
        for name, found in latency.percentiles.items()
    ]
    reason = latency.reason or None
    return {"turns": turns, "barge_ins": interruptions, "percentiles": percentiles, "reason": reason}


def _cost(cost: Cost) -> dict[str, Any]:
    sources = [
        {"models": list(price.models), "source": price.source, "third_hand": price.third_hand} for price in cost.prices
    ]
    others = [
        {"model": o.model, "usd_least": _number(o.usd_least), "usd_most": _number(o.usd_most), "how": o.how}
        for o in cost.elsewhere
    ]
    idle = [cost.idle] if cost.idle else []
    return {
        "usd": _number(cost.usd),
        "usd_most": _number(cost.usd_most),
        "known_usd": _number(cost.known_usd),
        "unpriced": list(cost.unpriced),
        "used": _tally(cost.tally),
        "turns": [_billed(billed) for billed in cost.billed],
        "prices_date": cost.date,
        "prices": sources,
        "idle": [{"says": note.says, "source": note.source, "third_hand": note.third_hand} for note in idle],
        "elsewhere": others,
        "reason": cost.reason or None,
    }


def _billed(billed: Billed) -> dict[str, Any]:
    usage = billed.usage
    told = {"at_s": round(usage.at_s, MILLI), "kind": usage.kind, "model": usage.model or None}
    return {**told, "usd": _number(billed.usd), "usd_most": _number(billed.usd_most), **_tally(usage.tally)}


def _tally(tally: Tally) -> dict[str, Any]:
    ways = {"asked": tally.asked, "cached": tally.cached, "answered": tally.answered}
    counts = {f"{way}_{kind}": getattr(tokens, kind) for way, tokens in ways.items() for kind in MODALITIES}
    return {**counts, "unattributed": tally.unattributed, "seconds": _number(tally.seconds)}


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers rounded to what they are worth; what is not finite has no place in JSON."""
    return {key: _number(value) for key, value in values.items()}


def _number(value: object) -> object:
    if isinstance(value, float):
        return round(value, MICRO) if math.isfinite(value) else None
    return value
