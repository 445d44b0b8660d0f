import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from live_messages import SOUND, append, at, delta
from wire_messages import TWILIO_CONNECTED, twilio_down, twilio_start, twilio_up

from voicediag.formats import folder_closer, session_folder
from voicediag.live.recorder import Recorder
from voicediag.live.redaction import Redaction

SECRET = "sk-" + "s3cr3t" * 5


def begun(tmp_path, *, created="2026-11-21T12:00:00Z"):
    recorder = Recorder(tmp_path / "call.vds", Redaction((SECRET,)), created)
    recorder.message("down", json.dumps({"type": "session.created", "session": {"model": "gpt-realtime-2.1"}}), at(0))
    recorder.message("up", append(), at(1.2))
    recorder.message("down", delta(), at(2.0))
    return recorder


def problems(session):
    return [f"{problem.where}: {problem.what}" for problem in session.problems]


def test_a_closed_recording_holds_every_sample_at_its_time(tmp_path):
    assert begun(tmp_path).close()
    session = session_folder.read(tmp_path / "call.vds")
    assert session.problems == ()
    assert session.provenance["model"] == "gpt-realtime-2.1"
    received = session.tracks["agent-received"]
    assert received.source.stream.read(0, 4_800) == pytest.approx(np.frombuffer(SOUND, "<i2") / 32_768)
    # Nothing was played before it arrived.
    assert not received.source.read(0, 2 * 24_000).any()
    assert [event.kind for event in session.wire] == [
        "session.created",
        "input_audio_buffer.append",
        "response.output_audio.delta",
    ]


def test_a_killed_recorder_leaves_what_it_had_written(tmp_path):
    begun(tmp_path).flush()
    session = session_folder.read(tmp_path / "call.vds")
    assert problems(session) == [f"session.json: {session_folder.NEVER_CLOSED}"]
    assert session.tracks["user-sent"].source.stream.frames == 4_800


def test_no_secret_reaches_the_disk(tmp_path):
    recorder = begun(tmp_path)
    recorder.message("down", json.dumps({"type": "error", "error": {"message": f"bad key {SECRET}"}}), at(3))
    recorder.closed_by("down", 1008, f"refused {SECRET}", at(3.1))
    recorder.message("up", SECRET, at(3.2))
    recorder.close()
    for file in (tmp_path / "call.vds").iterdir():
        assert SECRET.encode() not in file.read_bytes()
    assert session_folder.read(tmp_path / "call.vds").provenance["redactions"]


@pytest.mark.parametrize("data", ["no json", b"\x00\xff\xfe", "[1, 2]", '{"a": 1', "{" * 5_000])
def test_a_message_that_is_no_object_is_said_and_the_rest_recorded(tmp_path, data):
    recorder = begun(tmp_path)
    recorder.message("down", data, at(3))
    recorder.message("up", append(), at(4))
    recorder.close()
    session = session_folder.read(tmp_path / "call.vds")
    assert "that is no JSON" in problems(session)[0]
    assert session.tracks["user-sent"].source.stream.frames == 9_600


def test_a_format_that_changes_in_mid_call_is_said(tmp_path):
    recorder = begun(tmp_path)
    telephone = {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}
    recorder.message("up", json.dumps({"type": "session.update", "session": telephone}), at(3))
    recorder.message("up", append(), at(4))
    recorder.close()
    session = session_folder.read(tmp_path / "call.vds")
    assert "changed from 24000 Hz pcm_16 to 8000 Hz mulaw" in problems(session)[0]
    assert session.tracks["user-sent"].source.stream.frames == 4_800


def test_a_full_disk_is_said_once_there_is_room_again(tmp_path, monkeypatch):
    recorder = begun(tmp_path)
    recorder.flush()
    write = os.write

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    recorder.message("up", append(), at(4))
    assert not recorder.flush()
    monkeypatch.setattr(os, "write", write)
    assert recorder.close()
    session = session_folder.read(tmp_path / "call.vds")
    assert problems(session) == ["session.json: the disk refused to be written to: No space left on device"]
    assert session.tracks["user-sent"].source.stream.frames == 9_600


def test_a_folder_that_cannot_be_made_raises_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    recorder = begun(tmp_path / "file")
    assert not recorder.flush()
    assert not recorder.close()


def test_only_the_owner_may_read_a_recording(tmp_path):
    begun(tmp_path).flush()
    assert Path(tmp_path / "call.vds").stat().st_mode & 0o077 == 0


def test_a_call_of_twilios_is_recorded_as_it_passed(tmp_path):
    recorder = Recorder(tmp_path / "call.vds", Redaction(), "2026-11-21T12:00:00Z")
    frames = [bytes([code]) * 160 for code in (0x31, 0x42, 0x53)]
    recorder.message("up", json.dumps(TWILIO_CONNECTED), at(0))
    recorder.message("up", json.dumps(twilio_start(ticket="let me in")), at(0.001))
    for number, frame in enumerate(frames):
        recorder.message("up", json.dumps(twilio_up(frame, 20 * number)), at(1 + 0.02 * number))
    recorder.message("down", json.dumps(twilio_down(bytes(160))), at(1.1))
    recorder.message("down", json.dumps(twilio_down(frames[0])), at(1.11))
    recorder.close()
    for session in (session_folder.read(tmp_path / "call.vds"), folder_closer.close(tmp_path / "call.vds")):
        assert session.problems == ()
        assert session.provenance["provider"] == "twilio-media-streams"
        assert {name: (track.rate_hz, track.source.stream.frames) for name, track in session.tracks.items()} == {
            "user-sent": (8_000, 480),
            "agent-received": (8_000, 320),
        }
        # What was wrong with sound outlives the sound in the message.
        assert [mark.name for mark in session.marks if mark.kind == "slip"] == ["zero-bytes-as-silence"]
        assert "let me in" not in json.dumps([event.message for event in session.wire])
