"""How well chunks that are filled up with zeros are told: ``python -m benchmarks.padding``.

Voices are those that no constant was chosen on (`starvation_material`), under noise or not, through G.711 or not;
chunks of 20 to 120 ms are filled up to whole buffers of 128, 256 or 480 frames. The clean ones are the agents of
`recordings` and every FLAC file of the development recordings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from benchmarks import starvation_material as material
from benchmarks.table import show
from voicediag.measure.padding import LEAST_FRAMES, MOST_S, Comb, comb
from voicediag.session import Samples

ROOT = Path(__file__).parents[1]
SEED, CASES, LENGTH_S = 20_261_122, 100, 20.0
RATES_HZ = (8_000, 16_000, 24_000, 48_000)
BUFFERS = (128, 256, 480)
CHUNKS_S = (0.02, 0.04, 0.06, 0.08, 0.1, 0.12)


def main() -> None:
    """Print the table."""
    planted = [(period, hole, _told(sound, rate_hz)) for sound, rate_hz, period, hole in _planted()]
    found = [(period, hole, told) for period, hole, told in planted if told is not None]
    right = sum(told.period_frames == period and abs(told.hole_frames - hole) <= 1 for period, hole, told in found)
    clean = [(_told(sound, rate_hz), sound.size / rate_hz) for sound, rate_hz in _clean()]
    minutes = sum(length_s for _, length_s in clean) / 60
    rows: list[list[object]] = [
        ["chunks filled up, 20 s", len(planted), len(found), right],
        [f"whole sound, {minutes:.0f} min", len(clean), sum(told is not None for told, _ in clean), None],
    ]
    show("padded remainders", ("what", "tracks", "found", "to the frame"), rows)


def _told(sound: Samples, rate_hz: int) -> Comb | None:
    return comb(lambda start, frames: sound[start : start + frames], sound.size, rate_hz=rate_hz)


def _planted() -> Iterator[tuple[Samples, int, int, int]]:
    """Yield sound, its rate, from one chunk to the next, and how much of that is zeros."""
    for index in range(CASES):
        random = np.random.default_rng([SEED, index])
        rate_hz, buffer = int(random.choice(RATES_HZ)), int(random.choice(BUFFERS))
        chunk = round(float(random.choice(CHUNKS_S)) * rate_hz)
        period = -(-chunk // buffer) * buffer
        hole = period - chunk
        if hole < LEAST_FRAMES or hole > MOST_S * rate_hz or 2 * hole > period:
            continue
        sound = material.speech(LENGTH_S, rate_hz, fitted=False, random=random)
        if index % 2:
            sound = sound + material.noise(sound, rate_hz, float(random.uniform(15, 40)), fitted=False, random=random)
        coded = material.through(sound.astype(np.float32), rate_hz, "g711" if random.random() < 1 / 2 else "none")
        steps = np.round(coded * 32_767) / 32_768
        filled = np.pad(steps[: steps.size // chunk * chunk].reshape(-1, chunk), ((0, 0), (0, hole)))
        yield filled.ravel().astype(np.float32), rate_hz, period, hole


def _clean() -> Iterator[tuple[Samples, int]]:
    files = [*(ROOT / "recordings").glob("*/*.vds/agent-*.flac"), *material.DATA.glob("**/*.flac")]
    for file in sorted(files):
        sound, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
        yield np.ascontiguousarray(sound[:, 0]), rate_hz


if __name__ == "__main__":
    main()
