"""Sound files that break off, that nobody closed or that are corrupt are read as far as they go, and it is said."""

import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from voicediag import formats
from voicediag.errors import FormatError

RATE_HZ = 16_000
KILLED = """
import os, sys
import numpy as np
rng = np.random.default_rng(3)
sound = rng.integers(-9_000, 9_000, (80_000, 2)).astype("<i2")
{write}
os._exit(9)
"""
WITH_SOUNDFILE = """
import soundfile
file = soundfile.SoundFile(sys.argv[1], "w", 16_000, 2, "PCM_16")
for start in range(0, 80_000, 8_000):
    file.write(sound[start : start + 8_000])
"""
WITH_WAVE = """
import wave
file = wave.open(sys.argv[1], "wb")
file.setnchannels(2), file.setsampwidth(2), file.setframerate(16_000)
for start in range(0, 80_000, 400):
    file.writeframesraw(sound[start : start + 400].tobytes())
file._file.flush()
"""


def killed(path, write):
    """Let a recorder be killed in the middle; returns what it had recorded."""
    done = subprocess.run([sys.executable, "-c", KILLED.format(write=write), path], check=False)
    assert done.returncode == 9
    sound = np.random.default_rng(3).integers(-9_000, 9_000, (80_000, 2))
    return (sound / 32_768).astype(np.float32)


def stereo(path, rng, *, frames=80_000, subtype="PCM_16"):
    samples = (rng.integers(-9_000, 9_000, (frames, 2)) / 32_768).astype(np.float32)
    soundfile.write(path, samples, RATE_HZ, subtype)
    return samples


def in_blocks(track, size=16_000):
    return np.concatenate([track.source.read(start, size) for start in range(0, track.frames, size)])


def both(session):
    return np.stack([in_blocks(session.heard), in_blocks(session.spoken)], axis=1)


def said(session):
    assert len(session.problems) == 1
    return session.problems[0].what


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_wav_that_breaks_off(tmp_path, rng, share):
    samples = stereo(tmp_path / "call.wav", rng)
    data = (tmp_path / "call.wav").read_bytes()
    (tmp_path / "call.wav").write_bytes(data[: int(len(data) * share)])
    session = formats.load(tmp_path / "call.wav")
    got = both(session)
    assert len(got) == (int(len(data) * share) - 44) // 4
    np.testing.assert_array_equal(got, samples[: len(got)])
    assert said(session).startswith("its header promises 320000 bytes of sound and it holds")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_a_flac_that_breaks_off_gives_all_but_its_last_frame(tmp_path, rng, share):
    samples = stereo(tmp_path / "call.flac", rng)
    data = (tmp_path / "call.flac").read_bytes()
    (tmp_path / "call.flac").write_bytes(data[: int(len(data) * share)])
    session = formats.load(tmp_path / "call.flac")
    got = both(session)
    # Noise packs evenly: as large a share of the frames as of the bytes, less one FLAC frame and its neighbour.
    assert 80_000 * share - 2 * 4_608 < len(got) <= 80_000 * share
    np.testing.assert_array_equal(got, samples[: len(got)])
    assert said(session) == f"breaks off after {len(got)} of the 80000 frames that its header promises"


def test_a_flac_whose_recorder_was_killed(tmp_path):
    samples = killed(tmp_path / "call.flac", WITH_SOUNDFILE)
    session = formats.load(tmp_path / "call.flac")
    got = both(session)
    # What was still in the encoder's and libsndfile's buffers is lost.
    assert len(got) > 70_000
    np.testing.assert_array_equal(got, samples[: len(got)])
    # Reading anew from the start, and in the middle, works after the whole.
    np.testing.assert_array_equal(session.heard.source.read(40_000, 9_000), samples[40_000:49_000, 0])
    assert f"{len(got)} frames follow" in said(session)


def test_a_wav_whose_recorder_was_killed(tmp_path):
    samples = killed(tmp_path / "call.wav", WITH_SOUNDFILE)
    session = formats.load(tmp_path / "call.wav")
    got = both(session)
    np.testing.assert_array_equal(got, samples[: len(got)])
    assert len(got) == 80_000
    assert "promises less sound than follows" in said(session)


def test_a_wav_of_pythons_wave_module_whose_recorder_was_killed(tmp_path):
    samples = killed(tmp_path / "call.wav", WITH_WAVE)
    # libsndfile alone believes the header: one chunk of 25 ms.
    assert soundfile.info(tmp_path / "call.wav").frames == 400
    session = formats.load(tmp_path / "call.wav")
    np.testing.assert_array_equal(both(session), samples)
    np.testing.assert_array_equal(session.spoken.source.read(79_000, 5_000), samples[79_000:, 1])
    assert session.provenance["files"][0]["format"] == "WAV"
    assert "promises less sound than follows" in said(session)


@pytest.mark.parametrize("promised", [0xFFFF_FFFF, 0x7FFF_F000, 0x7FFF_FFFF])
def test_a_wav_out_of_a_pipe_is_whole(tmp_path, rng, promised):
    samples = stereo(tmp_path / "call.wav", rng)
    data = bytearray((tmp_path / "call.wav").read_bytes())
    struct.pack_into("<I", data, 4, promised)
    struct.pack_into("<I", data, 40, promised)
    (tmp_path / "call.wav").write_bytes(data)
    session = formats.load(tmp_path / "call.wav")
    np.testing.assert_array_equal(both(session), samples)
    assert session.problems == ()


