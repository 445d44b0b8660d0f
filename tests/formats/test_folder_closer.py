import json
import shutil

import pytest

from voicediag.errors import FormatError
from voicediag.formats import folder_closer, session_folder
from voicediag.live.appender import Appender


@pytest.fixture
def killed(tmp_path, request):
    recordings = request.config.rootpath / "recordings" / "damaged-recording" / "killed-recorder.vds"
    return shutil.copytree(recordings, tmp_path / "killed.vds")


def test_a_killed_recording_becomes_a_closed_one_with_the_same_sound(killed):
    before = session_folder.read(killed)
    sound = {name: track.source.read(0, track.frames) for name, track in before.tracks.items()}
    after = folder_closer.close(killed)
    assert {path.suffix for path in killed.iterdir()} == {".flac", ".json", ".jsonl"}
    assert json.loads((killed / "session.json").read_text())["closed"] is True
    assert folder_closer.REPAIRED in after.provenance["notes"]
    for name, samples in sound.items():
        assert (after.tracks[name].source.read(0, after.tracks[name].frames) == samples).all()
    assert [path.name for path in killed.parent.iterdir()] == ["killed.vds"]


def test_closing_twice_changes_nothing(killed):
    folder_closer.close(killed)
    first = {path.name: path.read_bytes() for path in killed.iterdir()}
    folder_closer.close(killed)
    assert {path.name: path.read_bytes() for path in killed.iterdir()} == first


def test_what_the_recorder_lost_stays_a_problem(killed):
    after = folder_closer.close(killed)
    # Half a line of the log: see the recording's truth.json.
    assert any("line" in problem.where or "line" in problem.what for problem in after.problems)


def test_a_recording_that_goes_on_is_left_alone(killed):
    recorder = Appender(killed / "wire.jsonl")
    recorder.flush()
    before = sorted(path.name for path in killed.iterdir())
    with pytest.raises(FormatError, match="being recorded"):
        folder_closer.close(killed)
    assert sorted(path.name for path in killed.iterdir()) == before
    recorder.close()
