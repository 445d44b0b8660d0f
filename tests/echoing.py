"""An agent who is heard in the microphone, and buffers that the microphone loses."""

import numpy as np
from scenes import RATE_HZ, agent_voice, voice

from voicediag import signals

DURATION_S = 30.0


def agent(seed=1):
    voices = [agent_voice(seed + other, duration_s=DURATION_S) for other in (0, 50, 100)]
    return np.sum(voices, axis=0).astype(np.float32)


def echoing(far, *, erl_db=14.0, near_db=-30.0, **motions):
    echo = signals.leak(far, rate_hz=RATE_HZ, delay_ms=187, erl_db=erl_db, **motions).echo
    return (echo + voice(12, level_db=near_db, duration_s=DURATION_S)).astype(np.float32)


def without(samples, cuts_s, lost):
    keep = np.ones(samples.size, np.bool_)
    for at_s in cuts_s:
        keep[round(at_s * RATE_HZ) : round(at_s * RATE_HZ) + lost] = False
    return samples[keep]
