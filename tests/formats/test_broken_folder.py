"""A session folder that is broken is read as far as it goes, and what is missing is said."""

import json
import os
import shutil

import numpy as np
import pytest
import soundfile
from folders import DOWN_HZ, NS, REPLY, UP_HZ, edited, entries, problems, sound, whole

from voicediag import formats
from voicediag.errors import FormatError
from voicediag.formats import session_folder
from voicediag.session import AudioRef, Clock
from voicediag.spans import Span


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
        ({"tracks": []}, "expected at least one track, or messages without sound, got none"),
        ({"tracks": 7}, "expected at least one track, or messages without sound, got none"),
        ({"tracks": [{"name": "mic", "file": "user-sent.flac"}]}, "expected a track name"),
        ({"tracks": [{"name": "user-sent", "file": "gone.flac"}]}, "it was not copied with the rest"),
    ],
)
def test_a_folder_without_a_session_gets_one_line(folder, changes, message):
    with pytest.raises(FormatError) as caught:
        session_folder.read(edited(folder, **changes))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_connection_that_was_refused_is_a_session_without_sound(folder):
    lines = [
        {"t_ns": 0, "dir": "up", "kind": "setup", "msg": {"setup": {"model": "models/m"}}},
        {"t_ns": 90_000_000, "dir": "down", "kind": "close", "msg": {"code": 1008, "reason": "no such model"}},
    ]
    (folder / "wire.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    session = session_folder.read(edited(folder, tracks=[]))
    assert not session.tracks
    assert [(mark.kind, mark.said) for mark in session.marks[:2]] == [("setup", ""), ("closed", "no such model")]


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


def test_sound_that_was_left_in_a_message_of_a_folder_is_cut_out_and_its_place_believed(folder):
    chunk = {"realtimeInput": {"audio": {"data": "AAAA" * 20, "mimeType": "audio/pcm"}}}
    line = {"t_ns": 12 * NS, "dir": "up", "msg": chunk, "audio": {"track": "user-sent", "frame": UP_HZ, "frames": 20}}
    with (folder / "wire.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    *_, last = session_folder.read(folder).wire
    assert last.message["realtimeInput"]["audio"]["data"] == ""
    assert last.audio == AudioRef(track="user-sent", frame=UP_HZ, frames=20)
