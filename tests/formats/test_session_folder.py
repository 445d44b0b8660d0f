"""The session folder: what is written comes back bit for bit, and a broken one is read as far as it goes."""

import json
import os
import shutil

import numpy as np
import pytest
import soundfile

from voicediag import formats
from voicediag.errors import FormatError, InputError
from voicediag.formats import session_folder
from voicediag.session import (
    ArraySource,
    AudioRef,
    Clock,
    PlaybackEvent,
    Problem,
    Session,
    Track,
    WireEvent,
)
from voicediag.spans import Span

UP_HZ, DOWN_HZ = 16_000, 24_000
NS = 10**9


def sound(rng, frames, *, bits=15):
    return (rng.integers(-(1 << bits), 1 << bits, frames) / (1 << bits)).astype(np.float32)


def event(number, t_s, direction, message, audio=None, *, wall=True):
    return WireEvent(
        t_ns=round(t_s * NS),
        wall_ns=1_795_168_800 * NS + number if wall else None,
        direction=direction,
        sequence=number,
        kind=next(iter(message)),
        message=message,
        audio=audio,
    )


def ref(track, frame, frames):
    return AudioRef(track=track, frame=frame, frames=frames)


def said(text):
    return {"serverContent": {"outputTranscription": {"text": text}}}


CHUNK = {"realtimeInput": {"audio": {"data": "", "mimeType": "audio/pcm;rate=16000"}}}
REPLY = {"serverContent": {"modelTurn": {"parts": [{"inlineData": {"data": "", "mimeType": "audio/pcm;rate=24000"}}]}}}


def recorded(rng, *, playback=(), encoding="flac"):
    """Four seconds of a user, and two turns of an agent that lie end to end in their file, at 2 s and 10 s in time."""
    tracks = {
        name: Track(
            name=name, source=ArraySource(sound(rng, frames), hz), clock=Clock(learnt_from=learnt), encoding=encoding
        )
        for name, frames, hz, learnt in (
            ("user-captured", 4 * 48_000, 48_000, "declared"),
            ("user-sent", 4 * UP_HZ, UP_HZ, "declared"),
            ("agent-received", 2 * DOWN_HZ, DOWN_HZ, "wire"),
            ("agent-played", 12 * DOWN_HZ, DOWN_HZ, "declared"),
        )
    }
    wire = (
        event(0, 0.0, "up", {"setup": {"model": "models/m", "note": "\ud800 é \u2028"}}),
        event(1, 1.0, "up", CHUNK, ref("user-sent", 0, UP_HZ)),
        event(2, 2.0, "down", REPLY, ref("agent-received", 0, DOWN_HZ)),
        event(3, 2.0, "down", said("One."), wall=False),
        event(4, 3.1, "down", {"serverContent": {"turnComplete": True}}),
        event(5, 10.0, "down", REPLY, ref("agent-received", DOWN_HZ, DOWN_HZ)),
        event(6, 10.0, "down", said("Two.")),
    )
    provenance = {
        "created": "2026-11-20T10:00:00Z",
        "provider": "gemini-live",
        "model": "m",
        "notes": "é",
        "redactions": [],
    }
    return Session(source="call.vds", tracks=tracks, wire=wire, playback=tuple(playback), provenance=provenance)


def whole(track):
    return track.source.read(0, track.frames)


@pytest.fixture
def folder(tmp_path, rng):
    """A whole folder, to be broken by a test."""
    session_folder.write(recorded(rng), tmp_path / "call.vds")
    return tmp_path / "call.vds"


def edited(folder, **changes):
    """The same folder with entries of its manifest changed, or with ... removed."""
    manifest = {**json.loads((folder / "session.json").read_text()), **changes}
    kept = {key: value for key, value in manifest.items() if value is not ...}
    (folder / "session.json").write_text(json.dumps(kept))
    return folder


def entries(folder):
    return json.loads((folder / "session.json").read_text())["tracks"]


def problems(folder):
    return [(problem.where, problem.what) for problem in session_folder.read(folder).problems]


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


@pytest.mark.parametrize("kind", ["pcm", "wav"])
def test_a_killed_recorder_leaves_a_session_that_is_read(folder, kind):
    tracks = entries(folder)
    for entry in tracks:
        samples, _ = soundfile.read(folder / entry["file"], dtype="int16")
        (folder / entry["file"]).unlink()
        entry["file"] = f"{entry['name']}.{kind}"
        if kind == "pcm":
            entry["encoding"] = "pcm_16"
            (folder / entry["file"]).write_bytes(samples.astype("<i2").tobytes() + b"\x01")
        else:
            soundfile.write(folder / entry["file"], samples, entry["rate_hz"])
    with (folder / "wire.jsonl").open("ab") as file:
        file.write(b'{"t_ns": 11000000000, "dir": "do')
    session = session_folder.read(edited(folder, closed=False, tracks=tracks))
    assert session.tracks["user-sent"].frames == 4 * UP_HZ
    assert session.tracks["agent-received"].span.end_s == 11
    assert [problem.where for problem in session.problems] == ["session.json", "wire.jsonl:8"]
    assert "never closed" in session.problems[0].what
    source = session.tracks["user-sent"].source
    np.testing.assert_array_equal(source.read(1_000, 500), whole(session.tracks["user-sent"])[1_000:1_500])


