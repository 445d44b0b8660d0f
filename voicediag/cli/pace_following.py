"""The pace of a call while it goes on, from a process of its own: ``cushion-sweep --follow``, ``relay --light``."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.detect.pace_light import PaceLight, PaceNow
    from voicediag.formats.wire_file import Passed

LOOK_S = 0.05
# A recorder that was killed never closes its folder.
STILL_S = 30.0
PASSING = frozenset({"resumable", "slip", "going-away"})
SAID = {
    "gap": "GAP: the agent would be silent for {ms:.0f} ms",
    "stall": "STALL: nothing for {ms:.0f} ms and more",
    "behind": "BEHIND: {ms:.0f} ms more each second",
    "recovered": "in time again",
}


def followed(path: Path) -> Path:
    """Print what happens to the pace of a call that is being recorded, until it is over; return its folder."""
    from voicediag.cli.following import newest

    folder = path
    with suppress(KeyboardInterrupt):
        folder = newest(path)
        print(f"Following {folder}; Ctrl-C stops.", file=sys.stderr, flush=True)
        tell_pace(folder)
    return folder


def tell_pace(folder: Path, of_which: str = "") -> None:
    """Print what happens to the pace of a session folder, until the session is over."""
    for now in _happened(folder):
        told = SAID[now.event.kind].format(ms=now.event.size * 1_000)
        print(f"{of_which}{now.event.at_s:7.1f} s  {now.direction:4}  {told}", file=sys.stderr, flush=True)


def _happened(folder: Path) -> Iterator[PaceNow]:
    from voicediag.detect.pace_light import PaceLight
    from voicediag.formats.session_folder import MANIFEST
    from voicediag.formats.wire_tail import WireTail

    tail, light = WireTail(folder / "wire.jsonl"), PaceLight()
    last_s, read_s = 0.0, time.monotonic()
    while True:
        closed = _is_closed(folder / MANIFEST)
        for passed in tail.new():
            last_s, read_s = passed.event.t_ns / 1e9, time.monotonic()
            yield from _told(light, passed)
        waited_s = time.monotonic() - read_s
        if closed or waited_s > STILL_S:
            return
        yield from light.looked(last_s + waited_s)
        time.sleep(LOOK_S)


def _told(light: PaceLight, passed: Passed) -> Iterator[PaceNow]:
    from voicediag.protocols.events import Audio, Fact, TurnTaking

    for event in passed.meaning:
        if isinstance(event, Audio) and event.track != "agent-played":
            frames = passed.event.audio.frames if passed.event.audio else event.frames
            yield from light.sounded(passed.event.direction, passed.event.t_ns / 1e9, frames / event.rate_hz)
        elif isinstance(event, TurnTaking) or (isinstance(event, Fact) and event.kind not in PASSING):
            light.said()


def _is_closed(manifest: Path) -> bool:
    with suppress(OSError, ValueError):
        told: Any = json.loads(manifest.read_text(encoding="utf-8"))
        return isinstance(told, dict) and told.get("closed") is True
    return False
