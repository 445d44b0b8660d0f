"""G.711 against libsndfile's decoder and against the standard's own corner values."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voicediag.formats import pcm

CODES = bytes(range(256))
SUBTYPES = {"mulaw": "ULAW", "alaw": "ALAW"}


@pytest.mark.parametrize("encoding", SUBTYPES)
def test_every_code_decodes_as_libsndfile_decodes_it(encoding):
    file = io.BytesIO(CODES)
    want, _ = soundfile.read(
        file, dtype="int16", samplerate=8_000, channels=1, format="RAW", subtype=SUBTYPES[encoding]
    )
    np.testing.assert_array_equal(pcm.decode(CODES, encoding) * 32_768, want)


@pytest.mark.parametrize(
    ("encoding", "code", "value"),
    [
        # G.711 (11/88), tables 1a to 2b, in 16-bit units: the rails, and the smallest steps.
        ("mulaw", 0x00, -32_124),
        ("mulaw", 0x80, 32_124),
        ("mulaw", 0xFF, 0),
        ("mulaw", 0x7F, 0),
        ("alaw", 0x2A, -32_256),
        ("alaw", 0xAA, 32_256),
        ("alaw", 0xD5, 8),
        ("alaw", 0x55, -8),
    ],
)
def test_the_corners_of_the_tables(encoding, code, value):
    assert pcm.decode(bytes([code]), encoding).tolist() == [value / 32_768]


@given(st.lists(st.integers(-32_768, 32_767)))
def test_16_bits_are_little_endian_and_scaled_by_their_full_range(samples):
    data = b"".join(value.to_bytes(2, "little", signed=True) for value in samples)
    assert (pcm.decode(data, "pcm_16") * 32_768).tolist() == samples
    assert (pcm.decode(data + b"\x7f", "pcm_16") * 32_768).tolist() == samples


@pytest.mark.parametrize("encoding", SUBTYPES)
def test_a_spool_keeps_g711_without_loss(encoding):
    spool = pcm.Spool(8_000)
    assert spool.append(CODES, encoding) == 256
    assert spool.append(b"\x00\x80", "pcm_16") == 1
    want, _ = soundfile.read(
        io.BytesIO(CODES), dtype="float32", samplerate=8_000, channels=1, format="RAW", subtype=SUBTYPES[encoding]
    )
    np.testing.assert_array_equal(spool.read(0, 1_000), [*want, -1.0])
