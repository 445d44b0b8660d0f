"""How sessions, findings and diagnoses show themselves in a notebook.

Registered with IPython by type name, so that nothing is imported before there is something to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from voicediag.detect.echo_report import EchoReport
    from voicediag.detect.finding import Finding
    from voicediag.diagnose import Diagnosis
    from voicediag.present.widgets.explorer import Explorer
    from voicediag.resampling import Report
    from voicediag.session import Session
    from voicediag.tune.cushion import Sweep


def register() -> bool:
    """Teach the running IPython to show voicediag's types; return whether there is one."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        return False
    html = shell.display_formatter.formatters["text/html"]
    html.for_type_by_name("voicediag.session.session", "Session", _session)
    html.for_type_by_name("voicediag.detect.finding", "Finding", _finding)
    html.for_type_by_name("voicediag.detect.echo_report", "EchoReport", _echo)
    html.for_type_by_name("voicediag.tune.cushion", "Sweep", _sweep)
    html.for_type_by_name("voicediag.resampling.report", "Report", _resampler)
    html.for_type_by_name("voicediag.diagnose", "Diagnosis", _diagnosis)
    return True


def explore(what: Session | Diagnosis | Path | str) -> Explorer:
    """Return a session as a widget to zoom into, walk through and hear; all of its sound, at the level that it has.

    Parameters
    ----------
    what : Diagnosis, Session, path or str
        A diagnosis brings its findings along, and its sound need not be read again. A path is loaded.

    Examples
    --------
    >>> import voicediag as vd
    >>> vd.explore(vd.load_demo()).about["seconds"] > 10
    True
    """
    from voicediag.diagnose import Diagnosis
    from voicediag.formats import load
    from voicediag.present.widgets.explorer import Explorer
    from voicediag.session import Session

    if isinstance(what, Diagnosis):
        return Explorer(what.session, what.findings, what.envelopes)
    return Explorer(what if isinstance(what, Session) else load(what))


def load_ipython_extension(_shell: object) -> None:
    """Serve ``%load_ext voicediag.notebook``."""
    register()


def _session(session: Session) -> str:
    from voicediag.present import page

    return page.session_card(session)


def _finding(finding: Finding) -> str:
    from voicediag.present import page

    return page.finding_card(None, finding)


def _echo(report: EchoReport) -> str:
    from voicediag.present import page

    return page.echo_card(report)


def _sweep(sweep: Sweep) -> str:
    from voicediag.present import plots

    return plots.cushion(sweep).svg()


def _resampler(report: Report) -> str:
    from voicediag.present import page

    return page.resampler_card_of(report)


def _diagnosis(diagnosis: Diagnosis) -> str:
    from voicediag.present import page

    return page.fragment(diagnosis)
