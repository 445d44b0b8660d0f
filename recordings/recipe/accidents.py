"""What happens to a recording itself: its recorder dies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import soundfile

if TYPE_CHECKING:
    from pathlib import Path


def kill(folder: Path, *, after_s: float) -> None:
    """Leave a session folder as a killed recorder leaves it: raw tracks that end, half a line, and nothing closed."""
    manifest = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    passed = _cut_log(folder / "wire.jsonl", after_s)
    for track in manifest["tracks"]:
        flac = folder / track["file"]
        frames = passed.get(track["name"], round(after_s * track["rate_hz"]))
        samples, _ = soundfile.read(flac, dtype="int16", frames=frames)
        flac.unlink()
        track.update(file=f"{track['name']}.pcm", encoding="pcm_16")
        (folder / track["file"]).write_bytes(samples.astype("<i2").tobytes())
    manifest["closed"] = False
    (folder / "session.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _cut_log(log: Path, after_s: float) -> dict[str, int]:
    """Keep the messages until then and half of the next one; return how many frames of each track had passed."""
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    before = [line for line in map(json.loads, lines) if line["t_ns"] < after_s * 1e9]
    torn = lines[len(before)]
    log.write_text("".join(lines[: len(before)]) + torn[: len(torn) // 2], encoding="utf-8")
    sounds = [line["audio"] for line in before if "audio" in line]
    return {sound["track"]: sound["frame"] + sound["frames"] for sound in sounds}
