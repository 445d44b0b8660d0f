"""What a browser's microphone recorded, against the file that was its sound."""

import numpy as np
import soundfile
import soxr

WINDOW_S = 0.5


def lag_of(window, reference):
    """Where a window fits best into the reference, by their cross-correlation."""
    size = 1 << (window.size + reference.size).bit_length()
    product = np.fft.rfft(reference, size) * np.conj(np.fft.rfft(window, size))
    return int(np.argmax(np.fft.irfft(product, size)[: reference.size - window.size]))


def matches(track, spoken):
    """Lag in samples, correlation and gain in dB of each half second of a recorded track that holds sound."""
    said, rate_hz = soundfile.read(spoken)
    reference = soxr.resample(said, rate_hz, track.rate_hz, quality="VHQ")
    heard, size = track.source.read(0, track.frames).astype(float), round(WINDOW_S * track.rate_hz)
    found = []
    for begin in range(0, heard.size - size, size):
        window = heard[begin : begin + size]
        at = lag_of(window, reference)
        beside = reference[at : at + size]
        if np.sqrt(np.mean(window**2)) > 0.001:
            gain = np.dot(window, beside) / np.dot(beside, beside)
            found.append((at - begin, np.corrcoef(window, beside)[0, 1], 20 * np.log10(abs(gain))))
    return np.array(found)
