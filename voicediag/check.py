"""The one call that the command line, notebooks, CI and the fleet share."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from voicediag.detect import DETECTORS
from voicediag.detect.detector import Detector
from voicediag.detect.examination import Examination, Progress
from voicediag.diagnose import Diagnosis, explained
from voicediag.session import Session


def check(
    session: Session, *, detectors: Sequence[Detector] = DETECTORS, progress: Progress | None = None
) -> Diagnosis:
    """Return what is wrong with a session and which of it is the root cause.

    Parameters
    ----------
    session : Session
        From `voicediag.load`.
    detectors : sequence of Detector
        Those to ask; your own go beside `voicediag.detect.DETECTORS`.
    progress : callable, optional
        Called with (seconds read, seconds in all).

    Examples
    --------
    >>> import voicediag as vd
    >>> diagnosis = vd.check(vd.load_demo())
    >>> [finding.id for finding in diagnosis.root_causes]
    ['echo-leak']
    """
    return judged(Examination(session, progress), detectors=detectors)


def judged(exam: Examination, *, detectors: Sequence[Detector]) -> Diagnosis:
    """Return the diagnosis of a session under examination: what was measured of it before is not measured again."""
    verdicts = tuple(detector.examine(exam) for detector in detectors)
    findings = explained([finding for verdict in verdicts for finding in verdict.findings])
    meters: dict[str, Mapping[str, float | int | None]] = {
        name: reading.meters() for name, reading in exam.readings.items()
    }
    return Diagnosis(
        session=exam.session,
        verdicts=verdicts,
        findings=findings,
        meters=meters,
        envelopes={name: reading.envelope for name, reading in exam.readings.items()},
        latency=exam.latency,
        cost=exam.cost,
    )


class _Door(ModuleType):
    """Whoever imports this module makes ``vd.check`` the module: calling that is the same."""

    def __call__(self, *args: Any, **named: Any) -> Diagnosis:
        return check(*args, **named)


sys.modules[__name__].__class__ = _Door
