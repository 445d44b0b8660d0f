"""Every parser against garbage: it answers with a session or with an error of ours, soon, and in bounded memory."""

import contextlib
import itertools
import json
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from wire_messages import anything, gemini_down, gemini_up, line, mutated, openai_down, openai_up

from voicediag import formats
from voicediag.errors import VoicediagError
from voicediag.formats import session_folder
from voicediag.spans import Span

NS = 10**9
# One folder serves every example: nothing is left in it from one to the next but files that are written anew.
quick = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])

LINES = [
    line(0.0, "up", {"setup": {"model": "models/m"}}),
    line(0.5, "up", gemini_up(bytes(640))),
    line(0.9, "down", gemini_down(bytes(480), outputTranscription={"text": "Hello."}, interrupted=True)),
    line(1.2, "up", openai_up(bytes(640)), audio={"track": "user-sent", "frame": 0, "frames": 320}, seq=3, wall_ns=9),
    line(1.3, "down", openai_down(bytes(480)), t_ns=NS),
    line(1.4, "down", {"type": "input_audio_buffer.speech_started", "audio_start_ms": 100}),
    line(1.5, "down", {"type": "conversation.item.input_audio_transcription.completed", "transcript": "Hi."}),
]
MANIFEST = {
    "schema": "voicediag.session/1",
    "closed": True,
    "tracks": [
        {"name": "user-sent", "rate_hz": 16_000, "encoding": "flac", "file": "user-sent.flac"},
        {"name": "agent-received", "rate_hz": 24_000, "encoding": "pcm_16", "file": "agent-received.pcm"},
    ],
    "clocks": {
        name: {"offset_s": 0, "drift_ppm": 0, "learnt_from": "wire"} for name in ("user-sent", "agent-received")
    },
}
PLAYED = {"t_ns": NS, "event": "played", "frame": 0, "frames": 240}


def used(load):
    """Load and use what was loaded as a check uses it; only our errors may come, and no great memory."""
    with contextlib.suppress(VoicediagError):
        session = load()
        assert session.duration_s <= 2 * 86_400 + 60
        for track in session.tracks.values():
            assert track.source.read(0, 1_000).dtype == np.float32
            assert track.source.read(max(0, track.frames - 10), 1_000).size <= 10
            assert np.isfinite(track.read(Span(-0.1, 0.1))).all()
        for turn in session.turns:
            assert np.isfinite([turn.span.start_s, turn.span.end_s]).all()
        assert sum(1 for _ in session.wire) == sum(1 for _ in session.wire)
        for event in itertools.islice(session.wire, 20):
            assert event.audio is None or event.audio.frames >= 0


def text_of(value):
    return json.dumps(value)


garbled = st.one_of(
    mutated(st.sampled_from(LINES)).map(text_of),
    anything.map(text_of),
    st.sampled_from(LINES).map(text_of).flatmap(lambda text: st.integers(0, len(text)).map(lambda at: text[:at])),
    st.text(max_size=30),
)


@quick
@given(st.lists(st.one_of(garbled, st.sampled_from(LINES).map(text_of)), max_size=8))
def test_a_wire_log_of_garbled_lines(tmp_path, lines):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    used(lambda: formats.load(path))