@pytest.mark.parametrize(
    "name",
    ["../secret.flac", "/etc/passwd", "..", ".", "", "a/b.flac", "nul\0.flac", "\ud800.flac", "x" * 999, None, 3],
)
def test_a_file_outside_of_the_folder_is_not_opened(folder, tmp_path, name):
    shutil.copy(folder / "user-sent.flac", tmp_path / "secret.flac")
    tracks = entries(folder)
    tracks[1]["file"] = name
    session = session_folder.read(edited(folder, tracks=tracks))
    assert "user-sent" not in session.tracks
    assert len(session.tracks) == 3
    assert session.problems[0].where == str(name)


@pytest.mark.parametrize("link", ["pipe", "folder"])
def test_what_is_no_file_is_not_opened(folder, link):
    (folder / "user-sent.flac").unlink()
    (os.mkfifo if link == "pipe" else os.mkdir)(folder / "user-sent.flac")
    assert "user-sent" not in session_folder.read(folder).tracks


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"schema": "voicediag.session/2"},
            'expected schema voicediag.session/1, got "voicediag.session/2"; likely slip: written by a newer',
        ),
        ({"schema": ...}, "got null"),
        ({"tracks": []}, "expected at least one track, got none"),
        ({"tracks": 7}, "expected at least one track, got none"),
        ({"tracks": [{"name": "mic", "file": "user-sent.flac"}]}, "expected a track name"),
        ({"tracks": [{"name": "user-sent", "file": "gone.flac"}]}, "it was not copied with the rest"),
    ],
)
def test_a_folder_without_a_session_gets_one_line(folder, changes, message):
    with pytest.raises(FormatError) as caught:
        session_folder.read(edited(folder, **changes))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "session.json: expected a JSON object"),
        (b"[1]", "expected a JSON object"),
        (b"\xff\xff", "expected JSON"),
        (b'{"a":' * 100_000, "nested over 100 deep"),
        (b"", "expected a JSON object"),
        (None, "expected a session.json, got none; likely slip: not a session folder"),
    ],
)
def test_a_manifest_that_cannot_be_read_gets_one_line(folder, content, message):
    (folder / "session.json").unlink()
    if content is not None:
        (folder / "session.json").write_bytes(content)
    with pytest.raises(FormatError) as caught:
        formats.load(folder)
    assert message in str(caught.value)


def test_a_manifest_that_is_too_long_is_not_held(folder, monkeypatch):
    monkeypatch.setattr("voicediag.formats.wire_line.LONGEST_LINE", 100)
    with pytest.raises(FormatError, match="expected JSON of at most 100 bytes, got more"):
        session_folder.read(folder)


def test_a_track_that_is_gone_is_a_problem(folder):
    (folder / "user-sent.flac").unlink()
    session = session_folder.read(folder)
    assert list(session.tracks) == ["user-captured", "agent-received", "agent-played"]
    assert session.problems[0].where == "user-sent.flac"


def test_a_track_that_is_named_twice_is_read_once(folder):
    assert problems(edited(folder, tracks=[*entries(folder), entries(folder)[0]])) == [
        ("user-captured.flac", "expected one track of a name, got user-captured twice")
    ]


def test_a_track_of_two_channels_is_read_as_its_first(folder, rng):
    both = np.stack([sound(rng, 100), sound(rng, 100)], axis=1)
    soundfile.write(folder / "user-sent.flac", both, UP_HZ)
    session = session_folder.read(folder)
    np.testing.assert_array_equal(whole(session.tracks["user-sent"]), both[:, 0])
    assert ("user-sent.flac", "expected one channel, got 2; only the first is read") in problems(folder)


def test_a_rate_that_is_not_the_files_is_a_problem(folder):
    tracks = entries(folder)
    tracks[1]["rate_hz"] = 24_000
    assert problems(edited(folder, tracks=tracks)) == [
        ("user-sent.flac", "session.json says 24000 Hz and the file 16000 Hz")
    ]


