"""Three hours of two tracks never sit in memory: a check's memory is bounded, and hardly grows with the hours."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from wire_messages import gemini_up, line

RATE_HZ = 8_000
LITTLE = 0.25
MOST_MB = 400
# One hour more costs the meters' own numbers (a level each 20 ms and what hangs on it), not the sound: 58 MB of
# 16-bit stereo, 230 MB as float32.
MOST_MB_AN_HOUR = 60
# VmHWM and not getrusage's ru_maxrss: a child begins with its parent's as its own, and pytest's is large.
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads the peak memory as Linux tells it"
)
CHECK = """
import sys
import voicediag as vd
session = vd.load(sys.argv[1])
assert session.duration_s == float(sys.argv[2]), session.duration_s
if sys.argv[3] == "check":
    vd.check(session)
else:
    assert sum(1 for event in session.wire) == int(sys.argv[3])
status = dict(row.split(":", 1) for row in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) / 1024)
"""


def peak_mb(path, duration_s, what):
    """The largest resident memory of a process that loads and checks a recording, in MB."""
    command = [sys.executable, "-c", CHECK, str(path), str(duration_s), str(what)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout)


def minute(rng):
    """A minute of two voices that take turns, a second and a half each, over a soft noise."""
    time = np.arange(60 * RATE_HZ) / RATE_HZ
    says = (time // 1.5).astype(int) % 4
    tone = np.sin(2 * np.pi * 180 * time) * (1 + np.sin(2 * np.pi * 4 * time)) * 0.1
    both = np.stack([tone * (says == 0), tone * (says == 2)], axis=1)
    return both + rng.normal(0, 1e-3, both.shape)


@pytest.fixture(scope="module")
def hours(tmp_path_factory):
    """Stereo WAVs of a quarter of an hour and of three hours, by their length in hours."""
    folder, block = tmp_path_factory.mktemp("hours"), minute(np.random.default_rng(7))
    paths = {}
    for count in (LITTLE, 3):
        paths[count] = folder / f"{count}h.wav"
        with soundfile.SoundFile(paths[count], "w", RATE_HZ, 2, "PCM_16") as file:
            for _ in range(round(60 * count)):
                file.write(block)
    return paths


@pytest.mark.slow
def test_three_hours_of_stereo_are_checked_in_bounded_memory(hours):
    peaks = {count: peak_mb(path, 3_600 * count, "check") for count, path in hours.items()}
    assert peaks[3] < MOST_MB, peaks
    assert (peaks[3] - peaks[LITTLE]) / (3 - LITTLE) < MOST_MB_AN_HOUR, peaks


def test_a_folder_is_loaded_without_its_sound(hours, tmp_path):
    folder = tmp_path / "long.vds"
    folder.mkdir()
    tracks = []
    for name in ("user-sent", "agent-received"):
        (folder / f"{name}.pcm").touch()
        with (folder / f"{name}.pcm").open("r+b") as file:
            file.truncate(3 * 3_600 * RATE_HZ * 2)
        tracks.append({"name": name, "rate_hz": RATE_HZ, "encoding": "pcm_16", "file": f"{name}.pcm"})
    manifest = {"schema": "voicediag.session/1", "closed": True, "tracks": tracks}
    (folder / "session.json").write_text(json.dumps(manifest))
    assert peak_mb(folder, 10_800, 0) < 100


def test_a_hundred_thousand_messages_are_not_held(tmp_path):
    count, frames = 100_000, 160
    chunk = np.random.default_rng(7).integers(-9_000, 9_000, frames).astype("<i2").tobytes()
    path = tmp_path / "long.jsonl"
    with path.open("w") as file:
        file.write(json.dumps(line(0.0, "up", {"setup": {"model": "models/m"}})) + "\n")
        message = json.dumps(gemini_up(chunk))
        for number in range(1, count):
            file.write(f'{{"t": {number / 100}, "dir": "up", "msg": {message}}}\n')
    duration_s = (count - 1) * frames / 16_000
    assert peak_mb(path, duration_s, count) < 100
