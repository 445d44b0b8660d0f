"""An echo by scipy's plain correlation: half a second of what was played is slid over the microphone until it fits."""

import numpy as np
from scipy import signal

WINDOW_S, LATEST_S, SILENT = 0.5, 1.0, 0.01


def sounds(session):
    tracks = [session.tracks[name] for name in ("user-captured", "agent-played")]
    return [track.source.read(0, track.frames).astype(float) for track in tracks]


def plain(session):
    """Delay in ms, loss in dB and correlation of each half second that was played."""
    heard, played = sounds(session)
    rate_hz = session.tracks["agent-played"].rate_hz
    size, reach, found = round(WINDOW_S * rate_hz), round(LATEST_S * rate_hz), []
    for begin in range(0, played.size - size - reach, size):
        window = played[begin : begin + size]
        if np.sqrt(np.mean(window**2)) < SILENT:
            continue
        fits = signal.correlate(heard[begin : begin + size + reach], window, "valid", method="fft")
        late = int(np.argmax(fits))
        beside = heard[begin + late : begin + late + size]
        loss_db = -20 * np.log10(abs(fits[late]) / np.dot(window, window))
        found.append((1_000 * late / rate_hz, loss_db, np.corrcoef(window, beside)[0, 1]))
    return np.array(found)
