"""Every recording in the repository, from its folder to its diagnosis."""

import json

import pytest
from scenes import RECORDINGS

import voicediag as vd

FOLDERS = sorted(RECORDINGS.glob("*/*.vds"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_planted_root_cause_is_named_and_nothing_else(folder):
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    diagnosis = vd.check(vd.load(folder))
    assert [root.id for root in diagnosis.root_causes] == truth["root_causes"]
    assert {finding.id for finding in diagnosis.findings} == {fault["id"] for fault in truth["faults"]}


def test_there_are_recordings_to_check():
    assert sum(folder.parent.name == "clean" for folder in FOLDERS) >= 12
