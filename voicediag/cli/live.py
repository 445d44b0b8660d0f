"""The commands that record live sessions or make them: ``relay``, ``emulate``, ``repair``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from voicediag.cli.shared import AsJson, Light, app, input_errors, print_json, refuse


@app.command()
def relay(
    provider: Annotated[str, typer.Argument(help="gemini, openai or twilio.")],
    listen: Annotated[str, typer.Option(help="Where the app, or Twilio's tunnel, connects to.")] = "127.0.0.1:8787",
    tls_listen: Annotated[str | None, typer.Option(help="The same with TLS, for clients that insist on it.")] = None,
    ca_file: Annotated[Path, typer.Option(help="Where to write the authority that vouches for that port.")] = Path(
        "voicediag-ca.pem"
    ),
    out: Annotated[Path, typer.Option(help="Folder for the session folders.")] = Path("sessions"),
    upstream: Annotated[
        str | None, typer.Option(help="Base URL to relay to, if not the provider's own; for twilio your app's.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Name of a tunnel whose requests are let in; repeat it.")
    ] = None,
    light: Light = None,
) -> None:
    """Record the live sessions of an app that changes only its base URL, or of one that Twilio dials.

    Every byte passes unchanged; keys and tokens never reach the disk. On a terminal a line says so as soon as the
    microphone hears the agent, after two seconds of its speech, and at each gap, stall and drift of the sound.

    Example: `voicediag relay openai --listen 127.0.0.1:8787 --out sessions`

    Example: `voicediag relay twilio --upstream ws://127.0.0.1:5050 --allow-host NAME.ngrok.app`
    """
    from voicediag.cli.watching import lights_beside
    from voicediag.errors import LiveError
    from voicediag.live.certificate import make_authority
    from voicediag.live.relay import Relay, run
    from voicediag.live.upstream import base_url, host_name, keeps_host

    plain, tls = _address(listen), _address(tls_listen) if tls_listen else None
    with input_errors():
        base = base_url(provider, upstream)
        hosts = frozenset(map(host_name, allow_host or ()))
        authority = make_authority() if tls else None
        if authority:
            authority.write(ca_file)
    relaying = Relay(
        upstream=base,
        out=out,
        provider=provider,
        allowed_hosts=hosts,
        keeps_host=keeps_host(provider, base),
        on_trouble=lambda told: print(f"voicediag relay: {told}", file=sys.stderr, flush=True),
    )
    context = authority.server_context() if authority else None

    def say_ready() -> None:
        print(f"Relaying http://{listen} to {base}; session folders appear in {out}/. Ctrl-C stops.", flush=True)
        if tls:
            print(f"With TLS: https://{tls_listen}, trusted through SSL_CERT_FILE={ca_file}", flush=True)

    try:
        with lights_beside(out, shown=light):
            run(relaying, plain, tls=tls, context=context, on_ready=say_ready)
    except LiveError as error:
        refuse(str(error))
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

    with input_errors():
        session = folder_closer.close(path)
    problems = [f"{problem.where}: {problem.what}" for problem in session.problems]
    if as_json:
        print_json({"schema": "voicediag.repair/1", "source": session.source, "problems": problems})
        return
    print(f"{path} is closed: {session.duration_s:.1f} s, {', '.join(session.tracks)}.")
    for problem in problems:
        print(f"Missing: {problem}")


@app.command()
def emulate(
    provider: Annotated[str, typer.Argument(help="gemini, openai or twilio.")] = "",
    port: Annotated[int, typer.Option(help="Where clients connect to; 0 takes a free port.")] = 8765,
    tls_port: Annotated[int | None, typer.Option(help="The same with TLS, for clients that insist on it.")] = None,
    ca_file: Annotated[Path, typer.Option(help="Where to write the authority that vouches for that port.")] = Path(
        "voicediag-ca.pem"
    ),
    scenario: Annotated[Path | None, typer.Option(help="What the agent says, or twilio's caller: a JSON file.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="What goes wrong: NAME or NAME=SECONDS; repeat it.")] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Say what each fault does, and exit.")] = False,
    dials: Annotated[str, typer.Option("--app", help="twilio dials: ws://127.0.0.1:PORT/PATH, or demo.")] = "",
    out: Annotated[Path | None, typer.Option(help="twilio: folder that the call is recorded in.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="twilio: name of an app elsewhere that may be dialled.")
    ] = None,
    auth_token: Annotated[
        str | None, typer.Option(envvar="TWILIO_AUTH_TOKEN", help="twilio: what the request is signed with.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer an app on this machine as Gemini Live or OpenAI Realtime would, or dial it as Twilio; with faults by name.

    Example: `voicediag emulate openai --port 8765 --fault late-chunks=0.8`

    Example: `voicediag emulate twilio --app demo --fault speaker-echo --out sessions`
    """
    from voicediag.cli import telephone
    from voicediag.live import emulator

    if list_faults:
        for name, kind in emulator.FAULTS.items():
            print(f"{name:24}{' '.join(kind.providers):22}{kind.says}")
        return
    if provider == "twilio":
        call = telephone.dial(
            dials,
            scenario,
            faults=fault or (),
            allow_host=allow_host or (),
            auth_token=auth_token,
            out=out,
            as_json=as_json,
        )
        sys.exit(call)

    def say_ready(running: emulator.Emulator) -> None:
        if as_json:
            print(json.dumps({"schema": "voicediag.emulate/1", **running.told(ca_file)}), flush=True)
        else:
            print(*running.to_paste(ca_file), "\nCtrl-C stops.", sep="\n", flush=True)

    with input_errors():
        told = emulator.read(scenario) if scenario else None
        try:
            emulator.run(
                provider, told, faults=fault or (), port=port, tls_port=tls_port, ca_file=ca_file, on_ready=say_ready
            )
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)


def _address(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        refuse("expected HOST:PORT", f"{text!r}; likely slip: 127.0.0.1:8787")
    return host.strip("[]"), int(port)