@pytest.mark.parametrize("rate_hz", [0, -1, 10**9, 1.5, None, "16000"])
def test_raw_sound_needs_a_rate(folder, rate_hz):
    tracks = entries(folder)
    (folder / "user-sent.pcm").write_bytes(bytes(1_000))
    tracks[1] |= {"file": "user-sent.pcm", "encoding": "pcm_16", "rate_hz": rate_hz}
    assert "expected raw PCM with rate_hz and encoding" in problems(edited(folder, tracks=tracks))[0][1]


@pytest.mark.parametrize(
    "clock",
    [
        {"offset_s": 1e300}, {"offset_s": float("nan")}, {"drift_ppm": -1e6}, {"offset_s": 10**400},
        {"offset_s": "soon"}, {"drift_ppm": None}, {"offset_s": [1]},
    ],
)  # fmt: skip
def test_a_clock_that_is_none_is_a_problem(folder, clock):
    edited(folder, clocks={"user-sent": clock})
    assert session_folder.read(folder).tracks["user-sent"].clock == Clock()
    assert problems(folder)[0][0] == "session.json"


def test_a_clock_is_read(folder):
    edited(folder, clocks={"user-sent": {"offset_s": 1.5, "drift_ppm": -20, "learnt_from": "chirp"}})
    assert session_folder.read(folder).tracks["user-sent"].clock == Clock(
        offset_s=1.5, drift_ppm=-20, learnt_from="chirp"
    )


def test_without_its_wire_a_track_that_only_the_wire_places_lies_end_to_end(folder):
    (folder / "wire.jsonl").unlink()
    session = session_folder.read(folder)
    assert session.tracks["agent-received"].span == Span(0, 2)
    assert problems(folder) == [
        ("agent-received.flac", "no message says when its frames passed: they are laid end to end from 0 s")
    ]


def test_frames_that_the_wire_no_longer_names_are_a_problem(folder):
    lines = (folder / "wire.jsonl").read_text().splitlines()
    (folder / "wire.jsonl").write_text("\n".join(lines[:2] + lines[5:6]))
    # The second turn is still there, at its own place in the file.
    session = session_folder.read(folder)
    assert np.flatnonzero(whole(session.tracks["agent-received"]))[0] >= 10 * DOWN_HZ
    (folder / "wire.jsonl").write_text("\n".join(lines[:2]) + json.dumps({"t_ns": 0}))
    assert "laid end to end" in problems(folder)[-1][1]


@pytest.mark.parametrize("frames", [10**9, (1 << 40) - 1])
def test_a_message_that_names_more_frames_than_there_are_is_cut_short(folder, frames):
    line = {
        "t_ns": 11 * NS,
        "dir": "down",
        "msg": REPLY,
        "audio": {"track": "agent-received", "frame": 0, "frames": frames},
    }
    with (folder / "wire.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n" + json.dumps(line) + "\n")
    session = session_folder.read(folder)
    assert session.duration_s < 15
    assert [problem.where for problem in session.problems] == ["wire.jsonl:8"]
    assert "names frames that agent-received does not have" in session.problems[0].what
    assert len(list(session.wire)) == 9


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", '{"t_ns": 1}', '{"event": "paused", "t_ns": 1, "frame": 0, "frames": 1}',
        '{"event": "played", "t_ns": -1, "frame": 0, "frames": 1}',
        '{"event": "played", "t_ns": 1e400, "frame": 0, "frames": 1}',
        '{"event": "played", "t_ns": 1, "frame": 0, "frames": 1000000000000000000}',
        '{"event": ["played"], "t_ns": 1, "frame": 0, "frames": "9"}',
    ],
)  # fmt: skip
def test_a_line_of_the_player_that_cannot_be_read_is_a_problem(folder, line):
    (folder / "playback.jsonl").write_text(line + "\n")
    session = session_folder.read(folder)
    assert session.playback == ()
    assert session.problems[0].where == "playback.jsonl:1"


def test_a_player_that_played_frames_that_never_came_plays_what_there_is(folder):
    line = {"event": "played", "t_ns": 5 * NS, "frame": DOWN_HZ, "frames": 10**12}
    (folder / "playback.jsonl").write_text(json.dumps(line) + "\n")
    assert session_folder.read(folder).tracks["agent-received"].span.end_s == 6


def test_a_late_first_message_does_not_move_the_clock_of_a_folder(folder):
    lines = [json.loads(text) for text in (folder / "wire.jsonl").read_text().splitlines()]
    late = [{**each, "t_ns": each["t_ns"] + 300 * NS} for each in lines]
    (folder / "wire.jsonl").write_text("\n".join(json.dumps(each) for each in late))
    assert session_folder.read(folder).turns[0].span == Span(302, 303)


def test_the_log_of_a_folder_alone_has_no_sound(folder):
    with pytest.raises(FormatError, match=r"the log of a session folder: name the folder, call\.vds"):
        formats.load(folder / "wire.jsonl")
