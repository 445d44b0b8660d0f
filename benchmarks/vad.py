"""How well it is told where somebody speaks: ``python -m benchmarks.vad``.

The clips are TEN's test set (20 of them, people's labels) and AMI's meetings (nine half minutes from one distant
microphone, labels of turns), of which no weight was fitted, and the sounds of ESC-10 that `vad_fit` held back. Beside
the two engines stand Silero as a call runs it, and, where they are installed, webrtcvad-wheels and ten-vad (which
needs libc++1). An event is right where its start lies within 200 ms and its end within 200 ms or half its length.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.stats import rankdata

from benchmarks.echo_material import data
from benchmarks.table import show
from voicediag.measure.speech import EngineName, speech, weights
from voicediag.session import Samples
from voicediag.spans import Span, SpanSet

RATE_HZ, STEP, STEP_S = 16_000, 160, 0.01
COLLAR_S, SHARE, CLOSED_S = 0.2, 0.5, 0.1
EDGE_S = 0.05
TURN_PAUSE_S = 0.5
TEN_HOP, SILERO_HOP = 256, 512

Steps = NDArray[np.bool_]
Ear = Callable[[Samples], Samples]


@dataclass(frozen=True)
class Clip:
    """Sound, and where people say that somebody speaks."""

    sound: Samples
    spans: SpanSet

    @property
    def steps(self) -> Steps:
        """The same on the grid."""
        steps = np.zeros(self.sound.size // STEP, np.bool_)
        for span in self.spans:
            steps[round(span.start_s / STEP_S) : round(span.end_s / STEP_S)] = True
        return steps


def main() -> None:
    """Print the tables."""
    tens, amis = list(ten()), list(ami())
    soft = [Clip(_rounded(clip.sound / 10**1.5), clip.spans) for clip in tens]
    for title, clips in (("TEN", tens), ("TEN, 30 dB softer", soft), ("AMI", amis)):
        columns = ("ear", "AUC", "F1", "recall", "event F1", "edge p50 ms", "p90 ms", "of real time")
        show(title, columns, [[name, *_scores(ear, clips)] for name, ear in ears().items()])
    rows = []
    for name, ear in ears().items():
        told = [_closed(ear(clip.sound) > 1 / 2, TURN_PAUSE_S) for clip in amis]
        rows.append([name, _f1(np.concatenate(told), np.concatenate([clip.steps for clip in amis]))])
    show("AMI, pauses under 0.5 s closed, as its labels have them", ("ear", "F1"), rows)
    sounds = list(noises())
    minutes = sum(sound.size for sound in sounds) / RATE_HZ / 60
    rows = []
    for name, ear in ears().items():
        told = [_events(ear(sound) > 1 / 2) for sound in sounds]
        rows.append([name, sum(map(len, told)) / minutes, sum(spans.total_s for spans in told) / minutes])
    show(f"ESC-10, {minutes:.1f} min without a word", ("ear", "events a minute", "s a minute"), rows)


def ears() -> dict[str, Ear]:
    """Return what is compared: each tells how sure it is of speech, step by step, 0 to 1."""
    found: dict[str, Ear] = {name: _engine(name) for name in ("silero", "plain")}
    found["Silero v6 in a call"] = _silero
    if find_spec("webrtcvad"):
        found["webrtcvad 3"] = _webrtc
    if find_spec("ten_vad"):
        found["TEN"] = _ten
    return found


def _engine(name: EngineName) -> Ear:
    return lambda sound: speech(sound, rate_hz=RATE_HZ, engine=name).probability


def _silero(sound: Samples) -> Samples:
    state, before, told = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32), []
    for start in range(0, sound.size - SILERO_HOP + 1, SILERO_HOP):
        window = sound[None, start : start + SILERO_HOP]
        heard = np.concatenate((before, window), axis=1)
        sure, state = weights.network().run(None, {"input": heard, "state": state, "sr": np.array(RATE_HZ, np.int64)})
        told.append(sure[0, 0])
        before = window[:, -64:]
    return _on_the_grid(told, SILERO_HOP, sound)


def _webrtc(sound: Samples) -> Samples:
    import webrtcvad

    vad = webrtcvad.Vad(3)
    pcm = np.round(sound * 32_767).astype("<i2")
    told = [vad.is_speech(pcm[at : at + STEP].tobytes(), RATE_HZ) for at in range(0, pcm.size - STEP + 1, STEP)]
    return np.asarray(told, np.float32)


def _ten(sound: Samples) -> Samples:
    from ten_vad import TenVad

    vad, pcm = TenVad(TEN_HOP, 0.5), np.round(sound * 32_767).astype(np.int16)
    told = [vad.process(pcm[at : at + TEN_HOP])[0] for at in range(0, pcm.size - TEN_HOP + 1, TEN_HOP)]
    return _on_the_grid(told, TEN_HOP, sound)


def _on_the_grid(told: list[float], hop: int, sound: Samples) -> Samples:
    at = (np.arange(sound.size // STEP) * STEP + STEP // 2) // hop
    return np.asarray(told, np.float32)[np.minimum(at, len(told) - 1)]


def _scores(ear: Ear, clips: list[Clip]) -> list[object]:
    begun = time.process_time()
    sure = [ear(clip.sound) for clip in clips]
    cost = (time.process_time() - begun) / sum(clip.sound.size / RATE_HZ for clip in clips)
    labels = np.concatenate([clip.steps for clip in clips])
    all_ = np.concatenate(sure)
    right = told = true = 0
    edges: list[float] = []
    for clip, one in zip(clips, sure, strict=True):
        events, truth = _events(one > 1 / 2), _spans(clip.steps)
        right, told, true = right + _matched(truth, events), told + len(events), true + len(truth)
        edges += _edges(truth, events, clip.sound.size / RATE_HZ)
    p50, p90 = 1_000 * np.percentile(edges, [50, 90])
    speech_steps = all_ > 1 / 2
    return [
        _auc(all_, labels), _f1(speech_steps, labels), float(speech_steps[labels].mean()),
        2 * right / (told + true), float(p50), float(p90), cost,
    ]  # fmt: skip


def _auc(sure: Samples, labels: Steps) -> float:
    """Return the area under the ROC (Mann and Whitney's U)."""
    ranks, count = rankdata(sure), int(labels.sum())
    return float((ranks[labels].sum() - count * (count + 1) / 2) / (count * (labels.size - count)))


def _f1(told: Steps, labels: Steps) -> float:
    return float(2 * (told & labels).sum() / (told.sum() + labels.sum()))


def _events(steps: Steps) -> SpanSet:
    return _spans(_closed(steps, CLOSED_S))


def _closed(steps: Steps, pause_s: float) -> Steps:
    spans, closed = list(_spans(steps)), steps.copy()
    for before, after in pairwise(spans):
        if after.start_s - before.end_s < pause_s - STEP_S / 2:
            closed[round(before.end_s / STEP_S) : round(after.start_s / STEP_S)] = True
    return closed


def _spans(steps: Steps) -> SpanSet:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], steps, [False])).astype(np.int8)))
    return SpanSet(Span(a * STEP_S, b * STEP_S) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _matched(truth: SpanSet, told: SpanSet) -> int:
    """Return how many events have a partner, each at most one."""
    partners = [
        [
            place for place, other in enumerate(told)
            if abs(other.start_s - span.start_s) <= COLLAR_S
            and abs(other.end_s - span.end_s) <= max(COLLAR_S, SHARE * span.duration_s)
        ]
        for span in truth
    ]  # fmt: skip
    taken: dict[int, int] = {}

    def found(event: int, tried: set[int]) -> bool:
        for place in partners[event]:
            if place not in tried:
                tried.add(place)
                if place not in taken or found(taken[place], tried):
                    taken[place] = event
                    return True
        return False

    return sum(found(event, set()) for event in range(len(partners)))


def _edges(truth: SpanSet, told: SpanSet, length_s: float) -> Iterator[float]:
    """Yield how far from each labelled start and end the next one told lies."""
    for span in truth:
        if told and span.start_s > EDGE_S:
            yield min(abs(other.start_s - span.start_s) for other in told)
        if told and span.end_s < length_s - EDGE_S:
            yield min(abs(other.end_s - span.end_s) for other in told)


def ten() -> Iterator[Clip]:
    """Yield TEN's test set: rows of start, end and 1 for speech."""
    for path in sorted((data() / "vad" / "ten_vad").glob("*.flac")):
        fields = path.with_suffix(".scv").read_text(encoding="utf-8").strip().split(",")[1:]
        rows = zip(fields[::3], fields[1::3], fields[2::3], strict=False)
        yield Clip(_sound(path), SpanSet(Span(float(a), float(b)) for a, b, is_speech in rows if is_speech == "1"))


def ami() -> Iterator[Clip]:
    """Yield the meetings, everybody's turns together."""
    folder, turns = data() / "vad" / "pyannote_ami", {}
    for line in (folder / "debug.train.rttm").read_text(encoding="utf-8").splitlines():
        _, name, _, start, length, *_ = line.split()
        turns.setdefault(name, []).append(Span(float(start), float(start) + float(length)))
    for path in sorted(folder.glob("*.flac")):
        yield Clip(_sound(path), SpanSet(turns.get(path.stem, ())))


def noises() -> Iterator[Samples]:
    """Yield the sounds of ESC-10 that nothing was fitted on; who cries has a voice, and is left out."""
    for path in held_back():
        if path.parent.name != "Baby_cry":
            yield _sound(path)


@cache
def held_back() -> tuple[Path, ...]:
    """Return every second clip of ESC-10: `vad_fit` takes the others."""
    return tuple(sorted((data() / "vad" / "esc10").glob("*/*.ogg"))[1::2])


def _sound(path: Path) -> Samples:
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(sound.mean(axis=1), rate_hz, RATE_HZ), np.float32)


def _rounded(sound: Samples) -> Samples:
    return np.asarray(np.round(sound * 32_768) / 32_768, np.float32)


if __name__ == "__main__":
    main()
