"""The light that `voicediag relay` and `record` show, told by a process that watches their folder."""

import shutil
from pathlib import Path

from voicediag.cli import watching

KITCHEN = Path(__file__).parents[1] / "recordings" / "self-hearing-loop" / "kitchen.vds"
HEADPHONES = KITCHEN.parents[1] / "clean" / "cooking.vds"


def test_a_session_that_begins_is_followed_and_an_old_one_is_not(tmp_path, capfd):
    shutil.copytree(HEADPHONES, tmp_path / "old.vds")
    with watching.lights_beside(tmp_path, shown=True, calls=1):
        shutil.copytree(KITCHEN, tmp_path / "new.vds")
    told = capfd.readouterr().err.splitlines()
    assert all(line.startswith("new  ") for line in told)
    # The kitchen's echo was planted 122 ms behind the agent.
    assert any("ECHO" in line and "after 122 ms" in line for line in told)


def test_calls_side_by_side_have_a_light_each(tmp_path, capsys):
    for name in ("one", "two"):
        shutil.copytree(HEADPHONES, tmp_path / f"{name}.vds")
    watching.watch(tmp_path, 2, set())
    told = capsys.readouterr().err
    assert "one  " in told
    assert "two  " in told
    assert "ECHO" not in told


def test_where_nobody_reads_there_is_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(watching.subprocess, "Popen", None)
    with watching.lights_beside(tmp_path, shown=None):
        pass
    with watching.lights_beside(tmp_path, shown=False):
        pass
