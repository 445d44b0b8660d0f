"""The command line: wires the towers together and holds no logic of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from voicediag.diagnose import Diagnosis
    from voicediag.session import Session

CLEAR, FINDINGS, CANNOT_JUDGE = 0, 1, 2
SEVERITIES = ("low", "medium", "high")
LIVE_S = 20.0

app = typer.Typer(
    name="voicediag",
    help="Find the root cause of a bad voice session: format, starvation, echo, VAD or wire.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
User = Annotated[str, typer.Option(help="The user's channel of a stereo file (left, right), or the user's mono file.")]
Agent = Annotated[Path | None, typer.Option(help="The agent's mono file.")]
Html = Annotated[Path | None, typer.Option(help="Also write one self-contained HTML report to this file.")]
FailOn = Annotated[str, typer.Option(help="Least severity that makes the exit code 1: low, medium or high.")]


@app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Session folders, stereo files (left user, right agent), wire logs (JSONL)."),
    ] = None,
    user: User = "left",
    agent: Agent = None,
    as_json: AsJson = False,
    html: Html = None,
    fail_on: FailOn = "low",
) -> None:
    """Check recordings and name the root cause.

    Exits 0 when clear, 1 with findings, 2 when it cannot judge.

    Example: `voicediag check call.wav --html report.html`
    """
    if fail_on not in SEVERITIES:
        _refuse(f"expected --fail-on {', '.join(SEVERITIES)}, got {fail_on!r}")
    if html and paths and len(paths) > 1:
        _refuse("expected one recording with --html, got several; likely slip: one report each is needed")
    sources = _sources(paths or [], user, agent)
    sys.exit(max([_checked(load, as_json=as_json, html=html, fail_on=fail_on) for load in sources]))


@app.command()
def demo(
    as_json: AsJson = False,
    html: Html = None,
    live: Annotated[bool, typer.Option("--live", help="Hold a live session instead: 20 s, no key, no sound.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the session folder of --live.")] = Path("sessions"),
) -> None:
    """Check a recorded kitchen assistant that hears itself.

    Example: `voicediag demo --html report.html`
    """
    from voicediag.formats.demo import demo_folder, load_demo

    if live:
        _checked(lambda: _rehearsed(out, as_json=as_json), as_json=as_json, html=html, fail_on="low")
        return
    if not as_json:
        print(f"Checking the demo session, {demo_folder().name}: a cooking assistant on a loudspeaker.")
    _checked(load_demo, as_json=as_json, html=html, fail_on="low")


@app.command()
def meter(
    path: Annotated[Path, typer.Argument(help="A sound file or a session folder.")],
    as_json: AsJson = False,
) -> None:
    """Meter every track: RMS, peak, true peak, loudness, active speech, noise floor, clipping, silence.

    Example: `voicediag meter mic.wav`
    """
    from voicediag import formats
    from voicediag.detect.examination import Examination
    from voicediag.present import as_json as structured
    from voicediag.present import text

    with _input_errors():
        session = formats.load(path)
    with _progress(shown=not as_json) as progress:
        readings = Examination(session, progress).readings
    meters: dict[str, dict[str, Any]] = {name: reading.meters() for name, reading in readings.items()}
    if as_json:
        _print_json(structured.meters(meters, source=session.source))
        return
    _print_rich(text.meter_table(meters))
    for name, reading in readings.items():
        print(f"\n{name}\n{text.strip(reading.level.rms)}")


@app.command()
def lab(
    port: Annotated[int, typer.Option(help="Port of the server; the next free one if it is taken.")] = 8888,
) -> None:
    """Open JupyterLab on the notebooks.

    Example: `voicediag lab`
    """
    import subprocess

    notebooks = Path(__file__).parents[1] / "notebooks"
    folder = notebooks if notebooks.is_dir() else Path.cwd()
    command = [sys.executable, "-m", "jupyterlab", f"--port={port}", "--ip=127.0.0.1", str(folder)]
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own interpreter, no shell


@app.command()
def relay(
    provider: Annotated[str, typer.Argument(help="gemini or openai.")],
    listen: Annotated[str, typer.Option(help="Where the app connects to.")] = "127.0.0.1:8787",
    tls_listen: Annotated[str | None, typer.Option(help="The same with TLS, for clients that insist on it.")] = None,
    ca_file: Annotated[Path, typer.Option(help="Where to write the authority that vouches for that port.")] = Path(
        "voicediag-ca.pem"
    ),
    out: Annotated[Path, typer.Option(help="Folder for the session folders.")] = Path("sessions"),
    upstream: Annotated[str | None, typer.Option(help="Base URL to relay to, if not the provider's own.")] = None,
) -> None:
    """Record the live sessions of an app that changes only its base URL.

    Every byte passes unchanged; keys and tokens never reach the disk.

    Example: `voicediag relay openai --listen 127.0.0.1:8787 --out sessions`
    """
    from voicediag.errors import LiveError
    from voicediag.live.certificate import make_authority
    from voicediag.live.relay import UPSTREAMS, Relay, run

    if provider not in UPSTREAMS:
        _refuse(f"expected {' or '.join(UPSTREAMS)}", repr(provider))
    plain, tls = _address(listen), _address(tls_listen) if tls_listen else None
    base = (upstream or UPSTREAMS[provider]).rstrip("/")
    authority = make_authority() if tls else None
    with _input_errors():
        if authority:
            authority.write(ca_file)
    relaying = Relay(upstream=base, out=out, provider=provider)
    context = authority.server_context() if authority else None

    def say_ready() -> None:
        print(f"Relaying http://{listen} to {base}; session folders appear in {out}/. Ctrl-C stops.", flush=True)
        if tls:
            print(f"With TLS: https://{tls_listen}, trusted through SSL_CERT_FILE={ca_file}", flush=True)

    try:
        run(relaying, plain, tls=tls, context=context, on_ready=say_ready)
    except LiveError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        print("Stopped.")


@app.command()
def repair(
    path: Annotated[Path, typer.Argument(help="A session folder whose recorder was killed.")],
    as_json: AsJson = False,
) -> None:
    """Close a session folder that was left open: raw tracks become FLAC, what is missing is said.

    Example: `voicediag repair sessions/2026-11-21T16-15-21Z-openai.vds`
    """
    from voicediag.formats import folder_closer

    with _input_errors():
        session = folder_closer.close(path)
    problems = [f"{problem.where}: {problem.what}" for problem in session.problems]
    if as_json:
        _print_json({"schema": "voicediag.repair/1", "source": session.source, "problems": problems})
        return
    print(f"{path} is closed: {session.duration_s:.1f} s, {', '.join(session.tracks)}.")
    for problem in problems:
        print(f"Missing: {problem}")


@app.command()
def emulate(
    provider: Annotated[str, typer.Argument(help="gemini or openai.")] = "",
    port: Annotated[int, typer.Option(help="Where clients connect to; 0 takes a free port.")] = 8765,
    tls_port: Annotated[int | None, typer.Option(help="The same with TLS, for clients that insist on it.")] = None,
    ca_file: Annotated[Path, typer.Option(help="Where to write the authority that vouches for that port.")] = Path(
        "voicediag-ca.pem"
    ),
    scenario: Annotated[Path | None, typer.Option(help="What the agent says: a JSON file.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="What goes wrong: NAME or NAME=SECONDS; repeat it.")] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Say what each fault does, and exit.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer an app on this machine as Gemini Live or OpenAI Realtime would, with faults by name.

    Example: `voicediag emulate openai --port 8765 --fault late-chunks=0.8`
    """
    from voicediag.live import emulator

    if list_faults:
        for name, kind in emulator.FAULTS.items():
            print(f"{name:24}{' '.join(kind.providers):16}{kind.says}")
        return

    def say_ready(running: emulator.Emulator) -> None:
        if as_json:
            print(json.dumps({"schema": "voicediag.emulate/1", **running.told(ca_file)}), flush=True)
        else:
            print(*running.to_paste(ca_file), "\nCtrl-C stops.", sep="\n", flush=True)

    with _input_errors():
        told = emulator.read(scenario) if scenario else None
        try:
            emulator.run(
                provider, told, faults=fault or (), port=port, tls_port=tls_port, ca_file=ca_file, on_ready=say_ready
            )
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)


