"""A wire log becomes a session: its sound at its time, its words, and what of it could not be read."""

import json

import numpy as np
import pytest
import soundfile
from wire_messages import (
    TWILIO_CONNECTED,
    gemini_down,
    gemini_up,
    line,
    openai_down,
    openai_up,
    snake,
    twilio,
    twilio_down,
    twilio_start,
    twilio_up,
    write_log,
)

from voicediag import formats
from voicediag.errors import FormatError
from voicediag.session import AudioRef
from voicediag.spans import Span

UP_HZ, DOWN_HZ = 16_000, 24_000
SETUP = line(0.0, "up", {"setup": {"model": "models/gemini-3.8-live"}})


def pcm(rng, frames):
    return rng.integers(-9_000, 9_000, frames).astype("<i2")


def gemini_log(rng, *, t=lambda seconds: {"t": seconds}, spelling=dict):
    """A user speaks for a second in 20 chunks, the agent answers with two chunks at once."""
    user, agent = pcm(rng, UP_HZ), pcm(rng, 2 * DOWN_HZ)
    lines = [SETUP]
    lines += [
        line((number + 1) * 0.05, "up", gemini_up(chunk.tobytes())) for number, chunk in enumerate(np.split(user, 20))
    ]
    lines.append(line(1.2, "down", gemini_down(inputTranscription={"text": "Mince 2."})))
    for number, chunk in enumerate(np.split(agent, 2)):
        lines.append(
            line(1.5 + number / 10, "down", gemini_down(chunk.tobytes(), outputTranscription={"text": f"{number}."}))
        )
    lines.append(line(1.8, "down", gemini_down(turnComplete=True)))
    timed = [{**t(each.pop("t")), **each} for each in map(dict, lines)]
    return user, agent, [{**each, "msg": spelling(each["msg"])} for each in timed]


def whole(track):
    return track.source.read(0, track.frames)


TIMES = {
    "seconds": lambda seconds: {"t": seconds},
    "nanoseconds": lambda seconds: {"t_ns": round(seconds * 1e9)},
    "since 1970": lambda seconds: {"t": 1_795_168_800 + seconds},
    "a late start": lambda seconds: {"t_ns": round((seconds + 4_000) * 1e9)},
    "before zero": lambda seconds: {"t": seconds - 9},
}


@pytest.mark.parametrize("spelling", [dict, snake])
@pytest.mark.parametrize("t", TIMES.values(), ids=TIMES)
def test_sound_and_words_of_gemini_live(tmp_path, rng, t, spelling):
    user, agent, lines = gemini_log(rng, t=t, spelling=spelling)
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert session.problems == ()
    assert session.provenance == {"provider": "gemini-live", "model": "gemini-3.8-live"}
    np.testing.assert_array_equal(whole(session.heard), user / np.float32(32_768))
    heard = whole(session.spoken)
    # Double floats hold times since 1970 to 0.2 µs, less than a frame.
    begin = np.flatnonzero(heard)[0]
    assert begin == pytest.approx(1.5 * DOWN_HZ, abs=2)
    np.testing.assert_array_equal(heard[begin : begin + agent.size], agent / np.float32(32_768))
    said = [(turn.role, turn.text, turn.learnt_from) for turn in session.turns]
    assert said == [("user", "Mince 2.", "arrival"), ("agent", "0.1.", "audio")]
    assert session.turns[1].span.start_s == pytest.approx(1.5, abs=1e-4)
    assert session.turns[1].span.duration_s == pytest.approx(2.0)


def test_sound_and_turns_of_openai_realtime(tmp_path, rng):
    user = rng.integers(0, 256, 16_000).astype(np.uint8).tobytes()
    session_update = {"type": "session.update", "session": {"input_audio_format": "g711_ulaw"}}
    agent = pcm(rng, DOWN_HZ)
    lines = [
        line(0.0, "up", session_update),
        line(1.0, "up", openai_up(user[:8_000])),
        line(2.0, "up", openai_up(user[8_000:])),
        line(2.1, "down", {"type": "input_audio_buffer.speech_started", "audio_start_ms": 250}),
        line(2.2, "down", {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 1_750}),
        line(2.5, "down", openai_down(agent.tobytes())),
        line(2.6, "down", {"type": "response.output_audio_transcript.delta", "delta": "Good day."}),
        line(2.7, "down", {"type": "conversation.item.input_audio_transcription.completed", "transcript": "Hi."}),
        line(3.0, "down", {"type": "response.done", "response": {"status": "cancelled"}}),
    ]
    session = formats.load(write_log(tmp_path / "call.ndjson", lines))
    (tmp_path / "call.ul").write_bytes(user)
    want, _ = soundfile.read(
        tmp_path / "call.ul", dtype="float32", samplerate=8_000, channels=1, format="RAW", subtype="ULAW"
    )
    np.testing.assert_array_equal(whole(session.heard), want)
    assert session.heard.encoding == "mulaw"
    # Half a second of it was heard when the response was cancelled.
    np.testing.assert_array_equal(whole(session.spoken)[60_000:], agent[:12_000] / np.float32(32_768))
    assert [(turn.role, turn.text, turn.span, turn.learnt_from) for turn in session.turns] == [
        ("user", "Hi.", Span(0.25, 1.75), "vad"),
        ("agent", "Good day.", Span(2.5, 3.0), "audio"),
    ]


