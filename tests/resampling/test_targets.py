import numpy as np
import pytest

from voicediag.errors import InputError
from voicediag.resampling import evaluate
from voicediag.resampling.arguments import Rates
from voicediag.resampling.installed import LinearStream, installed
from voicediag.resampling.probe import probed
from voicediag.resampling.sample_types import SampleType, gathered
from voicediag.resampling.target import target_of

RATES = Rates(in_hz=48_000, out_hz=16_000)
TONE = 0.5 * np.sin(2 * np.pi * 997 / 48_000 * np.arange(4_800))


def every_third(samples):
    return samples[::3]


def two_rates(samples, rate_in, rate_out):
    return samples[:: rate_in // rate_out]


def by_name(y, *, orig_sr, target_sr):
    return y[:: orig_sr // target_sr]


def up_and_down(x, up, down):
    assert up == 1
    return x[::down]


def length(x, num):
    return x[:: round(len(x) / num)]


def of_bytes(pcm: bytes, in_rate: int, out_rate: int) -> bytes:
    return np.frombuffer(pcm, dtype=np.int16)[:: in_rate // out_rate].tobytes()


def of_nothing_but_bytes(pcm):
    if not isinstance(pcm, bytes):
        raise TypeError("bytes please")
    return of_bytes(pcm, 48_000, 16_000)


def of_nothing_but_a_bytearray(pcm):
    if not isinstance(pcm, bytearray):
        raise TypeError("a bytearray please")
    return of_bytes(bytes(pcm), 48_000, 16_000)


def of_int16(pcm):
    if pcm.dtype != np.int16:
        raise TypeError("int16 please")
    return pcm[::3]


def of_float32(samples):
    if samples.dtype != np.float32:
        raise TypeError("float32 please")
    return samples[::3]


def int16_sized_floats(pcm):
    return np.round(np.asarray(pcm, dtype=np.float64))[::3]


def with_state(fragment, width, nchannels, inrate, outrate, state):  # noqa: PLR0917  as audioop.ratecv has them
    assert (width, nchannels) == (2, 1)
    heard = state or 0
    samples = np.frombuffer(fragment, dtype=np.int16)
    return samples[-heard % 3 :: 3].tobytes(), heard + samples.size


async def awaited(audio: bytes, in_rate: int, out_rate: int) -> bytes:
    return of_bytes(audio, in_rate, out_rate)


def a_filter_width(samples, width=32):
    assert width == 32
    return samples[::3]


class Pushes:
    def __init__(self):
        self.heard = 0

    def push(self, chunk):
        out = chunk[-self.heard % 3 :: 3]
        self.heard += len(chunk)
        return out


class Processes(Pushes):
    def process(self, chunk):
        return None if chunk is None else Pushes.push(self, chunk)

    push = None


class Called(Pushes):
    push = None

    def __call__(self, chunk):
        return Pushes.push(self, chunk)


class Frames(Pushes):
    """Hands out lists of frames, as LiveKit and PyAV do."""

    def push(self, chunk):
        out = Pushes.push(self, np.frombuffer(chunk, dtype=np.int16))
        return [Frame(out[:50]), Frame(out[50:])]

    def flush(self):
        return []


class Frame:
    def __init__(self, samples):
        self.data = memoryview(np.ascontiguousarray(samples))
        self.samples_per_channel = samples.size


class Uncopied(Pushes):
    def __deepcopy__(self, memo):
        raise TypeError("cannot pickle")

    def reset(self):
        self.heard = 0


def closure():
    stream = Pushes()

    def push(chunk):
        return stream.push(chunk)

    return push


def a_new_one():
    return Pushes()


def with_beta(samples, beta):
    return samples[::beta]


def fails(samples):
    return samples / 0 if samples is None else 1 / 0


TARGETS = {
    "function": (every_third, "float64", False),
    "two rates": (two_rates, "float64", False),
    "by name": (by_name, "float64", False),
    "up and down": (up_and_down, "float64", False),
    "length": (length, "float64", False),
    "bytes": (of_bytes, "int16", False),
    "nothing but bytes": (of_nothing_but_bytes, "bytes", False),
    "nothing but a bytearray": (of_nothing_but_a_bytearray, "bytearray", False),
    "int16": (of_int16, "int16", False),
    "float32": (of_float32, "float32", False),
    "floats of the size of int16": (int16_sized_floats, "int16", False),
    "with state": (with_state, "int16", True),
    "coroutine": (awaited, "int16", False),
    "a filter's width": (a_filter_width, "float64", False),
    "class": (Pushes, "float64", True),
    "object": (Pushes(), "float64", True),
    "process": (Processes, "float64", True),
    "callable object": (Called(), "float64", True),
    "frames": (Frames, "int16", True),
    "object that is reset": (Uncopied(), "float64", True),
    "factory of a function": (closure, "float64", True),
    "factory of an object": (a_new_one, "float64", True),
}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_handed_over_is_understood(name):
    given, kind, keeps_state = TARGETS[name]
    target = probed(target_of(given, RATES))
    assert (target.sample_type, target.keeps_state) == (kind, keeps_state)
    step = 2 / 32_768 if target.sample_type.is_integer else 1e-7
    wanted = TONE[::3]
    for _ in range(2):
        np.testing.assert_allclose(target.whole(TONE), wanted, atol=step)
    if keeps_state:
        np.testing.assert_allclose(np.concatenate(target.chunked(TONE, 100)), wanted, atol=step)


def test_a_class_gets_the_rates_by_name():
    assert target_of(LinearStream, RATES).fresh() is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (with_beta, "beta"),
        (np, "module"),
        (3, "int"),
        (fails, "ZeroDivisionError"),
        (str, "str"),
        (lambda samples: np.stack([samples, samples], axis=1), "shape"),
    ],
)
def test_what_is_no_resampler_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        evaluate(given, 48_000, 16_000)


@pytest.mark.parametrize("rates", [(24, 16), (0, 16_000), (16_000, -1), (24_000.5, 16_000)])
def test_rates_that_are_none(rates):
    with pytest.raises(InputError, match="rates"):
        evaluate(every_third, *rates)


@pytest.mark.parametrize(
    ("out", "said"),
    [
        (lambda samples: samples[:0], "nothing comes out"),
        (lambda samples: np.zeros(len(samples) // 3), "only silence"),
        (lambda samples: samples, "3.00 times as many"),
        (lambda samples: np.random.default_rng(1).standard_normal(len(samples) // 3), "not the sound"),
    ],
)
def test_what_is_no_longer_the_sound_fails(out, said):
    report = evaluate(out, 48_000, 16_000, live=False, sample_type="float64")
    assert report.grade == "F"
    assert said in report.sentence
    assert report.sinad_997_db is None


def test_chunks_that_are_refused_are_named():
    class Strict(Pushes):
        def push(self, chunk):
            if len(chunk) % 480:
                raise ValueError("10 ms please")
            return Pushes.push(self, chunk)

    report = evaluate(Strict, 48_000, 16_000, sample_type="float64")
    assert {cut.frames for cut in report.chunkings if not cut.refused} == {480}
    assert "10 ms please" in " ".join(report.notes)


@pytest.mark.parametrize(
    ("out", "wanted"),
    [
        (None, []),
        (b"\x00\x40\x00", [0.5]),
        ([0.5, 0.25], [0.5, 0.25]),
        ([np.array([0.5]), np.array([0.25])], [0.5, 0.25]),
        ((np.array([0.5, 0.1]), 16_000), [0.5, 0.1]),
        (np.array([[0.5], [0.25]]), [0.5, 0.25]),
        (np.array([2**30], dtype=np.int32), [0.5]),
        ([], []),
    ],
)
def test_what_comes_back_is_read(out, wanted):
    np.testing.assert_allclose(gathered(out), wanted)


def test_integers_saturate():
    assert SampleType.INT16.of(np.array([1.5, -1.5])).tolist() == [32_767, -32_768]


class OneChunkLate:
    """Hands out the chunk before, and silence at first."""

    def __init__(self):
        self.before = None

    def push(self, chunk):
        before, self.before = self.before, np.array(chunk)
        return np.zeros(len(chunk) // 3) if before is None else before[::3]


class WrittenAndRead:
    """Takes chunks with one method and hands out the sound with another."""

    def __init__(self):
        self.inner, self.kept = Pushes(), []

    def write(self, chunk):
        self.kept.append(self.inner.push(chunk))

    def read(self):
        out, self.kept = np.concatenate([np.zeros(0), *self.kept]), []
        return out


class ToldOfTheEnd:
    """Holds 300 samples back until it is told that no more will come."""

    def __init__(self):
        self.kept = np.zeros(0)

    def process(self, chunk, final=False):
        self.kept = np.append(self.kept, chunk)
        ready = self.kept.size if final else max(0, self.kept.size - 300) // 3 * 3
        out, self.kept = self.kept[:ready:3], self.kept[ready:]
        return out


def test_late_by_a_chunk():
    report = evaluate(OneChunkLate, 48_000, 16_000)
    assert report.delay_ms == pytest.approx(20.0)
    assert report.hold_up_max_ms == 0
    assert report.late_ms == pytest.approx(20.0)


@pytest.mark.parametrize(("made", "hold_up_ms"), [(WrittenAndRead, 0.0), (ToldOfTheEnd, 6.25)])
def test_other_manners_of_streaming(made, hold_up_ms):
    report = evaluate(made, 48_000, 16_000)
    assert report.chunk_invariant is True
    assert report.tail_lost_ms == 0
    assert report.hold_up_mean_ms == pytest.approx(hold_up_ms, abs=0.1)


def test_a_function_that_keeps_its_state_in_a_closure():
    report = evaluate(closure(), 48_000, 16_000)
    assert report.chunk_invariant is True
    assert not report.wraps
    assert not report.notes


def test_polarity():
    report = evaluate(lambda samples: -samples[::3], 48_000, 16_000, live=False)
    assert report.notes == ("it turns the sound upside down",)


def test_a_library_s_name_brings_its_resamplers_to_mind():
    with pytest.raises(InputError, match=r"likely slip: is it soxr-vhq or soxr-hq or .*\?"):
        installed("soxr", RATES)
