"""How often `bad-pacing` names the right kind of fault, and how often it finds one where there is none.

``python -m benchmarks.pacing`` draws logs of each kind, with lengths, speeds, overheads, jitters and stalls from wide
ranges, and asks the detector. The agent's sound is that of `recordings/clean`. `SEED` was looked at for the first time
when the limits stood; `FITTED` is the seed that they were tried on.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator
from rich.progress import track

from benchmarks.table import show
from voicediag.detect import bad_pacing
from voicediag.detect.examination import Examination
from voicediag.live.client.player import BYTES_A_FRAME, Player
from voicediag.session import ArraySource, Chunks, PlaybackEvent, Session, Track
from voicediag.session.clock import NANOSECONDS
from voicediag.signals import pacings
from voicediag.signals.pacings import Paced, absolute

ROOT = Path(__file__).parents[1]
FITTED, SEED = 5, 20_261_122
EACH = 40
RATE_HZ = 24_000
FRAMES_S = (0.01, 0.02, 0.03, 0.04, 0.06, 0.1)
CALLBACK_S = 0.02
CLEAN = "none"


@dataclass(frozen=True)
class Log:
    """A session's chunks: up, or down answer by answer, and what the player's queue held."""

    up: Paced | None = None
    down: tuple[Paced, ...] = ()
    queue_s: float | None = None


def main() -> None:
    """Print the table."""
    seed = FITTED if "--fitted" in sys.argv else SEED
    voice = _voice()
    told: dict[str, Counter[str]] = {}
    jobs = [(name, number) for name in KINDS for number in range(EACH)]
    for name, number in track(jobs, transient=True):
        rng = np.random.default_rng([seed, list(KINDS).index(name), number])
        log = KINDS[name](rng)
        kinds = _told(log, voice)
        told.setdefault(name, Counter())[kinds] += 1
        if "--each" in sys.argv and kinds != _expected(name):
            print(name, number, kinds)
    rows = [[name, EACH, told[name][_expected(name)], _others(told[name], _expected(name))] for name in KINDS]
    right = sum(told[name][_expected(name)] for name in KINDS if _expected(name) != CLEAN)
    planted = EACH * sum(_expected(name) != CLEAN for name in KINDS)
    false = sum(EACH - told[name][CLEAN] for name in KINDS if _expected(name) == CLEAN)
    show(
        f"bad-pacing, {len(jobs)} logs",
        ("planted", "logs", "named", "else"),
        rows,
        note=f"the kind is right in {right} of {planted} ({100 * right / planted:.1f} %); {false} of "
        f"{len(jobs) - planted} logs without a fault have a finding",
    )


def _expected(name: str) -> str:
    return CLEAN if name.startswith(CLEAN) else name.partition(",")[0]


def _others(told: Counter[str], expected: str) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in told.items() if kind != expected) or "-"


def _told(log: Log, voice: np.ndarray) -> str:
    verdict = bad_pacing.DETECTOR.examine(Examination(_session(log, voice)))
    if verdict.reason:
        return "unjudged"
    return "+".join(sorted({str(each.primary.measure["kind"]) for each in verdict.findings})) or CLEAN


def _frames(rng: Generator, seconds: float, length_s: float | None = None) -> np.ndarray:
    length_s = float(rng.choice(FRAMES_S)) if length_s is None else length_s
    return np.full(int(seconds / length_s), length_s)


def _network(paced: Paced, rng: Generator, most_s: float = 0.015) -> Paced:
    return pacings.jittered(paced, sigma_s=rng.uniform(0.0003, most_s), seed=int(rng.integers(1 << 31)))


def _seed(rng: Generator) -> int:
    return int(rng.integers(1 << 31))


def _answers(rng: Generator, make: Callable[[np.ndarray], Paced], *, count: int = 6) -> tuple[Paced, ...]:
    lengths = _frames(rng, 1.0)[0]
    return tuple(make(_frames(rng, rng.uniform(3, 9), lengths)) for _ in range(count))


def _sleep(rng: Generator) -> Log:
    frames = _frames(rng, rng.uniform(30, 90))
    overhead_s = max(frames[0] * rng.uniform(0.008, 0.2), 0.0003)
    drift = pacings.sleeping(frames, overhead_s=overhead_s, seed=_seed(rng), spread=rng.uniform(0.05, 0.8))
    return Log(up=_network(drift, rng, 0.025))


def _losing(rng: Generator) -> Log:
    """Return an app that sends what the microphone delivers, which loses buffers at any time."""
    frames, buffer_s = _frames(rng, rng.uniform(30, 90)), float(rng.choice((0.008, 0.01, 0.02, 1_024 / 48_000)))
    whole_s = float(frames.sum())
    ends = np.cumsum(frames)
    losses = np.sort(rng.uniform(0, whole_s, rng.poisson(rng.uniform(0.01, 0.05) * whole_s / buffer_s)))
    return Log(up=_network(Paced(at_s=ends + buffer_s * np.searchsorted(losses, ends), lengths_s=frames), rng))


def _windows(rng: Generator) -> Log:
    length_s = float(rng.choice((0.01, 0.02)))
    frames = _frames(rng, rng.uniform(20, 60), length_s)
    tick_s = 0.015625
    steps = np.ceil((frames + rng.uniform(0.0002, 0.004, frames.size)) / tick_s) * tick_s
    at_s = np.concatenate(([0.0], np.cumsum(steps)[:-1]))
    return Log(up=_network(Paced(at_s=at_s, lengths_s=frames), rng))


def _slow(rng: Generator) -> Log:
    speed, spread = rng.uniform(0.5, 0.95), rng.uniform(0.0, 0.4)

    def make(frames: np.ndarray) -> Paced:
        return _network(pacings.generated(frames, speed=speed, seed=_seed(rng), spread=spread), rng, 0.02)

    return Log(down=_answers(rng, make))


def _framing(rng: Generator) -> Log:
    frame_s = float(rng.choice((0.01, 0.02, 0.04)))
    message_s = frame_s * (int(rng.integers(1, 6)) + float(rng.choice((0.25, 0.5, 0.75))))
    paced = pacings.framed(message_s, frame_s=frame_s, messages=int(rng.uniform(20, 60) / message_s))
    return Log(up=_network(paced, rng, 0.01))


def _stalls(rng: Generator, end_s: float, count: int) -> list[tuple[float, float]]:
    places = np.sort(rng.uniform(1, end_s - 4, count))
    return [(float(at_s), float(rng.uniform(0.7, 2.5))) for at_s in places]


def _stall_up(rng: Generator) -> Log:
    length_s = rng.uniform(20, 60)
    paced = _network(absolute(_frames(rng, length_s)), rng)
    return Log(up=pacings.stalled(paced, stalls=_stalls(rng, length_s, int(rng.integers(1, 5)))))


def _stall_down(rng: Generator) -> Log:
    speed = float(rng.choice((1.0, 1.0, 1.3, 2.0)))

    def make(frames: np.ndarray) -> Paced:
        paced = _network(absolute(frames, speed=speed), rng)
        for_s = rng.uniform(1.5, 2.5) * (1 if speed == 1 else 2)
        return pacings.stalled(paced, stalls=[(float(rng.uniform(0.4, 1.0)), for_s)])

    return Log(down=_answers(rng, make))


def _jitter_up(rng: Generator) -> Log:
    frames = _frames(rng, rng.uniform(20, 60))
    return Log(up=pacings.jittered(absolute(frames), sigma_s=rng.uniform(0.06, 0.1), seed=_seed(rng)))


def _jitter_down(rng: Generator) -> Log:
    sigma_s = rng.uniform(0.06, 0.1)
    return Log(down=_answers(rng, lambda frames: pacings.jittered(absolute(frames), sigma_s=sigma_s, seed=_seed(rng))))


def _overflow(rng: Generator) -> Log:
    speed, queue_s = rng.uniform(1.5, 6.0), rng.uniform(0.2, 1.0)
    return Log(down=_answers(rng, lambda frames: _network(absolute(frames, speed=speed), rng)), queue_s=queue_s)


def _clean_up(rng: Generator) -> Log:
    return Log(up=_network(absolute(_frames(rng, rng.uniform(10, 90))), rng, 0.02))


def _clean_talk_button(rng: Generator) -> Log:
    paced = _network(absolute(_frames(rng, 60)), rng, 0.02)
    at_s = paced.at_s + 3.0 * np.floor(paced.at_s / rng.uniform(4, 12))
    return Log(up=Paced(at_s=at_s, lengths_s=paced.lengths_s))


def _clean_down(rng: Generator) -> Log:
    speed = float(rng.choice((1.0, 1.0, 1.5, 2.0, 4.0, 20.0)))
    lead_s = float(rng.choice((0.0, 0.5)))
    make = lambda frames: _network(absolute(frames, speed=speed, lead_s=lead_s), rng, 0.02)  # noqa: E731
    return Log(down=_answers(rng, make), queue_s=600.0)


def _clean_lossy(rng: Generator) -> Log:
    paced = _network(absolute(_frames(rng, rng.uniform(20, 60), 0.04)), rng, 0.004)
    return Log(up=pacings.lossy(paced, share=rng.uniform(0.01, 0.2), seed=_seed(rng)))


KINDS: dict[str, Callable[[Generator], Log]] = {
    "sleep-drift": _sleep,
    "sleep-drift, ticks of 15.6 ms": _windows,
    "slow-source": _slow,
    "framing": _framing,
    "stall-and-burst, up": _stall_up,
    "stall-and-burst, down": _stall_down,
    "jitter, up": _jitter_up,
    "jitter, down": _jitter_down,
    "overflow": _overflow,
    f"{CLEAN}, up": _clean_up,
    f"{CLEAN}, a talk button": _clean_talk_button,
    f"{CLEAN}, down": _clean_down,
    f"{CLEAN}, chunks that never came": _clean_lossy,
    "falls-behind, lost buffers": _losing,
}


def _session(log: Log, voice: np.ndarray) -> Session:
    if log.up is not None:
        return Session(source="drawn", tracks={}, sent_chunks=_chunks((log.up,), ended=False))
    chunks = _chunks(log.down, ended=True)
    sound = np.resize(voice, int(chunks.ends[-1]))
    track_ = Track(name="agent-received", source=ArraySource(sound, RATE_HZ))
    playback = () if log.queue_s is None else tuple(_played(chunks, log.queue_s))
    return Session(source="drawn", tracks={"agent-received": track_}, chunks=chunks, playback=playback)


def _chunks(parts: tuple[Paced, ...], *, ended: bool) -> Chunks:
    begins_s, at_s = 1.0, []
    for part in parts:
        at_s.append(begins_s + part.at_s)
        begins_s = max(float(at_s[-1][-1]), begins_s + float(part.lengths_s.sum())) + 2.0
    lengths = np.round(np.concatenate([part.lengths_s for part in parts]) * RATE_HZ).astype(np.int64)
    return Chunks(
        rate_hz=RATE_HZ,
        at_s=np.concatenate(at_s),
        firsts=np.cumsum(lengths) - lengths,
        ends=np.cumsum(lengths),
        answers=np.repeat(np.arange(len(parts)), [part.at_s.size for part in parts]),
        ended=ended,
    )


def _played(chunks: Chunks, queue_s: float) -> list[PlaybackEvent]:
    """Return what a player logs whose queue takes no more than `queue_s`, and drops what comes then."""
    player = Player(RATE_HZ, cushion_s=0.1, most_queued_s=queue_s, drops_newest=True)
    size, index = round(CALLBACK_S * RATE_HZ), 0
    for tick in range(int((chunks.at_s[-1] + min(queue_s, 10.0)) / CALLBACK_S)):
        now_s = tick * CALLBACK_S
        while index < chunks.at_s.size and chunks.at_s[index] <= now_s:
            frames = int(chunks.ends[index] - chunks.firsts[index])
            player.queue(bytes(BYTES_A_FRAME * frames), round(chunks.at_s[index] * NANOSECONDS))
            index += 1
        player.play(size, round(now_s * NANOSECONDS))
    return player.log


def _voice() -> np.ndarray:
    files = sorted((ROOT / "recordings" / "clean").glob("[bcdh]*.vds/agent-received.flac"))
    return np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])


if __name__ == "__main__":
    main()
