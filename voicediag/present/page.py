"""A diagnosis as one HTML file that needs nothing else: no server, no network, no library.

The same cards are fragments for notebooks: `fragment`, `finding_card` and `session_card` return HTML without a shell,
and every class begins with ``vd-``. Transcripts, paths and provider strings are other people's text: the template
escapes whatever it is given, and only pictures drawn here pass as they are.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicediag.present import bills, cards, echo_answer, phrases, plots, resampler_card, waits
from voicediag.present.widgets import timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from voicediag.detect.echo_report import EchoReport
    from voicediag.detect.finding import Finding
    from voicediag.diagnose import Diagnosis
    from voicediag.measure.envelope import Envelope
    from voicediag.present.plots import Picture
    from voicediag.resampling import Report
    from voicediag.session import Session, TrackName

TEMPLATES = Path(__file__).parent / "templates"
MOST_TURNS = 400


def render(diagnosis: Diagnosis, *, pictures: Sequence[Picture] = ()) -> str:
    """Return a diagnosis as one self-contained HTML page, with further pictures below the overview."""
    # The explorer stands where it is drawn, so that nobody waits for the clips further down before there is a picture.
    scripts = {"explorer": f"(() => {{\n{timeline.script('page')}}})();\n", "script": _script()}
    diagnosis = (
        diagnosis if diagnosis.envelopes else replace(diagnosis, envelopes=timeline.envelopes(diagnosis.session))
    )
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts.values()]
    about = {**_about(diagnosis), "pictures": pictures, "timeline": _timeline(diagnosis)}
    return _filled("page.html.jinja", **about, **scripts, digests=digests, style=style() + timeline.style())


def fragment(diagnosis: Diagnosis) -> str:
    """Return a diagnosis as HTML without a shell, for a notebook."""
    return _in_notebook("diagnosis.html.jinja", **{**_about(diagnosis), "brief": True})


def finding_card(session: Session | None, finding: Finding) -> str:
    """Return one finding as HTML without a shell; with pictures and sound where there is a session."""
    role = f"Symptom of {finding.explained_by}" if finding.explained_by else "Finding"
    return _in_notebook("finding.html.jinja", card=cards.each(session, [finding])[0], role=role)


def echo_card(report: EchoReport) -> str:
    """Return what is known of a session's echo as HTML without a shell."""
    return _in_notebook("echo.html.jinja", report=report, told=echo_answer, drawn=plots.echo(report))


def resampler_card_of(report: Report) -> str:
    """Return what is known of a resampler as HTML without a shell."""
    return _in_notebook("resampler.html.jinja", **_about_resampler(report))


def resampler_page(report: Report) -> str:
    """Return what is known of a resampler as one self-contained HTML page."""
    return _filled("resampler_page.html.jinja", **_about_resampler(report), style=style())


def _about_resampler(report: Report) -> dict[str, Any]:
    return {"report": report, "told": resampler_card, "drawn": plots.resampler(report)}


def session_card(session: Session) -> str:
    """Return a session as HTML without a shell: its tracks, its turns and its picture."""
    return _in_notebook("session.html.jinja", **_session(session), name=session.source)


def _about(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return what the template of a diagnosis asks for."""
    return {
        **_session(diagnosis.session, diagnosis.findings, diagnosis.envelopes),
        "diagnosis": diagnosis,
        "cards": cards.tree(diagnosis.session, diagnosis.findings),
        "brief": False,
        "pictures": (),
        "timeline": None,
        "lines": [line for line in (waits.line(diagnosis.latency), bills.line(diagnosis.cost)) if line],
        "bills": bills,
        "waits": waits.rows(diagnosis.latency),
        "turn_waits": waits.turn_rows(diagnosis.latency),
        "version": _version(),
    }


def _timeline(diagnosis: Diagnosis) -> dict[str, Any] | None:
    """Return what the session explorer draws; None where there is no sound."""
    if not diagnosis.envelopes:
        return None
    codes = base64.b64encode(timeline.packed(diagnosis.envelopes)).decode()
    return {**timeline.about(diagnosis.session, diagnosis.findings, diagnosis.envelopes), "envelopes": codes}


def _session(
    session: Session, findings: Sequence[Finding] = (), envelopes: Mapping[TrackName, Envelope] | None = None
) -> dict[str, Any]:
    told = {key: str(value) for key, value in session.provenance.items() if value not in (None, "", [], {})}
    return {
        "session": session,
        "overview": plots.session(session, findings, envelopes),
        "causes": list(dict.fromkeys(finding.cause.value for finding in findings)),
        "told": told,
        "turns": session.turns[:MOST_TURNS],
        "more_turns": max(0, len(session.turns) - MOST_TURNS),
    }


def _in_notebook(template: str, **values: Any) -> str:
    return _filled("notebook.html.jinja", body=template, style=style(), script=_script(), **values)


def _filled(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["say"] = phrases
    return environment


@cache
def style() -> str:
    """Return the style sheet of every page and card."""
    return (TEMPLATES / "page.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    return (TEMPLATES / "player.js").read_text(encoding="utf-8")


def _version() -> str:
    """Return the version of voicediag as installed; empty where it runs from a folder that is not."""
    try:
        return metadata.version("voicediag")
    except metadata.PackageNotFoundError:
        return ""
