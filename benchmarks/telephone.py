"""How often faults of a telephone call are found, and nothing else: ``python -m benchmarks.telephone``.

The voices of `recordings/clean`, people as callers and synthetic agents, are put together at random to calls over the
emulated Twilio, at random levels; an app that answers and clears is dialled. Each fault is planted in some of them.
What is checked is a wire log, as an app would write it. The voices are those that some limits were chosen with.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.progress import track

import voicediag as vd
from benchmarks.table import show
from voicediag.live.emulator.agenda import Abort, Action, Close
from voicediag.live.emulator.caller import LINE_HZ, Caller, Say
from voicediag.live.emulator.clips import RATE_HZ, Pcm, from_float
from voicediag.live.emulator.faults import Faults, parse
from voicediag.live.emulator.imagined import hold
from voicediag.live.emulator.scenario import Reply, Scenario, Vad
from voicediag.live.emulator.service import Script
from voicediag.live.emulator.twilio import TwilioCall
from voicediag.live.emulator.twilio_agent import TwilioAgent
from voicediag.spans import Span

if TYPE_CHECKING:
    from voicediag.live.emulator.gate import Heard
    from voicediag.session.events import Direction

CLEAN: Final = Path(__file__).parents[1] / "recordings" / "clean"
TRIALS, SEED = 30, 20_261_123
# A clip of less is a word, one of more a speech.
SHORTEST_S, LONGEST_S = 0.9, 6.0
# The caller's turn that breaks in, counted from one; an answer that waits for less than this is none to be found.
BREAKS_IN, LEAST_WAIT_S = 2, 0.3
# Recordings of people whose microphones are what is odd about them, and calls that are made already.
ODD: Final = frozenset({"noisy-kitchen", "noisy-street", "two-voices", "soft-speech", "helpline"})
# What is planted: faults of the line, whether the app clears, and what must be found.
PLANTS: Final[dict[str, tuple[tuple[str, ...], bool, set[str]]]] = {
    "nothing": ((), True, set()),
    "late and bursty frames": (("bursty-frames=0.2",), True, set()),
    "echo on the line": (("speaker-echo",), True, {"echo-leak"}),
    "frames that are never sent": (("lost-packets",), True, {"starved-capture"}),
    "no clear": ((), False, {"unflushed-playback"}),
    "a line that breaks": (("tcp-abort=12",), True, {"dropped-connection"}),
}


class _NeverClears(TwilioAgent):
    """An app that forgets what Twilio still holds."""

    def user_started(self, heard: Heard, now_s: float) -> list[Action]:
        super().user_started(heard, now_s)
        return []


def main() -> None:
    """Print the table."""
    jobs = [(name, trial) for name in PLANTS for trial in range(TRIALS)]
    with ProcessPoolExecutor() as pool:
        found = list(track(pool.map(_found, jobs, chunksize=2), total=len(jobs), transient=True))
    rows = []
    for name in PLANTS:
        seen = [each for (kind, _), each in zip(jobs, found, strict=True) if kind == name]
        others = Counter(fault for ids, planted in seen for fault in ids - planted)
        hits = [planted <= ids for ids, planted in seen if planted]
        right = sum(ids == planted for ids, planted in seen)
        rows.append((name, len(seen), len(hits), sum(hits), right, str(dict(others)) if others else ""))
    show(
        f"Telephone calls, {TRIALS} of each kind",
        ("kind", "calls", "planted", "found", "that and nothing else", "what else was found"),
        rows,
        note=f"A call without a clear is one with the fault where an answer waited for over {LEAST_WAIT_S:g} s.",
    )


def _found(job: tuple[str, int]) -> tuple[set[str], set[str]]:
    """Return what was found in a call, and what was planted."""
    name, trial = job
    faults, clears, planted = PLANTS[name]
    random = np.random.default_rng((SEED, trial))
    twilio, app = _ends(random, faults, clears=clears)
    lines: list[str] = []
    waited = [0.0]
    over_s = float("inf")

    def passed(now_s: float, direction: Direction, what: dict[str, Any] | Close | Abort) -> None:
        nonlocal over_s
        if direction == "down" and isinstance(what, dict) and now_s > over_s:
            waited.append((twilio.line.received - twilio.line.played) / LINE_HZ)
            over_s = float("inf")
        ends = {"code": getattr(what, "code", 1006), "reason": ""}
        message, kind = (what, {}) if isinstance(what, dict) else (ends, {"kind": "close"})
        lines.append(json.dumps({"t": now_s, "dir": direction, "msg": message, **kind}))

    def ticked(now_s: float) -> None:
        nonlocal over_s
        if twilio.said == BREAKS_IN and over_s == float("inf") and len(waited) == 1:
            over_s = now_s + twilio.clips[BREAKS_IN - 1].size / LINE_HZ

    hold(twilio, app, passed, ticked=ticked)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "call.jsonl"
        log.write_text("\n".join(lines), encoding="utf-8")
        found = {finding.id for finding in vd.check(vd.load(log)).findings}
    return found, planted if clears or waited[-1] > LEAST_WAIT_S else set()


def _ends(random: np.random.Generator, faults: tuple[str, ...], *, clears: bool) -> tuple[TwilioCall, TwilioAgent]:
    """Return a caller of one voice, who breaks in at the second answer, and the app of another."""
    people, agents = _voices()
    mine, theirs = people[random.integers(len(people))], agents[random.integers(len(agents))]
    said = [_at(mine[random.integers(len(mine))], LINE_HZ, random.uniform(0.25, 0.6)) for _ in range(3)]
    answers = [theirs[index] for index in random.permutation(len(theirs))[:4]]
    # The one that is broken into goes on for long enough.
    twice = [random.permutation(len(theirs)) for _ in range(2)]
    answers[1] = np.concatenate([theirs[index] for index in np.concatenate(twice)])
    level = random.uniform(0.12, 0.3)
    says = (Say(), Say(over_s=float(random.uniform(1.0, 2.0))), Say())
    caller = Caller(says=says, room_dbfs=float(random.uniform(-68, -56)), seed=int(random.integers(1 << 30)))
    scenario = Scenario(
        replies=tuple(Reply(text="", delay_s=float(random.uniform(0.3, 0.9))) for _ in answers),
        speed=float(random.choice([2.0, 4.0, 8.0])),
        chunk_ms=int(random.choice([20, 100, 200])),
        vad=Vad(threshold_dbfs=-32.0, silence_ms=400),
    )
    script = Script(scenario=scenario, clips=tuple(_at(each, RATE_HZ, level) for each in answers), faults=Faults({}))
    call = TwilioCall(caller, tuple(said), parse(faults, provider="twilio"))
    return call, (TwilioAgent if clears else _NeverClears)(script)


@cache
def _voices() -> tuple[list[list[np.ndarray]], list[list[np.ndarray]]]:
    """Return the turns of each recording's people and agents, at the rates of the line and of the app."""
    people, agents = [], []
    for folder in sorted(CLEAN.glob("*.vds")):
        if folder.stem in ODD:
            continue
        spoken = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["speech"]
        session = vd.load(folder)
        for voices, role, name, rate_hz in (
            (people, "user", "user-sent", LINE_HZ),
            (agents, "agent", "agent-played", RATE_HZ),
        ):
            turns = [_turn(session, name, Span(*pair), rate_hz) for pair in spoken[role]]
            if fit := [turn for turn in turns if SHORTEST_S <= turn.size / rate_hz <= LONGEST_S]:
                voices.append(fit)
    return people, [turns for turns in agents if len(turns) > 1]


def _turn(session: vd.session.Session, name: Any, span: Span, rate_hz: int) -> np.ndarray:
    import soxr

    tap = session.tracks[name]
    return np.asarray(soxr.resample(tap.read(span), tap.rate_hz, rate_hz), np.float32)


def _at(samples: np.ndarray, rate_hz: int, peak: float) -> Pcm:
    """Return speech with this peak, its ends faded in 5 ms."""
    fade = np.ones(samples.size, np.float32)
    edge = rate_hz // 200
    fade[:edge], fade[-edge:] = np.linspace(0, 1, edge), np.linspace(1, 0, edge)
    return from_float((samples * fade * (peak / np.abs(samples).max())).astype(np.float32))


if __name__ == "__main__":
    main()
