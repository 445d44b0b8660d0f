"""How sessions, findings and diagnoses show themselves in a notebook.

Registered with IPython by type name, so that nothing is imported before there is something to show.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from voicediag.detect.echo_report import EchoReport
    from voicediag.detect.finding import Finding
    from voicediag.diagnose import Diagnosis
    from voicediag.present.widgets.explorer import Explorer
    from voicediag.resampling import Report
    from voicediag.session import Session
    from voicediag.tune.cushion import Sweep

# What is shorter is read in less than a second.
LONG_S: Final = 600.0


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
    from voicediag.present.widgets import timeline
    from voicediag.present.widgets.explorer import Explorer
    from voicediag.session import Session

    if isinstance(what, Diagnosis) and what.envelopes:
        return Explorer(what.session, what.findings, what.envelopes)
    findings = what.findings if isinstance(what, Diagnosis) else ()
    session = what.session if isinstance(what, Diagnosis) else what if isinstance(what, Session) else load(what)
    with _progress(session) as tell:
        return Explorer(session, findings, timeline.envelopes(session, tell))


@contextmanager
def _progress(session: Session) -> Iterator[Callable[[float, float], None] | None]:
    """Show how much of a long session was read, where there is a notebook to show it in."""
    from IPython import display, get_ipython

    html: Any = display.HTML
    if session.duration_s < LONG_S or not hasattr(get_ipython(), "kernel"):
        yield None
        return
    shown: Any = display.display(html(""), display_id=True)  # type: ignore[no-untyped-call]

    def tell(read_s: float, whole_s: float) -> None:
        bar = f'<progress max="{whole_s:.0f}" value="{read_s:.0f}"></progress>'
        shown.update(html(f"<label>Reading {read_s / 60:.0f} of {whole_s / 60:.0f} minutes {bar}</label>"))

    try:
        yield tell
    finally:
        shown.update(html(""))


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
