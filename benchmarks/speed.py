"""How fast a check is, beside what other libraries take for one part of it.

``python -m benchmarks.speed`` makes a dense two-track session of one hour (two voices over a live room, the agent
speaking most of the time and leaking into the microphone), and runs every line as a process of its own, so that its
memory and its imports are counted. Times depend on the machine; the ratios to the peers are what to compare.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.table import show
from voicediag import signals

RATE_HZ = 16_000
HOUR_S, SHORT_S = 3_600, 30
PIECE_S = 60
RUNS = 3

CHECK = "import sys, voicediag as vd; vd.check(vd.load(sys.argv[1]))"
PEERS = {
    "soundfile: read the file": """
import sys, soundfile
for block in soundfile.blocks(sys.argv[1], 160_000, dtype="float32"): pass""",
    "librosa.feature.rms, both tracks": """
import sys, soundfile, librosa
sound, rate = soundfile.read(sys.argv[1], dtype="float32")
for track in sound.T: librosa.feature.rms(y=track, frame_length=320, hop_length=320)""",
    "pyloudnorm: integrated, both tracks": """
import sys, soundfile, pyloudnorm
sound, rate = soundfile.read(sys.argv[1], dtype="float32")
for track in sound.T: pyloudnorm.Meter(rate).integrated_loudness(track)""",
    "scipy.signal.correlate, whole file": """
import sys, soundfile, numpy as np, scipy.signal
sound, rate = soundfile.read(sys.argv[1], dtype="float32")
np.argmax(np.abs(scipy.signal.correlate(sound[:, 0], sound[:, 1], method="fft")))""",
}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        hour, short = Path(folder) / "hour.wav", Path(folder) / "short.wav"
        _write(hour, HOUR_S)
        _write(short, SHORT_S)
        rows = [
            _row("voicediag check, 30 s, cold process", ["-m", "voicediag", "check", str(short), "--json"], SHORT_S),
            _row("voicediag check, 1 h", ["-m", "voicediag", "check", str(hour), "--json"], HOUR_S),
        ]
        rows += [_row(name, ["-c", code, str(hour)], HOUR_S) for name, code in PEERS.items()]
        rows.append(_row("import voicediag", ["-c", "import voicediag"], None))
        rows.append(_row("voicediag --help", ["-m", "voicediag", "--help"], None))
    show(
        "Speed: best of three processes",
        ("what", "wall s", "times real time", "peak MB"),
        rows,
        note="Two tracks at 16 kHz. Times include starting Python and every import.",
    )


def _write(path: Path, seconds: int) -> None:
    """Write a dense stereo session in pieces."""
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, "PCM_16") as file:
        for piece in range(-(-seconds // PIECE_S)):
            length = min(PIECE_S, seconds - piece * PIECE_S)
            agent = signals.speech_like(duration_s=length, rate_hz=RATE_HZ, seed=2 * piece).samples
            user = signals.speech_like(duration_s=length, rate_hz=RATE_HZ, seed=2 * piece + 1, floor_db=-66).samples
            echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=187, erl_db=18).echo
            file.write(np.stack([np.clip(user + echo, -1, 1), agent], axis=1))


def _row(name: str, arguments: list[str], seconds: int | None) -> list[object]:
    wall_s, peak_mb = min(_timed(arguments) for _ in range(RUNS))
    return [name, wall_s, seconds / wall_s if seconds else None, peak_mb]


def _timed(arguments: list[str]) -> tuple[float, float]:
    """Return the wall time of a process in seconds, and its peak memory in MB."""
    code = (
        "import resource, subprocess, sys; "
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - begun, float(done.stdout)


if __name__ == "__main__":
    main()