def test_the_wire_is_read_anew_with_its_sound_cut_out(tmp_path, rng):
    user, agent, lines = gemini_log(rng)
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    events = list(session.wire)
    assert events == list(session.wire)
    assert len(events) == len(lines)
    assert [event.t_ns for event in events] == [round(each["t"] * 1e9) for each in lines]
    assert [event.sequence for event in events] == list(range(1, len(lines) + 1))
    refs = [event.audio for event in events if event.audio]
    assert refs[:20] == [AudioRef(track="user-sent", frame=number * 800, frames=800) for number in range(20)]
    assert refs[20:] == [AudioRef(track="agent-received", frame=n * DOWN_HZ, frames=DOWN_HZ) for n in range(2)]
    longest = max(len(json.dumps(event.message)) for event in events)
    assert longest < 200
    for event, each in zip(events, lines, strict=True):
        assert event.kind == next(iter(each["msg"]))
    for ref in refs:
        stream = session.tracks[ref.track].source.stream.read(ref.frame, ref.frames)
        origin = user if ref.track == "user-sent" else agent
        np.testing.assert_array_equal(stream, origin[ref.frame : ref.frame + ref.frames] / np.float32(32_768))


def test_lines_that_cannot_be_read_are_named_and_do_not_end_the_reading(tmp_path, rng):
    user, _, lines = gemini_log(rng)
    text = [json.dumps(each) for each in lines]
    text[3:3] = [
        '{"t": 0.1, "dir": "up", "ms',
        '{"t": "x", "dir": "up", "msg": {}}',
        "",
        '{"t": 1, "dir": "in", "msg": {}}',
    ]
    (tmp_path / "call.jsonl").write_text("\n".join(text))
    session = formats.load(tmp_path / "call.jsonl")
    assert [problem.where for problem in session.problems] == ["call.jsonl:4", "call.jsonl:5", "call.jsonl:7"]
    np.testing.assert_array_equal(whole(session.heard), user / np.float32(32_768))


def test_sound_that_is_no_base64_is_a_problem_and_stays_in_its_message(tmp_path, rng):
    _, _, lines = gemini_log(rng)
    lines[1]["msg"]["realtimeInput"]["audio"]["data"] = "not base64!"
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert session.problems[0].where == "call.jsonl:2"
    assert session.problems[0].what == "user-sent: the sound is no base64"
    assert list(session.wire)[1].audio is None
    assert session.tracks["user-sent"].source.stream.frames == 19 * 800


def test_an_odd_byte_is_a_slip_and_shifts_nothing(tmp_path, rng):
    first, second = pcm(rng, 800), pcm(rng, 800)
    lines = [
        SETUP,
        line(0.05, "up", gemini_up(first.tobytes() + b"\x7f")),
        line(0.10, "up", gemini_up(second.tobytes())),
    ]
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert [(each.rule.id, each.slips[0].said) for each in session.breaches] == [("odd-bytes", "1601 bytes")]
    assert not session.problems
    np.testing.assert_array_equal(whole(session.heard), np.concatenate([first, second]) / np.float32(32_768))


def test_a_rate_that_changes_on_the_way_is_said_once(tmp_path, rng):
    lines = [SETUP]
    lines += [
        line(n / 10, "up", gemini_up(pcm(rng, 800).tobytes(), f"audio/pcm;rate={r}"))
        for n, r in enumerate([16_000, 24_000, 48_000])
    ]
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert [problem.what for problem in session.problems] == [
        "user-sent: declared as 24000 Hz after 16000 Hz, and read as the latter"
    ]


def test_times_outside_of_a_session_are_problems_and_cost_no_memory(tmp_path, rng):
    _, _, lines = gemini_log(rng)
    for late in (10**9, -(10**6), 4e9):
        lines.append(line(late, "down", gemini_down(bytes(4_800))))
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert len(session.problems) == 3
    assert "expected a time within a day of the session's start" in session.problems[0].what
    assert session.duration_s < 10


