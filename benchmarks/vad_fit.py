"""Fits the weights of `measure.speech`, ``silero.npz`` and ``plain.npz``.

``python -m benchmarks.vad_fit VOICES NOISES`` takes voices as ``VOICES/<source>/<anything>``, noises as files anywhere
below NOISES, makes `MIXES` of twelve seconds (`vad_mixes`), and fits the network of `measure.speech.evidence` once
with Silero's word and once without. It needs jax, which nothing else here does, and about half an hour of one core.

What was taken: the voices of `voice_rate_fit` but for those named in `HELD_BACK`, and every third prompt of Debian's
asterisk-core-sounds-es, -fr, -it, -ru and every fourth of asterisk-prompt-it-menardi; as noises the sounds of
``rooms_noise``, every other clip of ESC-10 (the first, the third ... of them all), and asterisk-moh-opsound. No clip of
`benchmarks.vad` is among them; TEN's clips were looked at when `vad_mixes.DEPTH_DB` was chosen.

The weights that stand are of a draw by the same rules that was made before this was written down; what stands here was
run on a few mixes only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.vad_mixes import RATE_HZ, STEPS, Mixer, read, voices
from voicediag.measure.speech import evidence, listening, silero, spectrum, weights

HELD_BACK: Final = frozenset(
    {"ten", "ami-mix", "ami-2ch", "aecfst", "aecsyn", "aws", "fsdd", "sphinx", "flite", "espeak", "festival", "lyra"}
    | {"fw"}
)
MIXES, EPOCHS, BATCH, HIDDEN, RATE = 1_300, 6, 16, 40, 3e-3
DEAF: Final = 0.08
"""Share of Silero's ways that a mix is shown without."""
Floats = NDArray[np.float32]


def main() -> None:
    """Fit both."""
    random = np.random.default_rng(4)
    folder, noises = (Path(name) for name in sys.argv[1:3])
    sounds = [read(path) for path in sorted(noises.rglob("*.*")) if path.suffix in {".wav", ".flac", ".ogg"}]
    mixer = Mixer(voices(folder, lambda path: path.parent.name in HELD_BACK), sounds, random)
    seen, ways, labels = [], [], []
    for _ in range(MIXES):
        sound, speaks = mixer.mix()
        bands, likeness = spectrum.steps_of(np.pad(sound, spectrum.MARGIN))
        level = 10 * np.log10(np.sum(10 ** (bands / 10), axis=1))
        seen.append(evidence._seen(bands, level, likeness, slice(0, STEPS)))  # noqa: SLF001
        ways.append(_silero(sound))
        labels.append(speaks)
    truth = np.stack(labels).astype(np.float32)
    home = Path(evidence.__file__).parent
    for name, shown in (("plain", np.stack(seen)), ("silero", np.concatenate((seen, np.stack(ways) / 4), axis=2))):
        net = fit(shown.astype(np.float16), truth, silero.WAYS if name == "silero" else 0, random)
        np.savez_compressed(home / f"{name}.npz", **{key: values.astype(np.float16) for key, values in net.items()})


def _silero(sound: Floats) -> Floats:
    """Return what Silero thinks of a mix of one stretch."""
    assert sound.size == silero.STRETCH == STEPS * RATE_HZ // 100  # noqa: S101
    window = listening._levelled(np.pad(sound, silero.RUN_UP)[None])  # noqa: SLF001
    return silero.logits(weights.network(), window)[0, silero.BESIDE : -silero.BESIDE]


def fit(seen: NDArray[np.float16], truth: Floats, ways: int, random: np.random.Generator) -> dict[str, Floats]:
    """Return the weights; Adam with decay and a falling rate over `EPOCHS`."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def step(state: Any, shown: Any, labels: Any, rate: Any, count: Any) -> Any:
        net, first, second = state
        slope = jax.grad(_loss)(net, shown, labels)
        first = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, first, slope)
        second = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, second, slope)
        fair = (1 - 0.9**count, 1 - 0.999**count)
        net = jax.tree.map(
            lambda a, b, c: a - rate * (b / fair[0] / (jnp.sqrt(c / fair[1]) + 1e-8) + 1e-3 * a), net, first, second
        )
        return net, first, second

    net = {name: jnp.asarray(values, jnp.float32) for name, values in _first_weights(seen.shape[2], random).items()}
    state: Any = (net, jax.tree.map(jnp.zeros_like, net), jax.tree.map(jnp.zeros_like, net))
    batches, count = len(seen) // BATCH, 0
    for _ in range(EPOCHS):
        order = random.permutation(len(seen))
        for chosen in order[: batches * BATCH].reshape(batches, BATCH):
            count += 1
            rate = RATE * min(1, count / 100) * (0.5 + 0.5 * np.cos(np.pi * count / (EPOCHS * batches))) + 1e-5
            shown = seen[chosen].astype(np.float32)
            if ways:
                shown[..., -ways:] *= random.random((BATCH, 1, ways)) >= DEAF
            state = step(state, shown, truth[chosen], rate, float(count))
    return {name: np.asarray(values) for name, values in state[0].items()}


def _first_weights(width: int, random: np.random.Generator) -> dict[str, Floats]:
    net = {"w0": random.standard_normal((width, HIDDEN)) * np.sqrt(2 / width), "b0": np.zeros(HIDDEN)}
    for layer in range(1, len(evidence.DISTANCES) + 1):
        net[f"w{layer}"] = 0.4 * random.standard_normal((3 * HIDDEN, HIDDEN)) * np.sqrt(2 / (3 * HIDDEN))
        net[f"b{layer}"] = np.zeros(HIDDEN)
    return net | {"wo": 0.05 * random.standard_normal((HIDDEN, 1)), "bo": np.zeros(1)}


def _loss(net: Any, shown: Any, labels: Any) -> Any:
    """Return the cross entropy of each step."""
    import jax.numpy as jnp
    from jax.nn import relu

    layer = relu(shown @ net["w0"] + net["b0"])
    steps = layer.shape[1]
    for number, distance in enumerate(evidence.DISTANCES, 1):
        wide = jnp.pad(layer, ((0, 0), (distance, distance), (0, 0)))
        beside = jnp.concatenate((wide[:, :steps], layer, wide[:, 2 * distance :]), axis=2)
        layer += relu(beside @ net[f"w{number}"] + net[f"b{number}"])
    told = (layer @ net["wo"] + net["bo"])[..., 0]
    return jnp.mean(jnp.maximum(told, 0) - told * labels + jnp.log1p(jnp.exp(-jnp.abs(told))))


if __name__ == "__main__":
    main()
