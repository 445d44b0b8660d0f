"""The emulator's pieces: the gate over the user's sound, the agenda, the clips and the scenario's file."""

import json

import numpy as np
import pytest
import soundfile
from emulated import tone

from voicediag.errors import FormatError, InputError
from voicediag.formats.pcm import decode
from voicediag.live.emulator import Reply, Scenario, Vad, read
from voicediag.live.emulator.agenda import Agenda
from voicediag.live.emulator.clips import at_rate, clips_of, encoded
from voicediag.live.emulator.gate import Gate, Heard
from voicediag.live.emulator.pacing import pieces_of


class TestGate:
    VAD = Vad(threshold_dbfs=-40.0, onset_ms=60, silence_ms=200, prefix_ms=100)

    def heard(self, *spans, size=320, gate=None):
        gate = gate or Gate(self.VAD, 16_000)
        sound = np.concatenate([np.full(round(s * 16_000), peak, np.float32) for s, peak in spans])
        return [one for at in range(0, sound.size, size) for one in gate.push(sound[at : at + size])]

    def test_start_and_stop(self):
        assert self.heard((1.0, 0.0), (0.5, 0.1), (0.5, 0.0)) == [
            Heard(kind="started", audio_ms=900),
            Heard(kind="stopped", audio_ms=1700),
        ]

    @pytest.mark.parametrize("size", [1, 100, 319, 777, 16_000])
    def test_chunks_do_not_matter(self, size):
        spans = ((0.31, 0.0), (0.5, 0.1), (0.5, 0.0))
        assert self.heard(*spans, size=size) == self.heard(*spans)

    def test_a_click_is_no_speech(self):
        assert not self.heard((0.5, 0.0), (0.04, 0.5), (0.5, 0.0))

    def test_a_pause_is_no_end(self):
        heard = self.heard((0.5, 0.1), (0.18, 0.0), (0.5, 0.1), (0.5, 0.0))
        assert [one.kind for one in heard] == ["started", "stopped"]

    @pytest.mark.parametrize(("peak", "found"), [(0.011, True), (0.009, False)])
    def test_the_threshold(self, peak, found):
        assert bool(self.heard((0.5, peak))) is found

    def test_the_end_of_the_stream_ends_speech(self):
        gate = Gate(self.VAD, 16_000)
        assert not gate.end()
        self.heard((0.5, 0.1), gate=gate)
        assert gate.end() == [Heard(kind="stopped", audio_ms=500)]


class TestAgenda:
    def test_steps_run_in_order_of_time_and_of_adding(self):
        agenda, ran = Agenda(), []
        for at_s, name in [(2.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "d")]:
            agenda.add(at_s, lambda now_s, name=name: ran.append((now_s, name)) or [])
        agenda.due(5.0)
        assert ran == [(1.0, "a"), (1.0, "b"), (2.0, "c")]
        assert agenda.next_s == 9.0

    def test_a_reply_can_be_forgotten(self):
        agenda = Agenda()
        agenda.add(1.0, lambda _: [], spoken=True)
        agenda.add(2.0, lambda _: [])
        assert agenda.hush()
        assert agenda.next_s == 2.0
        assert not agenda.hush()


class TestClips:
    @pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
    def test_a_g711_code_is_the_nearest(self, encoding):
        codes = bytes(range(256))
        values = np.rint(decode(codes, encoding) * 32_768).astype(np.int16)
        again = decode(encoded(values, encoding), encoding)
        assert np.array_equal(again, decode(codes, encoding))

    def test_the_demo_speaks_where_no_clip_is_named(self):
        clips = clips_of(Scenario())
        assert [round(clip.size / 24_000, 2) for clip in clips] == [1.63, 2.54, 2.6, 1.8]
        assert all(np.abs(clip).max() > 1000 for clip in clips)

    def test_a_file_of_another_rate_and_stereo(self, tmp_path):
        path = tmp_path / "hello.wav"
        soundfile.write(path, np.stack([tone(0.5, rate_hz=44_100)] * 2, axis=1), 44_100)
        (clip,) = clips_of(Scenario(replies=(Reply(text="hello", clip=path),)))
        assert clip.size == pytest.approx(12_000, abs=2)
        assert np.abs(clip).max() == pytest.approx(0.3 * 32_767, rel=0.02)

    def test_another_rate(self):
        assert at_rate(tone(1.0), 8_000).size == 8_000

    def test_a_missing_file_is_told(self, tmp_path):
        with pytest.raises(FormatError, match=r"none\.wav"):
            clips_of(Scenario(replies=(Reply(text="hello", clip=tmp_path / "none.wav"),)))


def test_words_lie_within_the_sound():
    pieces = pieces_of("It is ten past eight", 3.0)
    assert pieces == [(0.0, "It is"), (1.0, " ten past"), (2.0, " eight")]
    assert pieces_of("", 3.0) == []


class TestScenarioFile:
    def written(self, tmp_path, told):
        path = tmp_path / "scenario.json"
        path.write_text(told if isinstance(told, str) else json.dumps(told))
        return path

    def test_a_whole_one(self, tmp_path):
        told = {
            "schema": "voicediag.scenario/1",
            "replies": [{"text": "Hi", "clip": "hi.wav", "heard": "Hey", "tool": {"name": "f", "args": {"aB": 1}}}],
            "vad": {"silence_ms": 300},
            "chunk_ms": 20,
            "speed": 2.0,
            "seed": 7,
            "faults": ["wrong-rate"],
        }
        scenario = read(self.written(tmp_path, told))
        assert scenario.replies[0].clip == tmp_path / "hi.wav"
        assert scenario.replies[0].tool.args == {"aB": 1}
        assert (scenario.vad.silence_ms, scenario.chunk_ms, scenario.faults) == (300, 20, ("wrong-rate",))

    @pytest.mark.parametrize(
        ("told", "said"),
        [
            ("{", "expected a scenario as JSON"),
            ([], "voicediag.scenario/1"),
            ({"replies": []}, "voicediag.scenario/1"),
            ({"schema": "voicediag.scenario/1", "replies": []}, "at least one reply"),
            ({"schema": "voicediag.scenario/1", "replys": []}, "got replys"),
            ({"schema": "voicediag.scenario/1", "replies": {}}, "a list of replies"),
            ({"schema": "voicediag.scenario/1", "replies": ["hi"]}, "an object for a reply"),
            ({"schema": "voicediag.scenario/1", "replies": [{}]}, "a whole reply"),
            ({"schema": "voicediag.scenario/1", "chunk_ms": 0.04}, "chunk_ms of type int"),
            ({"schema": "voicediag.scenario/1", "chunk_ms": 1}, "seconds were given"),
            ({"schema": "voicediag.scenario/1", "speed": 0}, "a speed above 0"),
            ({"schema": "voicediag.scenario/1", "vad": {"silence_ms": None}}, "silence_ms"),
            ({"schema": "voicediag.scenario/1", "replies": [{"text": 5}]}, "text"),
            ({"schema": "voicediag.scenario/1", "replies": [{"text": "", "delay_s": -1}]}, "a delay of 0 s or more"),
        ],
    )
    def test_a_slip_is_told_with_the_file(self, tmp_path, told, said):
        with pytest.raises(InputError, match=said) as caught:
            read(self.written(tmp_path, told))
        assert "scenario.json" in str(caught.value)

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(FormatError, match="a scenario file"):
            read(tmp_path / "none.json")
