"""What Silero's network thinks of a sound, read forwards and backwards, from several first samples, never tired.

What is measured
    For each step of 10 ms the logit of Silero VAD v6 (MIT; 32 ms windows at 16 kHz), once for each way of reading.
Method
    The network carries a state from window to window, which drifts after long music or silence (silero-vad, thread
    725), and what it says hangs on which sample its first window began with. So a sound is read in stretches, each
    with a fresh state and a run-up, from two first samples, half a window apart, and once more from its end to its
    beginning, which tells the end of speech as early as the other its start. All stretches are read at once.
Conventions
    float32 samples at 16 kHz, brought to the level that `voicediag.measure.speech` chose.
Differences from other tools
    Everything here knows the future. No provider's voice activity detection can hear so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.measure._filters import Samples
from voicediag.measure.speech.spectrum import RATE_HZ, STEP

if TYPE_CHECKING:
    from voicediag.measure.speech.weights import Network

WINDOW: Final = 512
CONTEXT: Final = 64
STATE: Final = 128
PHASES: Final = (0, WINDOW // 2)
WAYS: Final = 2 * len(PHASES)
STRETCH_S: Final = 12.0
RUN_UP_S: Final = 3.2
STRETCH: Final = round(STRETCH_S * RATE_HZ)
RUN_UP: Final = round(RUN_UP_S * RATE_HZ)
STEPS: Final = STRETCH // STEP
BESIDE: Final = 64
"""Steps on either side of a stretch that are told too, as far as `evidence` looks."""
MOST_LOGIT: Final = 9.0
_WINDOWS: Final = (RUN_UP + STRETCH + BESIDE * STEP) // WINDOW + 1


def logits(network: Network, stretches: Samples) -> Samples:
    """Return what the network thinks, float32, shape (stretches, BESIDE + STEPS + BESIDE, WAYS).

    Parameters
    ----------
    network : Network
        As `voicediag.measure.speech.weights.network` opens it.
    stretches : float32, shape (stretches, RUN_UP + STRETCH + RUN_UP)
    """
    rows = [
        turned[:, phase : phase + _WINDOWS * WINDOW] for turned in (stretches, stretches[:, ::-1]) for phase in PHASES
    ]
    read = _read(network, np.concatenate(rows)).reshape(2, len(PHASES), len(stretches), _WINDOWS)
    steps = np.arange(-BESIDE, STEPS + BESIDE) * STEP + STEP / 2
    out = np.empty((len(stretches), steps.size, WAYS), np.float32)
    for direction, phase, stretch in np.ndindex(read.shape[:3]):
        # A window speaks for its middle.
        middles = np.arange(_WINDOWS) * WINDOW + PHASES[phase] + WINDOW / 2 - RUN_UP
        told = np.interp(steps, middles, read[direction, phase, stretch])
        out[stretch, :, direction * len(PHASES) + phase] = told[::-1] if direction else told
    return out


def _read(network: Network, rows: Samples) -> Samples:
    """Return the logit of each window of each row."""
    state, before = np.zeros((2, len(rows), STATE), np.float32), np.zeros((len(rows), CONTEXT), np.float32)
    told = np.empty((len(rows), _WINDOWS), np.float32)
    for window in range(_WINDOWS):
        sound = rows[:, window * WINDOW : (window + 1) * WINDOW]
        heard = np.concatenate((before, sound), axis=1)
        odds, state = network.run(None, {"input": heard, "state": state, "sr": np.array(RATE_HZ, np.int64)})
        told[:, window] = odds[:, 0]
        before = sound[:, -CONTEXT:]
    odds = np.clip(told, 1e-6, 1 - 1e-6)
    return np.asarray(np.clip(np.log(odds / (1 - odds)), -MOST_LOGIT, MOST_LOGIT), np.float32)
