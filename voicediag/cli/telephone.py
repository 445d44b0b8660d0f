"""``voicediag emulate twilio``: a call to an app, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from voicediag.cli.shared import CLEAR, FINDINGS, input_errors, print_json, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicediag.live.emulator.twilio_dialling import Told

ENDS = {"hung-up": "The caller hung up", "app-closed": "The app closed the connection", "aborted": "The line broke"}


def dial(
    app: str,
    scenario: Path | None,
    *,
    faults: Sequence[str],
    allow_host: Sequence[str],
    auth_token: str | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Call an app as Twilio would, print what became of it, and return the exit code."""
    from voicediag.live.emulator import caller, twilio_dialling
    from voicediag.live.upstream import host_name

    def say(url: str) -> None:
        if not as_json:
            print(f"Calling {url} ...", flush=True)

    with input_errors():
        hosts = frozenset(map(host_name, allow_host))
        address = app if app == twilio_dialling.DEMO else twilio_dialling.address_of(app, hosts)
        who = caller.read(scenario) if scenario else caller.Caller()
        try:
            told = twilio_dialling.run(address, who, faults=faults, auth_token=auth_token, out=out, on_dial=say)
        except KeyboardInterrupt:
            refuse("expected a call to its end", "Ctrl-C")
    if as_json:
        print_json({"schema": "voicediag.emulate/1", "provider": "twilio", **asdict(told)})
    else:
        _print(told)
    return CLEAR if told.is_well else FINDINGS


def _print(told: Told) -> None:
    code = "" if told.code is None else f" ({told.code})"
    print(f"{ENDS[told.ended]}{code} after {told.sent_s:.1f} s of the caller's sound.")
    unplayed = f", of which {told.unplayed_s:.1f} s were not played" if told.unplayed_s else ""
    print(f"The app sent {told.received_s:.1f} s of sound{unplayed}, {told.marks} marks and {told.clears} clears.")
    for slip, times in told.slips.items():
        print(f"Against Twilio's rules: {slip}, {times} times (docs/faults/protocol-slip.md).")
    if told.folder:
        print(f"Recorded: {told.folder}")
