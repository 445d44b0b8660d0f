"""Where the voices come from: people out of Debian packages, agents out of speech synthesisers.

A voice is asked for as ``"allison/hello"`` (a clip of a person) or by a synthesiser's name and a text. All of it comes
from packages with a clear licence; see `README.md` beside the recordings for the credits.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from recipe.sound import Samples, resampled, trimmed

PERSON_HZ = 16_000
AGENT_HZ = 24_000
SEED = 1
PAUSE_S = 0.22


@dataclass(frozen=True)
class Source:
    """A Debian package of recorded speech."""

    package: str
    suffix: str
    credit: str


SOURCES = {
    "allison": Source(
        "asterisk-core-sounds-en-g722",
        ".g722",
        "Asterisk core sounds, English, by Allison Smith (2003-2010), CC BY-SA 3.0; cut, levelled and put into a room",
    ),
    "librivox": Source(
        "pocketsphinx-testdata",
        ".wav",
        "Sense and Sensibility, chapter 1, read for LibriVox (public domain), from CMU PocketSphinx test data, BSD-2",
    ),
    "cards": Source("pocketsphinx-testdata", ".wav", "playing cards, from the CMU PocketSphinx test data, BSD-2"),
    "sphinx": Source("pocketsphinx-testdata", ".raw", "spoken orders, from the CMU PocketSphinx test data, BSD-2"),
}
SYNTHESISERS = {
    "hibari": "agent's voice: hibari-tts 0.2 (Apache-2.0), voice heart",
    "flite-rms": "agent's voice: flite 2.2, voice rms (CMU, BSD-like)",
    "flite-slt": "agent's voice: flite 2.2, voice slt (CMU, BSD-like)",
}


def person(clips: tuple[str, ...], rate_hz: int) -> Samples:
    """Return clips of a person one after the other, float32, (frames,)."""
    pause = np.zeros(round(PAUSE_S * rate_hz), np.float32)
    pieces = [resampled(_clip(name), PERSON_HZ, rate_hz) for name in clips]
    return np.concatenate([part for piece in pieces for part in (piece, pause)][:-1])


def agent(voice: str, text: str) -> Samples:
    """Return `text` spoken by a synthesiser, float32, (frames,), at 24 kHz."""
    made = _hibari(text) if voice == "hibari" else _flite(voice.removeprefix("flite-"), text)
    return trimmed(made, AGENT_HZ)


def credits_for(clips: tuple[str, ...], voices: tuple[str, ...]) -> list[str]:
    """Return whom to thank for the clips and voices, each once."""
    said = [SOURCES[name.split("/")[0]].credit for name in clips] + [SYNTHESISERS[voice] for voice in voices]
    return list(dict.fromkeys(said))


@cache
def _clip(name: str) -> Samples:
    who, _, which = name.partition("/")
    source = SOURCES[who]
    path = _file(source.package, re.compile(rf"(^|[/-]){re.escape(which)}{re.escape(source.suffix)}$"))
    return trimmed(_decoded(path), PERSON_HZ)


def _file(package: str, pattern: re.Pattern[str]) -> Path:
    """Return the file of an installed package whose name matches, the shortest name first."""
    if found := [line for line in _listing(package) if pattern.search(line)]:
        return Path(min(found, key=len))
    sys.exit(f"expected a file like {pattern.pattern} in the package {package}, got none: another version of it?")


@cache
def _listing(package: str) -> list[str]:
    if shutil.which("dpkg") is None or shutil.which("ffmpeg") is None:
        sys.exit("expected a Debian system with ffmpeg: the voices come from its packages")
    found = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(f"expected the Debian package {package}, got none: install it with apt-get")
    return found.stdout.splitlines()


def _decoded(path: Path) -> Samples:
    if path.suffix == ".wav":
        import soundfile

        samples, rate_hz = soundfile.read(path, dtype="float32")
        return resampled(samples, rate_hz, PERSON_HZ)
    form = ["-f", "g722"] if path.suffix == ".g722" else ["-f", "s16le", "-ar", str(PERSON_HZ), "-ac", "1"]
    command = ["ffmpeg", "-v", "error", *form, "-i", str(path), "-f", "f32le", "-ar", str(PERSON_HZ), "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32).copy()


@cache
def _hibari(text: str) -> Samples:
    return _hibari_engine()(text, seed=SEED)


@cache
def _hibari_engine():  # noqa: ANN202 - the synthesiser has no types
    from hibari import Hibari

    return Hibari()


@cache
def _flite(voice: str, text: str) -> Samples:
    import soundfile

    if shutil.which("flite") is None:
        sys.exit("expected flite, got none: install it with apt-get")
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file.name], check=True)
        samples, rate_hz = soundfile.read(file.name, dtype="float32")
    return resampled(samples, rate_hz, AGENT_HZ)