def main() -> None:
    """Run the command line."""
    app()


def _rehearsed(out: Path, *, as_json: bool) -> Session:
    """Hold a live session on this machine and return its recording."""
    from voicediag import formats
    from voicediag.live import rehearsal

    if not as_json:
        print("A speakerphone talks through the relay to an emulated Gemini Live, for 20 s ...", flush=True)
    with _progress(shown=not as_json) as progress:
        tell = (lambda at_s: progress(at_s, LIVE_S)) if progress else (lambda _: None)
        folder = rehearsal.rehearse(out, duration_s=LIVE_S, on_tick=tell)
    if not as_json:
        print(f"Recorded: {folder}")
    return formats.load(folder)


def _address(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        _refuse("expected HOST:PORT", f"{text!r}; likely slip: 127.0.0.1:8787")
    return host.strip("[]"), int(port)


def _sources(paths: list[Path], user: str, agent: Path | None) -> list[Callable[[], Session]]:
    """Return what loads each recording that was named."""
    from voicediag import formats

    if agent is not None:
        mine = [Path(user)] if user not in ("left", "right") else paths
        if len(mine) != 1:
            _refuse("expected one user's file beside --agent", f"{len(mine)}")
        return [lambda: formats.load(mine[0], agent=agent)]
    if not paths:
        _refuse("expected a recording, got none; likely slip: try `voicediag demo`")
    return [lambda path=path: formats.load(path, user=user) for path in paths]  # type: ignore[misc]


def _checked(load: Callable[[], Session], *, as_json: bool, html: Path | None, fail_on: str) -> int:
    """Check one recording, print what was found and return the exit code."""
    from voicediag.check import check as run
    from voicediag.errors import InputError

    try:
        session = load()
    except InputError as error:
        print(f"voicediag: {error}", file=sys.stderr)
        return CANNOT_JUDGE
    with _progress(shown=not as_json) as progress:
        diagnosis = run(session, progress=progress)
    _show(diagnosis, as_json=as_json)
    if html:
        from voicediag.present import page

        html.write_text(page.render(diagnosis), encoding="utf-8")
        if not as_json:
            print(f"\nReport: {html}")
    return _exit_code(diagnosis, fail_on)


def _show(diagnosis: Diagnosis, *, as_json: bool) -> None:
    if as_json:
        from voicediag.present import as_json as structured

        _print_json(structured.check(diagnosis))
    else:
        from voicediag.present import text

        _print_rich(text.report(diagnosis))


def _exit_code(diagnosis: Diagnosis, fail_on: str) -> int:
    """Return 1 with findings of at least that severity, 2 when no detector could judge, else 0."""
    from voicediag.detect.finding import Severity

    if any(finding.severity >= Severity[fail_on.upper()] for finding in diagnosis.findings):
        return FINDINGS
    return CANNOT_JUDGE if not diagnosis.findings and not diagnosis.clear else CLEAR


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[float, float], None] | None]:
    """Show a progress bar on a terminal, on the error stream, for work that takes over a second."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    columns = (*Progress.get_default_columns(), TextColumn("{task.completed:.0f} of {task.total:.0f} s of sound"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _input_errors() -> Iterator[None]:
    """Turn a bad input into one line and exit code 2."""
    from voicediag.errors import InputError

    try:
        yield
    except InputError as error:
        _refuse(str(error))


def _refuse(*parts: str) -> None:
    print(f"voicediag: {', got '.join(parts)}", file=sys.stderr)
    sys.exit(CANNOT_JUDGE)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def _print_rich(what: RenderableType) -> None:
    from rich.console import Console

    Console(highlight=False).print(what)
