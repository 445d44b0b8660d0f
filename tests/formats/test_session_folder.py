"""The session folder: what is written comes back bit for bit, and the wire or the player lays it out."""

import json

import numpy as np
import pytest
import soundfile
from folders import DOWN_HZ, NS, UP_HZ, recorded, sound, whole

from voicediag import formats
from voicediag.errors import FormatError, InputError
from voicediag.formats import session_folder
from voicediag.session import ArraySource, PlaybackEvent, Problem, Session, Track
from voicediag.spans import Span


@pytest.mark.parametrize(
    ("encoding", "bits"), [("flac", 15), ("pcm_16", 15), ("mulaw", 15), ("pcm_24", 23), ("float32", 23)]
)
def test_what_is_written_comes_back_bit_for_bit(tmp_path, rng, encoding, bits):
    rails = np.array([-1.0, 1 - 2.0**-bits, 0.0, 2.0**-bits], np.float32)
    samples = np.concatenate([rails, sound(rng, 350_000, bits=bits)])
    track = Track(name="user-sent", source=ArraySource(samples, UP_HZ), encoding=encoding)
    session_folder.write(Session(source="x", tracks={"user-sent": track}), tmp_path / "x.vds")
    again = session_folder.read(tmp_path / "x.vds").tracks["user-sent"]
    np.testing.assert_array_equal(whole(again), samples)
    assert again.rate_hz == UP_HZ


def test_a_session_comes_back_whole(tmp_path, rng):
    playback = [PlaybackEvent(t_ns=2 * NS, event="played", frame=0, frames=DOWN_HZ)]
    first = recorded(rng, playback=playback)
    session_folder.write(first, tmp_path / "call.vds")
    second = formats.load(tmp_path / "call.vds")
    assert (second.source, second.problems) == ("call.vds", ())
    assert dict(second.provenance) == first.provenance
    assert tuple(second.wire) == first.wire
    assert second.playback == first.playback
    assert list(second.tracks) == list(first.tracks)
    for name in ("user-captured", "user-sent", "agent-played"):
        np.testing.assert_array_equal(whole(second.tracks[name]), whole(first.tracks[name]))
        assert second.tracks[name].clock == first.tracks[name].clock


def test_the_wire_lays_out_what_was_received(folder, rng):
    session = session_folder.read(folder)
    stream = soundfile.read(folder / "agent-received.flac", dtype="float32")[0]
    want = np.zeros(11 * DOWN_HZ, np.float32)
    want[2 * DOWN_HZ : 3 * DOWN_HZ], want[10 * DOWN_HZ :] = stream[:DOWN_HZ], stream[DOWN_HZ:]
    np.testing.assert_array_equal(whole(session.tracks["agent-received"]), want)
    assert [(turn.text, turn.span) for turn in session.turns] == [("One.", Span(2, 3)), ("Two.", Span(10, 11))]


def test_the_player_knows_better_where_it_was_heard(tmp_path, rng):
    playback = [PlaybackEvent(t_ns=round(2.3 * NS), event="queued", frame=0, frames=DOWN_HZ)]
    # Callbacks of 100 ms that are stamped up to 9 ms late, half of the first turn; then all of the second.
    for number in range(5):
        late_ns = round((2.5 + number / 10 + number * number % 10 / 1_000) * NS)
        playback.append(PlaybackEvent(t_ns=late_ns, event="played", frame=number * 2_400, frames=2_400))
    playback.append(PlaybackEvent(t_ns=3 * NS, event="flushed", frame=12_000, frames=12_000))
    playback.append(PlaybackEvent(t_ns=11 * NS, event="played", frame=DOWN_HZ, frames=DOWN_HZ))
    session_folder.write(recorded(rng, playback=playback), tmp_path / "call.vds")
    session = session_folder.read(tmp_path / "call.vds")
    stream = soundfile.read(tmp_path / "call.vds" / "agent-received.flac", dtype="float32")[0]
    want = np.zeros(12 * DOWN_HZ, np.float32)
    want[60_000:72_000], want[11 * DOWN_HZ :] = stream[:12_000], stream[DOWN_HZ:]
    np.testing.assert_array_equal(whole(session.tracks["agent-received"]), want)
    assert [turn.span for turn in session.turns] == [Span(2.5, 3), Span(11, 12)]
    assert session.problems == ()


def test_the_truth_is_kept_beside(tmp_path, rng):
    session_folder.write(recorded(rng), tmp_path / "call.vds", truth={"faults": [{"id": "echo-leak"}]})
    assert json.loads((tmp_path / "call.vds" / "truth.json").read_text()) == {"faults": [{"id": "echo-leak"}]}
    assert session_folder.read(tmp_path / "call.vds").problems == ()


def test_problems_are_kept(tmp_path, rng):
    track = Track(name="user-sent", source=ArraySource(sound(rng, 100), UP_HZ))
    known = (Problem(where="call.wav", what="was cut short"),)
    session_folder.write(Session(source="x", tracks={"user-sent": track}, problems=known), tmp_path / "x.vds")
    assert session_folder.read(tmp_path / "x.vds").problems == known


def test_a_folder_that_exists_is_not_written_over(folder, rng):
    with pytest.raises(InputError, match="expected a new folder"):
        session_folder.write(recorded(rng), folder)


def test_a_folder_appears_whole_or_not_at_all(tmp_path, rng):
    class Broken:
        def __iter__(self):
            raise FormatError(tmp_path, expected="a log", got="none")

    session = Session(source="x", tracks=recorded(rng).tracks, wire=Broken())
    with pytest.raises(FormatError):
        session_folder.write(session, tmp_path / "call.vds")
    assert list(tmp_path.iterdir()) == []