def test_a_wav_that_promises_nothing_is_read_all_the_same(tmp_path, rng):
    samples = stereo(tmp_path / "call.wav", rng)
    data = bytearray((tmp_path / "call.wav").read_bytes())
    struct.pack_into("<I", data, 40, 0)
    (tmp_path / "call.wav").write_bytes(data)
    np.testing.assert_array_equal(both(formats.load(tmp_path / "call.wav")), samples)


def test_a_wav_with_more_after_its_sound_is_whole(tmp_path, rng):
    samples = stereo(tmp_path / "call.wav", rng)
    with (tmp_path / "call.wav").open("ab") as file:
        file.write(b"LIST" + struct.pack("<I", 10) + b"INFOISFT\0\0")
    session = formats.load(tmp_path / "call.wav")
    np.testing.assert_array_equal(both(session), samples)
    assert session.problems == ()


def test_a_corrupt_stretch_of_a_flac_is_silent_and_what_follows_stays_at_its_time(tmp_path, rng):
    samples = stereo(tmp_path / "call.flac", rng)
    data = bytearray((tmp_path / "call.flac").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2_000] = rng.bytes(2_000)
    (tmp_path / "call.flac").write_bytes(data)
    session = formats.load(tmp_path / "call.flac")
    got = both(session)
    assert len(got) == 80_000
    np.testing.assert_array_equal(got[:30_000], samples[:30_000])
    np.testing.assert_array_equal(got[-20_000:], samples[-20_000:])
    assert 0 < session.heard.lost_frames <= 5 * 4_096


def test_an_ogg_that_breaks_off(tmp_path, rng):
    soundfile.write(tmp_path / "call.ogg", rng.normal(0, 0.1, (80_000, 2)), RATE_HZ, "VORBIS")
    data = (tmp_path / "call.ogg").read_bytes()
    (tmp_path / "call.ogg").write_bytes(data[: len(data) // 2])
    session = formats.load(tmp_path / "call.ogg")
    # The headers, with the code books, are a good part of so short a file.
    assert 20_000 < len(both(session)) < 50_000
    assert "its last page is missing" in said(session)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_that_was_closed_is_whole(tmp_path, rng, subtype):
    soundfile.write(tmp_path / "call.ogg", rng.normal(0, 0.1, (80_000, 2)), RATE_HZ, subtype, format="OGG")
    assert formats.load(tmp_path / "call.ogg").problems == ()


def bytes_of(data):
    return lambda path: path.write_bytes(data)


def nothing(path):
    """Leave the path without a file."""


def header_alone(path):
    soundfile.write(path, np.zeros((0, 2)), RATE_HZ)


M4A = b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(200)


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("missing.wav", nothing, "expected a sound file, got no such file; likely slip: a typing slip"),
        ("text.wav", bytes_of(b"no sound at all\n"), "expected a sound file, got text; likely slip: a download"),
        ("a.m4a", bytes_of(M4A), "got an MP4 or M4A file; likely slip: convert it first: ffmpeg -i a.m4a a.wav"),
        ("empty.wav", bytes_of(b""), "expected a sound file, got an empty file"),
        ("none.wav", header_alone, "expected sound, got no frame at all; likely slip: the recorder was stopped"),
        ("log.json", bytes_of(b'{"a": 1}'), "got JSON; likely slip: a wire log has one JSON object a line"),
        ("a.zip", bytes_of(b"PK\3\4" + bytes(99)), "got a zip archive"),
        ("a.webm", bytes_of(b"\x1aE\xdf\xa3" + bytes(99)), "ffmpeg -i a.webm a.wav"),
        ("a.html", bytes_of(b"<html>"), "got HTML or XML"),
        ("a.pcm", bytes_of(b"\x80\x01" * 99), "raw PCM needs a header"),
        ("pipe", os.mkfifo, "got a pipe or a device"),
        ("folder", os.mkdir, "expected a session folder with session.json, got another folder"),
        ("x" * 300, nothing, "expected a path that can be read"),
        ("new\nline.wav", nothing, "no such file"),
        ("nul\0.wav", nothing, "no such file"),
    ],
)
def test_what_is_no_session_gets_one_line(tmp_path, name, make, message):
    make(tmp_path / name)
    with pytest.raises(FormatError) as caught:
        formats.load(tmp_path / name)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("rate_hz", [1, 3_999, 1_000_000, 2**31 - 1])
def test_a_rate_that_no_converter_has_is_refused(tmp_path, rate_hz):
    soundfile.write(tmp_path / "call.wav", np.zeros(100), rate_hz)
    with pytest.raises(FormatError, match=f"got {rate_hz} Hz; likely slip: a damaged header"):
        formats.load(tmp_path / "call.wav")


def test_one_bad_file_of_a_pair_is_named(tmp_path, rng):
    soundfile.write(tmp_path / "mic.wav", rng.normal(0, 0.1, 100), RATE_HZ)
    with pytest.raises(FormatError, match=r"speaker\.wav: expected a sound file, got no such file"):
        formats.load(tmp_path / "mic.wav", agent=tmp_path / "speaker.wav")