@quick
@given(st.binary(max_size=300))
def test_a_wire_log_of_bytes(tmp_path, data):
    (tmp_path / "log.jsonl").write_bytes(data)
    used(lambda: formats.load(tmp_path / "log.jsonl"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of two tracks, raw and FLAC; tests write its logs and its manifest."""
    place = tmp_path_factory.mktemp("fuzzed") / "call.vds"
    place.mkdir()
    soundfile.write(place / "user-sent.flac", np.zeros(16_000), 16_000)
    (place / "agent-received.pcm").write_bytes(bytes(48_000))
    return place


def fill(folder, *, manifest=MANIFEST, wire=LINES, playback=(PLAYED,)):
    (folder / "session.json").write_text(text_of(manifest), errors="surrogatepass")
    for name, lines in (("wire.jsonl", wire), ("playback.jsonl", playback)):
        (folder / name).write_text("\n".join(map(text_of, lines)), errors="surrogatepass")


@quick
@given(mutated(st.just(MANIFEST)))
def test_a_folder_with_a_garbled_manifest(folder, manifest):
    fill(folder, manifest=manifest)
    used(lambda: formats.load(folder))


@quick
@given(st.lists(mutated(st.sampled_from(LINES)), max_size=6), st.lists(mutated(st.just(PLAYED)), max_size=6))
def test_a_folder_with_garbled_logs(folder, wire, playback):
    fill(folder, wire=[*wire, *LINES], playback=[*playback, PLAYED])
    used(lambda: formats.load(folder))


@quick
@given(st.lists(mutated(st.sampled_from(LINES)), min_size=1, max_size=6))
def test_whatever_was_read_can_be_written_and_read_again(folder, tmp_path, wire):
    fill(folder, wire=[*LINES, *wire])
    with contextlib.suppress(VoicediagError):
        first = formats.load(folder)
        for number in itertools.count():
            again = tmp_path / f"{number}.vds"
            if not again.exists():
                break
        session_folder.write(first, again)
        second = formats.load(again)
        assert text_of([event.message for event in second.wire]) == text_of([event.message for event in first.wire])
        assert [turn.text for turn in second.turns] == [turn.text for turn in first.turns]


@st.composite
def damaged(draw):
    """A sound file of any kind, cut anywhere, with some bytes changed; and its ending."""
    ending, subtype = draw(st.sampled_from(sorted(SOUND)))
    data = bytearray(SOUND[ending, subtype])
    # Headers are where the harm is done.
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.one_of(st.integers(0, 120), st.integers(0, len(data) - 1)))
        data[min(at, len(data) - 1)] = draw(st.integers(0, 255))
    return ending, bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])


def _sound():
    import io

    samples = np.random.default_rng(1).normal(0, 0.1, (3_000, 2))
    kinds = [
        ("wav", "PCM_16"),
        ("wav", "FLOAT"),
        ("wav", "ULAW"),
        ("flac", "PCM_16"),
        ("ogg", "VORBIS"),
        ("aiff", "PCM_16"),
    ]
    made = {}
    for ending, subtype in kinds:
        file = io.BytesIO()
        soundfile.write(file, samples, 16_000, subtype, format=ending)
        made[ending, subtype] = file.getvalue()
    return made


SOUND = _sound()


@settings(quick, max_examples=300)
@given(damaged())
def test_a_damaged_sound_file(tmp_path, damage):
    ending, data = damage
    path = tmp_path / f"call.{ending}"
    path.write_bytes(data)
    with contextlib.suppress(VoicediagError):
        session = formats.load(path)
        for track in session.tracks.values():
            assert np.isfinite(track.source.read(0, 5_000)).all()
            assert track.source.read(max(0, track.frames - 10), 10).size <= 10


@quick
@given(st.binary(max_size=200), st.sampled_from(["wav", "flac", "ogg", "mp3", "pcm"]))
def test_bytes_under_the_name_of_a_sound_file(tmp_path, data, ending):
    path = tmp_path / f"call.{ending}"
    path.write_bytes(data)
    used(lambda: formats.load(path))


@quick
@given(st.text(max_size=20))
def test_any_text_as_a_path(text):
    assume(text not in ("", ".", "/", "~"))
    with contextlib.suppress(VoicediagError):
        formats.load(f"no-such-folder/{text}")


def test_times_and_frames_beyond_reason_cost_no_memory(folder):
    far = [
        line(0, "down", gemini_down(bytes(480)), t_ns=t_ns, audio={"track": track, "frame": frame, "frames": frames})
        for t_ns in (0, 10**14, 10**18, 10**30, -(10**18))
        for track in ("user-sent", "agent-received")
        for frame, frames in ((0, 10**11), (10**11, 1), (10**18, 10**18))
    ]
    fill(folder, wire=[*LINES, *far], playback=[{**PLAYED, "t_ns": NS * 86_000, "frames": 10**11}])
    tracemalloc.start()
    try:
        session = formats.load(folder)
        for track in session.tracks.values():
            track.source.read(0, 24_000)
            track.source.read(track.frames // 2, 24_000)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert session.duration_s <= 86_402


def test_a_log_of_garbage_keeps_a_page_of_problems(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([*map(text_of, LINES), *["{" * 99] * 50_000]))
    assert len(formats.load(path).problems) <= 51


def test_headers_without_end_do_not_hang(tmp_path):
    path = tmp_path / "call.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\x7fWAVE" + b"LIST\0\0\0\0" * 500_000)
    with pytest.raises(VoicediagError):
        formats.load(path)
