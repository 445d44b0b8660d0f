"""A detector: one fault, one question, one function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voicediag.detect.examination import Examination
from voicediag.detect.finding import Cause, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """Looks for one fault.

    Attributes
    ----------
    id : str
        The fault's name, everywhere: this file, its test, its page in docs/faults, its folder in recordings.
    cause : Cause
        Which part of the path it belongs to.
    question : str
        What it asks of a session, as a person would.
    examine : callable
        Takes the examination and answers with findings, clear or unjudged. It raises nothing.
    """

    id: str
    cause: Cause
    question: str
    examine: Callable[[Examination], Verdict]
