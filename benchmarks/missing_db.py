"""Whether the loss that is said to be missing keeps the VAD quiet.

``python -m benchmarks.missing_db`` lets an agent speak into simulated rooms, over a microphone's noise, with a
loudspeaker that is turned up for some of its answers. A gate stands in for the provider's VAD, at thresholds that the
detector is not told: it sees the session and what the gate told of. Then the echo is made weaker by as much as
`echo_margin` says is missing, and by 3 dB less, and the gate listens again. The readings are the development data's
(`VOICEDIAG_DATA`, or ../shared/data).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator, default_rng

from benchmarks.echo_material import RATE_HZ, active, pink, speech
from benchmarks.table import show
from voicediag.detect.echo_harm import harm_of
from voicediag.detect.echo_margin import Margin
from voicediag.detect.examination import Examination
from voicediag.live.emulator.gate import Gate
from voicediag.live.emulator.scenario import Vad
from voicediag.session import ArraySource, Cue, Mark, Samples, Session, Track
from voicediag.signals import impulse_response, leak

THRESHOLDS_DBFS = (-50.0, -44.0, -38.0)
# Reverberation time in s, and the direct sound over the reverberation in dB.
ROOMS = ((0.1, 9.0), (0.3, 6.0), (0.45, 3.0), (0.8, 0.0))
SECONDS, SLOT_S, SPEAKS_S = 40, 4.0, 2.5
AGENT_DB, NOISE_DB, ERL_DB = -24.0, -66.0, 14.0
VOLUMES_DB = (0.0, -16.0, -10.0)
LESS_DB = 3.0
RUNS = 3
READY = Mark(kind="ready", at_s=0.0, message="session.updated")


def main() -> None:
    """Print a table."""
    random, rows = default_rng(12), list[list[object]]()
    for threshold_dbfs in THRESHOLDS_DBFS:
        vad = Vad(threshold_dbfs=threshold_dbfs, onset_ms=60, silence_ms=500, prefix_ms=300)
        tried = [_tried(room, vad, random) for room in ROOMS for _ in range(RUNS)]
        told = [(margin, quiet, still) for margin, quiet, still in tried if margin is not None]
        for source in ("echo", "room"):
            some = [each for each in told if each[0].quiet_is == source]
            missing = [margin.missing_db for margin, _, _ in some]
            name, quiet, still = f"{threshold_dbfs:g} dBFS, told by the {source}", 0, 0
            for _, is_quiet, is_still in some:
                quiet, still = quiet + is_quiet, still + is_still
            rows.append([name, len(some), float(np.median(missing)) if some else None, quiet, still])
        rows.append([f"{threshold_dbfs:g} dBFS, nothing told", len(tried) - len(told), None, "–", "–"])
    show(
        f"{len(ROOMS)} rooms, {RUNS} agents each, at {len(THRESHOLDS_DBFS)} thresholds",
        ("the VAD's threshold", "sessions", "missing dB", "then quiet", f"{LESS_DB:g} dB less: quiet too"),
        rows,
    )


def _tried(room: tuple[float, float], vad: Vad, random: Generator) -> tuple[Margin | None, bool, bool]:
    """Return what is said to be missing, and whether it and a little less keep the VAD quiet over the echo."""
    said, noise = _agent(random), pink(SECONDS * RATE_HZ, random) * np.float32(10 ** (NOISE_DB / 20))
    echo = _echo(said, room, random)
    tracks = {
        name: Track(name=name, source=ArraySource(sound.astype(np.float32), RATE_HZ))
        for name, sound in (("user-sent", echo + noise), ("agent-played", said))
    }
    session = Session(source="benchmark", tracks=tracks, cues=_cues(echo + noise, vad), marks=(READY,))
    margin = (harm := harm_of(Examination(session))) and harm.margin
    if margin is None:
        return None, False, False
    quiet = [not _cues(echo * np.float32(10 ** (-less / 20)) + noise, vad)
             for less in (margin.missing_db, margin.missing_db - LESS_DB)]  # fmt: skip
    return margin, quiet[0], quiet[1]


def _agent(random: Generator) -> Samples:
    """Return an agent that answers every few seconds."""
    readings = speech()
    read = readings[random.integers(len(readings))]
    said = np.resize(np.roll(read, -int(random.integers(read.size))), SECONDS * RATE_HZ)
    times = np.arange(said.size) / RATE_HZ % SLOT_S
    said = np.where(times < SPEAKS_S, said, 0)
    return (said / active(said)[1] * 10 ** (AGENT_DB / 20)).astype(np.float32)


def _echo(said: Samples, room: tuple[float, float], random: Generator) -> Samples:
    response = impulse_response(
        rate_hz=RATE_HZ, rt60_s=room[0], direct_to_reverberant_db=room[1], seed=int(random.integers(1_000))
    )
    delay_ms = float(random.uniform(20, 200))
    echo = leak(said, rate_hz=RATE_HZ, delay_ms=delay_ms, erl_db=ERL_DB, response=response).echo
    slots = (np.arange(echo.size) / RATE_HZ / SLOT_S).astype(int)
    volumes = random.permutation(np.resize(VOLUMES_DB, slots.max() + 1))
    return (echo * 10 ** (volumes[slots] / 20)).astype(np.float32)


def _cues(mic: Samples, vad: Vad) -> tuple[Cue, ...]:
    """Return what a provider with this VAD would have told of a microphone."""
    kinds = {"started": "speech-started", "stopped": "speech-stopped"}
    late_s = {"started": (vad.prefix_ms + vad.onset_ms) / 1_000, "stopped": 0.02}
    cues = [
        Cue(kind=kinds[heard.kind], audio_s=heard.audio_ms / 1_000, at_s=heard.audio_ms / 1_000 + late_s[heard.kind])
        for heard in Gate(vad, RATE_HZ).push(mic.astype(np.float32))
    ]
    return tuple(replace(cue, at_s=min(cue.at_s, float(SECONDS))) for cue in cues)


if __name__ == "__main__":
    main()