def test_lines_of_two_threads_may_be_swapped(tmp_path, rng):
    lines = [line(100.002, "up", SETUP["msg"]), line(100.0, "down", {"setupComplete": {}})]
    lines.append(line(100.05, "up", gemini_up(pcm(rng, 640).tobytes())))
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert session.problems == ()
    assert [round(event.t_ns / 1e6) for event in session.wire] == [0, -2, 48]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            [line(0, "up", {"event": "media", "media": {"payload": "AAAA"}})],
            "no message of theirs; likely slip: the log holds another",
        ),
        ([{"t_ms": 3, "dir": "c2s", "json": {"setup": {}}}], 'an object with a "msg" object'),
        ([], "no message of theirs"),
        ([[1, 2], "text"], "expected a JSON object"),
        (
            [SETUP, line(0.1, "up", {"realtimeInput": {"audio": {"data": "", "mimeType": "audio/pcm"}}})],
            "name the folder",
        ),
    ],
)
def test_a_log_that_holds_no_session_gets_one_line(tmp_path, content, message):
    with pytest.raises(FormatError) as caught:
        formats.load(write_log(tmp_path / "call.jsonl", content))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_log_without_sound_is_a_session_without_tracks(tmp_path):
    lines = [SETUP, line(1, "down", gemini_down(outputTranscription={"text": "Hello."}))]
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert (dict(session.tracks), [turn.text for turn in session.turns]) == ({}, ["Hello."])


def test_a_log_that_vanishes_says_so(tmp_path, rng):
    session = formats.load(write_log(tmp_path / "call.jsonl", gemini_log(rng)[2]))
    (tmp_path / "call.jsonl").unlink()
    with pytest.raises(FormatError, match="expected a log that can be read, got No such file"):
        list(session.wire)


def test_a_log_becomes_a_folder_and_stays_the_same_session(tmp_path, rng):
    _, _, lines = gemini_log(rng)
    lines.append(line(9.0, "down", gemini_down(pcm(rng, DOWN_HZ).tobytes(), outputTranscription={"text": "Late."})))
    lines.append(line(9.5, "down", gemini_down(interrupted=True)))
    first = formats.load(write_log(tmp_path / "call.jsonl", lines))
    formats.session_folder.write(first, tmp_path / "call.vds")
    second = formats.load(tmp_path / "call.vds")
    assert (second.turns, second.cues, second.problems) == (first.turns, first.cues, first.problems)
    assert list(second.wire) == list(first.wire)
    assert second.provenance.items() >= first.provenance.items()
    assert list(second.tracks) == list(first.tracks)
    for name, track in first.tracks.items():
        assert (second.tracks[name].span, second.tracks[name].clock) == (track.span, track.clock)
        np.testing.assert_array_equal(whole(second.tracks[name]), whole(track))


def test_a_place_that_a_log_gives_beside_its_sound_is_not_believed(tmp_path, rng):
    elsewhere = {"track": "agent-played", "frame": 7, "frames": 9}
    lines = [SETUP, line(0.1, "up", gemini_up(pcm(rng, 800).tobytes()), audio=elsewhere)]
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert [event.audio for event in session.wire] == [None, AudioRef(track="user-sent", frame=0, frames=800)]


def test_a_call_of_twilios_lies_where_twilio_says_and_plays_until_it_is_cleared(tmp_path):
    frame = bytes([0x31]) * 160
    lines = [line(0.0, "up", TWILIO_CONNECTED), line(0.0, "up", twilio_start())]
    # A second of the caller, of which the sixth to tenth frames were never sent; what was comes late and in one lump.
    lines += [
        line(1.0 if number < 20 else 2.5, "up", twilio_up(frame, 20 * number))
        for number in range(50)
        if number not in range(5, 10)
    ]
    # Two seconds of the agent at once, cleared half a second later.
    lines += [line(3.0, "down", twilio_down(frame * 100)), line(3.5, "down", twilio("clear"))]
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert session.problems == ()
    user, agent = session.tracks["user-sent"], session.tracks["agent-received"]
    begin = round(0.98 * 8_000)
    heard = np.flatnonzero(whole(user))
    assert heard.tolist() == [*range(begin, begin + 800), *range(begin + 1_600, begin + 8_000)]
    assert np.flatnonzero(whole(agent)).tolist() == list(range(24_000, 28_000))
    assert [(mark.kind, mark.message) for mark in session.marks[:3]] == [
        ("telephone", "connected"),
        ("answered", "media"),
        ("interrupted", "clear"),
    ]


def test_what_twilio_plays_of_the_agent_is_a_track_of_its_own(tmp_path):
    lines = [line(0.0, "up", twilio_start())]
    for number in range(10):
        lines += [
            line(1 + number / 50, "up", twilio_up(bytes([code]) * 160, 20 * number, track=track))
            for track, code in (("inbound", 0x31), ("outbound", 0x42))
        ]
    session = formats.load(write_log(tmp_path / "call.jsonl", lines))
    assert set(session.tracks) == {"user-sent", "agent-played"}
    # As long as the session: a layout begins with it.
    assert session.spoken.frames == session.heard.frames == round(1.18 * 8_000)
