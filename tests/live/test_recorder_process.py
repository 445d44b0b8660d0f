import json
import os
import subprocess
import sys
import threading
import time

from hypothesis import given
from hypothesis import strategies as st
from live_messages import SOUND, append, at, delta

from voicediag.formats import session_folder
from voicediag.live import recorder_process
from voicediag.live.recorder_process import STOPPED, Frame, Frames, Kind


def opened(folder, number=1):
    told = {"folder": str(folder), "secrets": [], "created": "2026-11-21T12:00:00Z", "notes": ""}
    return Frame(session=number, kind=Kind.OPEN, payload=json.dumps(told).encode())


def text(direction, message, seconds, number=1):
    return Frame(session=number, kind=Kind.TEXT, direction=direction, at=at(seconds), payload=message.encode())


def run(*frames):
    """Hand frames to the recorder's process, end the pipe and wait."""
    command = [sys.executable, "-m", "voicediag.live.recorder_process"]
    data = b"".join(frame.packed() for frame in frames)
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 60))
def test_frames_survive_any_cut(payloads, step):
    sent = [
        Frame(session=number, kind=Kind.BINARY, direction="down", at=at(number), payload=payload)
        for number, payload in enumerate(payloads)
    ]
    data = b"".join(frame.packed() for frame in sent)
    frames = Frames()
    got = [frame for start in range(0, len(data), step) for frame in frames.feed(data[start : start + step])]
    assert got == sent


def test_a_call_that_ends_leaves_a_closed_folder(tmp_path):
    run(
        opened(tmp_path / "a.vds"),
        text("up", append(), 0.2),
        text("down", delta(), 0.5),
        Frame(session=1, kind=Kind.CLOSED, direction="down", at=at(1), payload=b'{"code": 1001, "reason": "bye"}'),
        Frame(session=1, kind=Kind.END),
    )
    session = session_folder.read(tmp_path / "a.vds")
    assert session.problems == ()
    assert (tmp_path / "a.vds" / "user-sent.flac").is_file()
    assert [event.message for event in session.wire][-1] == {"code": 1001, "reason": "bye"}


def test_a_relay_that_is_killed_loses_nothing_that_it_handed_over(tmp_path):
    run(opened(tmp_path / "a.vds"), text("up", append(), 0.2), text("up", append(), 0.3))
    session = session_folder.read(tmp_path / "a.vds")
    assert [problem.what for problem in session.problems] == [STOPPED]
    assert session.tracks["user-sent"].source.stream.frames == 2 * len(SOUND) // 2


def test_calls_side_by_side_keep_apart(tmp_path):
    run(
        opened(tmp_path / "a.vds", 1),
        opened(tmp_path / "b.vds", 2),
        text("up", append(SOUND[:200]), 0.1, 1),
        text("up", append(SOUND[:400]), 0.1, 2),
        Frame(session=1, kind=Kind.END),
        text("up", append(SOUND[:400]), 0.2, 2),
        Frame(session=2, kind=Kind.END),
    )
    frames = [session_folder.read(tmp_path / f"{name}.vds").tracks["user-sent"].source.stream.frames for name in "ab"]
    assert frames == [100, 400]


def test_what_came_is_written_at_once_where_nothing_more_waits(tmp_path, monkeypatch):
    # No file would grow for a minute if it were for the clock.
    monkeypatch.setattr(recorder_process, "FLUSH_S", 60.0)
    out, into = os.pipe()
    begun = threading.Thread(target=recorder_process.run, args=(out,))
    begun.start()
    os.write(into, opened(tmp_path / "a.vds").packed() + text("up", append(), 0.2).packed())
    sound, until_s = tmp_path / "a.vds" / "user-sent.pcm", time.monotonic() + 30
    while not (sound.exists() and sound.stat().st_size) and time.monotonic() < until_s:
        pass
    assert sound.stat().st_size == len(SOUND)
    os.close(into)
    begun.join()
    os.close(out)


def test_a_call_without_sound_keeps_its_log(tmp_path):
    said = run(opened(tmp_path / "a.vds"), text("up", '{"type": "session.update"}', 0), Frame(session=1, kind=Kind.END))
    assert not said.stderr
    session = session_folder.read(tmp_path / "a.vds")
    assert [event.kind for event in session.wire] == ["session.update"]
    assert not session.problems


def test_frames_of_a_call_that_was_never_opened_are_passed_over(tmp_path):
    assert run(text("up", append(), 0.2, 7), Frame(session=7, kind=Kind.END)).returncode == 0
    assert not list(tmp_path.iterdir())
