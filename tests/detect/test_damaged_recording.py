import numpy as np
import soundfile
from scenes import RATE_HZ, agent_voice, session_of, voice

import voicediag as vd
from voicediag.detect import damaged_recording
from voicediag.detect.examination import Examination
from voicediag.session import Problem, Session, Track


def examined(session):
    return damaged_recording.DETECTOR.examine(Examination(session))


def stereo(path, *, seconds=5):
    sound = np.stack([voice(1, duration_s=seconds), agent_voice(2, duration_s=seconds)], axis=1)
    soundfile.write(path, sound, RATE_HZ, "PCM_16")
    return path


def test_a_wav_that_was_cut_short_is_found(tmp_path):
    path = stereo(tmp_path / "call.wav")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    session = vd.load(path)
    assert session.duration_s < 2.6
    assert "promises" in examined(session).findings[0].summary


def test_a_flac_that_breaks_off_is_found(tmp_path):
    path = stereo(tmp_path / "call.flac")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    summary = examined(vd.load(path)).findings[0].summary
    assert "80000 frames" in summary


def test_a_source_that_breaks_off_while_it_is_read_is_found():
    class Failing:
        rate_hz, frames = RATE_HZ, 5 * RATE_HZ

        def read(self, start, frames):
            return voice(1, duration_s=5)[start : min(start + frames, 2 * RATE_HZ)]

    track = Track(name="user-sent", source=Failing())
    summary = examined(Session(source="test", tracks={"user-sent": track})).findings[0].summary
    assert "breaks off after 32000 of 80000 frames" in summary


def test_every_problem_is_counted():
    problems = (Problem(where="wire.jsonl:3", what="expected a JSON object"),) * 4
    session = session_of({"user-sent": voice(1)}, problems=problems)
    finding = examined(session).findings[0]
    assert finding.primary.measure["problems"] == 4
    assert "and 3 more" in finding.summary


def test_clean_twin_is_clear(tmp_path):
    assert examined(vd.load(stereo(tmp_path / "call.wav"))).is_clear


def test_no_track_is_unjudged():
    assert "no track" in examined(Session(source="test", tracks={})).reason
