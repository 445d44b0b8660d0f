"""Sound files of every kind, whole ones: what was written is what is read."""

import numpy as np
import pytest
import soundfile

from voicediag import formats
from voicediag.errors import FormatError, InputError

EXACT = {"PCM_16": 15, "PCM_24": 23, "PCM_32": 23, "FLOAT": 23, "DOUBLE": 23}
RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000]


def noise(rng, *, frames=4_000, channels=2, bits=15):
    """Samples that `bits` bits and a sign hold exactly."""
    top = 1 << bits
    shape = (frames, channels) if channels > 1 else frames
    return (rng.integers(-top, top, shape) / top).astype(np.float32)


def whole(track):
    return track.source.read(0, track.frames)


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize(
    ("ending", "subtype"),
    [("wav", subtype) for subtype in EXACT] + [("flac", "PCM_16"), ("flac", "PCM_24"), ("w64", "PCM_16")],
)
def test_lossless_sound_is_read_exactly(tmp_path, rng, rate_hz, ending, subtype):
    samples = noise(rng, bits=EXACT[subtype])
    path = tmp_path / f"call.{ending}"
    soundfile.write(path, samples, rate_hz, subtype)
    session = formats.load(path)
    for channel, name in enumerate(("user-sent", "agent-received")):
        track = session.tracks[name]
        assert (track.rate_hz, track.frames, track.encoding) == (rate_hz, 4_000, subtype.lower())
        np.testing.assert_array_equal(whole(track), samples[:, channel])
    assert session.problems == ()


@pytest.mark.parametrize(("subtype", "step"), [("PCM_U8", 1 / 128), ("ULAW", 0.05), ("ALAW", 0.05)])
def test_8_bit_sound_is_read_to_its_step(tmp_path, subtype, step):
    tone = (0.5 * np.sin(np.arange(8_000) / 10)).astype(np.float32)
    soundfile.write(tmp_path / "call.wav", tone, 8_000, subtype)
    track = formats.load(tmp_path / "call.wav").tracks["user-sent"]
    np.testing.assert_allclose(whole(track), tone, atol=step)


def test_lossy_sound_keeps_its_channels_and_its_length(tmp_path):
    time = np.arange(48_000) / 16_000
    left, right = (0.5 * np.sin(2 * np.pi * hertz * time) for hertz in (300, 1_100))
    soundfile.write(tmp_path / "call.ogg", np.stack([left, right], 1), 16_000, "VORBIS")
    session = formats.load(tmp_path / "call.ogg")
    for name, hertz in (("user-sent", 300), ("agent-received", 1_100)):
        heard = whole(session.tracks[name])
        assert heard.size == 48_000
        assert np.argmax(np.abs(np.fft.rfft(heard))) / 3 == pytest.approx(hertz, abs=1)


def test_a_float_file_keeps_what_goes_beyond_full_scale(tmp_path):
    samples = np.array([0.5, 1.5, -2.0, 32_000.0], np.float32)
    soundfile.write(tmp_path / "call.wav", samples, 16_000, "FLOAT")
    np.testing.assert_array_equal(whole(formats.load(tmp_path / "call.wav").tracks["user-sent"]), samples)


def test_a_float_file_brings_no_nan_no_infinity_and_nothing_that_overflows(tmp_path):
    samples = np.array([np.nan, np.inf, -np.inf, 1e38, -1e38, 0.25], np.float32)
    soundfile.write(tmp_path / "call.wav", samples, 16_000, "FLOAT")
    read = whole(formats.load(tmp_path / "call.wav").tracks["user-sent"])
    assert read.tolist() == [0, 0, 0, 32_768, -32_768, 0.25]


def test_left_is_the_user_unless_right_is_said_to_be(tmp_path, rng):
    samples = noise(rng)
    soundfile.write(tmp_path / "call.wav", samples, 16_000)
    for user, mine in (("left", 0), ("right", 1)):
        session = formats.load(tmp_path / "call.wav", user=user)
        np.testing.assert_array_equal(whole(session.heard), samples[:, mine])
        np.testing.assert_array_equal(whole(session.spoken), samples[:, 1 - mine])


def test_another_side_is_refused(tmp_path, rng):
    soundfile.write(tmp_path / "call.wav", noise(rng), 16_000)
    with pytest.raises(InputError, match="left or right"):
        formats.load(tmp_path / "call.wav", user="middle")


def test_a_mono_file_is_the_user_alone(tmp_path, rng):
    soundfile.write(tmp_path / "mic.wav", noise(rng, channels=1), 16_000)
    assert list(formats.load(tmp_path / "mic.wav").tracks) == ["user-sent"]


def test_two_mono_files_may_differ_in_rate_length_and_kind(tmp_path, rng):
    user, agent = noise(rng, channels=1), noise(rng, channels=1, frames=9_000)
    soundfile.write(tmp_path / "mic.wav", user, 16_000)
    soundfile.write(tmp_path / "speaker.flac", agent, 24_000)
    session = formats.load(tmp_path / "mic.wav", agent=str(tmp_path / "speaker.flac"))
    np.testing.assert_array_equal(whole(session.heard), user)
    np.testing.assert_array_equal(whole(session.spoken), agent)
    assert session.duration_s == 0.375
    assert session.source == "mic.wav + speaker.flac"


def test_a_pair_must_be_mono(tmp_path, rng):
    soundfile.write(tmp_path / "mic.wav", noise(rng), 16_000)
    with pytest.raises(FormatError, match="expected a mono file, got 2 channels"):
        formats.load(tmp_path / "mic.wav", agent=tmp_path / "mic.wav")


def test_more_than_two_channels_are_refused(tmp_path, rng):
    soundfile.write(tmp_path / "surround.wav", noise(rng, channels=6), 48_000)
    with pytest.raises(FormatError, match="expected one or two channels, got 6; likely slip: a surround"):
        formats.load(tmp_path / "surround.wav")


def test_the_session_says_what_the_file_says(tmp_path, rng):
    soundfile.write(tmp_path / "call.flac", noise(rng, frames=8_000), 16_000, "PCM_24")
    assert formats.load(tmp_path / "call.flac").provenance["files"] == [
        {
            "file": "call.flac",
            "format": "FLAC",
            "encoding": "pcm_24",
            "rate_hz": 16_000,
            "channels": 2,
            "duration_s": 0.5,
        },
    ]


def test_any_block_is_cut_from_the_whole_and_both_channels_share_one_reading(tmp_path, rng):
    samples = noise(rng, frames=10_000)
    soundfile.write(tmp_path / "call.flac", samples, 16_000)
    session = formats.load(tmp_path / "call.flac")
    user, agent = session.heard.source, session.spoken.source
    for start, frames in [(0, 1), (9_999, 10), (5_000, 4_096), (0, 10**15), (10_000, 5), (10**15, 5), (3, 0)]:
        np.testing.assert_array_equal(user.read(start, frames), samples[start : start + frames, 0])
        np.testing.assert_array_equal(agent.read(start, frames), samples[start : start + frames, 1])


@pytest.mark.parametrize("channels", [1, 2])
def test_who_changes_what_was_read_changes_no_later_reading(tmp_path, rng, channels):
    samples = noise(rng, channels=channels)
    soundfile.write(tmp_path / "call.wav", samples, 16_000)
    track = formats.load(tmp_path / "call.wav").heard
    whole(track)[:] = 0
    np.testing.assert_array_equal(whole(track), samples.reshape(4_000, channels)[:, 0])
