"""A diagnosis in a few lines, for a page that has just recorded what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.diagnose import Diagnosis


def brief(diagnosis: Diagnosis) -> Mapping[str, Any]:
    """Return root causes with what to change, the names of their symptoms, and what was clear or not judged."""
    causes = [
        {
            "id": finding.id,
            "severity": finding.severity.name.lower(),
            "summary": finding.summary,
            "remedy": finding.remedy,
        }
        for finding in diagnosis.root_causes
    ]
    symptoms = dict.fromkeys(finding.id for finding in diagnosis.findings if finding.explained_by)
    return {
        "causes": causes,
        "symptoms": list(symptoms),
        "clear": [verdict.id for verdict in diagnosis.clear],
        "unjudged": [{"id": verdict.id, "reason": verdict.reason} for verdict in diagnosis.unjudged],
    }
