"""What a page sends becomes a session folder; nothing that it sends raises."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_messages import FRAMES, RATE_HZ, begin, chunk, samples

from voicediag.errors import InputError
from voicediag.formats import folder_closer, session_folder
from voicediag.live.microphone.chunk import parse
from voicediag.live.microphone.take import LOST, Take
from voicediag.live.recorder import Recorder
from voicediag.live.recording import Call
from voicediag.live.redaction import Redaction


class Desk:
    """The recorder without its process."""

    def opened(self, folder, secrets, _opening, notes):
        self.recorder = Recorder(folder, Redaction(secrets), "2026-11-22T00:00:00Z", notes)
        return Call(1, folder, secrets)

    def tapped(self, _call, sound, at):
        self.recorder.tapped(sound, at)

    def logged(self, _call, line, _at):
        self.recorder.logged(line)

    def problem(self, _call, what, *, where):
        self.recorder.problem(where, what)

    def ended(self, _call):
        self.recorder.close()


@pytest.fixture
def take(tmp_path):
    return Take(Desk(), lambda: tmp_path / "a.vds")


def said(take, **told):
    return take.hear(json.dumps(told))


def kept(tmp_path):
    return session_folder.read(tmp_path / "a.vds")


def pcm(session, name):
    track = session.tracks[name]
    return np.int16(np.rint(track.source.read(0, track.frames) * 32_768))


def test_both_tracks_are_kept_sample_by_sample_on_one_clock(take, tmp_path):
    assert said(take, **begin("tab"))["type"] == "recording"
    assert [take.hear(chunk(number, played=True)) for number in range(3)] == [None] * 3
    assert said(take, type="end", chunks=3) == {
        "type": "ended",
        "folder": "a.vds",
        "path": str(tmp_path / "a.vds"),
        "chunks": 3,
    }
    session = folder_closer.close(tmp_path / "a.vds")
    assert np.array_equal(pcm(session, "user-captured"), samples(0, 1, 2))
    assert np.array_equal(pcm(session, "agent-played"), -samples(0, 1, 2))
    assert {track.clock.offset_s for track in session.tracks.values()} == {0.0}
    assert session.problems == ()
    assert "echo cancellation off" in session.provenance["notes"]


def test_the_log_survives_the_closing_of_the_folder(take, tmp_path):
    said(take, **begin())
    take.hear(chunk(0))
    said(take, type="context", context_s=1.5, output_latency_s=0.03, text="left out")
    take.hear(chunk(1))
    said(take, type="end", chunks=2)
    log = folder_closer.close(tmp_path / "a.vds").capture
    assert log.frame.tolist() == [0, FRAMES]
    assert log.wall_ms.tolist() == [1.8e12, round(1.8e12 + FRAMES / RATE_HZ * 1_000, 3)]
    assert log.first("begin")["granted"]["autoGainControl"] is False
    assert log.first("context") == {"context_s": 1.5, "output_latency_s": 0.03}
    assert log.first("end") == {"how": "stopped", "chunks": 2}


def test_silence_stands_where_chunks_are_missing(take, tmp_path):
    said(take, **begin())
    for number in (0, 3):
        take.hear(chunk(number))
    said(take, type="end", chunks=4)
    session = kept(tmp_path)
    sound = pcm(session, "user-captured")
    assert np.array_equal(sound, np.concatenate([samples(0), np.zeros(2 * FRAMES, np.int16), samples(3)]))
    assert session.capture.frame.tolist() == [0, 3 * FRAMES]
    assert [problem.what for problem in session.problems] == ["2 of 4 chunks did not arrive"]


@pytest.mark.parametrize(("code", "problems"), [(1001, []), (1005, []), (1006, [LOST]), (None, [LOST])])
def test_a_page_that_is_left_keeps_what_it_sent(take, tmp_path, code, problems):
    said(take, **begin())
    take.hear(chunk(0))
    take.gone(code)
    assert [problem.what for problem in kept(tmp_path).problems] == problems
    assert kept(tmp_path).tracks["user-captured"].frames == FRAMES


def test_what_names_the_device_for_good_is_not_kept(take, tmp_path):
    said(take, **begin(granted={"deviceId": "d" * 64, "groupId": "g" * 64, "sampleRate": 48_000, "odd": [1]}))
    take.gone(1001)
    assert kept_settings(tmp_path) == {"sampleRate": 48_000}


def test_the_notes_say_what_the_browser_does_unasked(take, tmp_path):
    granted = {"echoCancellation": False, "autoGainControl": True}
    said(take, **begin(granted=granted))
    take.hear(chunk(0))
    take.gone(1001)
    notes = kept(tmp_path).provenance["notes"]
    assert "echo cancellation off, noise suppression not told, gain control on though it was asked otherwise;" in notes


def kept_settings(tmp_path):
    return json.loads((tmp_path / "a.vds" / "capture.jsonl").read_text().splitlines()[0])["begin"]["granted"]


@pytest.mark.parametrize(
    "wrong",
    [{"rate_hz": 1}, {"rate_hz": "48000"}, {"rate_hz": 44_100.5}, {"played": "everything"}, {"played": ["tab"]}],
)
def test_a_beginning_that_makes_no_sense_is_refused(take, tmp_path, wrong):
    assert said(take, **{**begin(), **wrong})["type"] == "refused"
    assert not (tmp_path / "a.vds").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        chunk(1, frame=5_000),
        chunk(1, frame=1e15),
        chunk(1, frame=float("nan")),
        chunk(1, wall_ms=float("inf")),
        chunk(1, played=True),
        chunk(1)[:-1],
        b"",
    ],
)
def test_a_chunk_that_makes_no_sense_is_left_out_and_said(take, tmp_path, wrong):
    said(take, **begin())
    take.hear(chunk(0))
    take.hear(wrong)
    take.hear(chunk(1))
    take.gone(1001)
    assert np.array_equal(pcm(kept(tmp_path), "user-captured"), samples(0, 1))
    assert len(kept(tmp_path).problems) == 1


def test_a_mark_that_waited_for_its_connection_lies_where_it_was_made(take, tmp_path):
    said(take, **begin())
    take.hear(chunk(0))
    take.call.began_ns -= 10_000_000_000
    said(take, type="mark", age_ms=4_000.0)
    take.gone(1001)
    (mark,) = kept(tmp_path).flags
    assert mark.at_s == pytest.approx(6.0, abs=0.5)


def test_a_page_that_is_loaded_anew_lies_where_it_sounded(take, tmp_path):
    take.opening = {}
    said(take, **begin())
    take.hear(chunk(0))
    take.call.began_ns -= 2_000_000_000
    assert take.again(json.dumps(begin(rate_hz=16_000)))["type"] == "refused"
    assert take.again(json.dumps(begin()))["type"] == "recording"
    take.hear(chunk(0, frame=77))
    take.hear(chunk(1, frame=77 + FRAMES))
    said(take, type="end", chunks=2)
    session = kept(tmp_path)
    frame = session.capture.frame.tolist()
    # Two seconds later by the session's clock, and what is left of a chunk's way.
    assert frame[1] == pytest.approx(2 * RATE_HZ, abs=0.5 * RATE_HZ)
    assert frame[2] == frame[1] + FRAMES
    sound = pcm(session, "user-captured")
    assert not sound[FRAMES : frame[1]].any()
    assert np.array_equal(sound[frame[1] :], samples(0, 1))
    assert [problem.what.split(":")[0] for problem in session.problems] == ["the page was loaded anew"]


def test_sound_before_its_beginning_is_refused(take):
    assert take.hear(chunk(0))["type"] == "refused"


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(lambda tail: chunk(0)[:40] + tail)))
def test_no_bytes_break_the_parser(data):
    try:
        parse(data)
    except InputError:
        return
    assert len(data) > 40


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists),
    st.sampled_from(["type", "rate_hz", "granted", "chunks", "context_s"]),
)
def test_no_message_breaks_the_take(tmp_path_factory, value, key):
    folder = tmp_path_factory.mktemp("take") / "a.vds"
    take = Take(Desk(), lambda: folder)
    for told in (begin(), begin(), {"type": "context"}, {"type": "end"}):
        take.hear(json.dumps({**told, key: value}))
    take.gone(1006)
