"""One fault, one name: the detector's file, its test, its page and its recordings are found by its id."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DETECT = ROOT / "voicediag" / "detect"


def ids() -> list[str]:
    """The id of every detector; none while the room stands empty."""
    if not (DETECT / "__init__.py").is_file():
        return []
    from voicediag.detect import DETECTORS

    return [detector.id for detector in DETECTORS]


def snake(fault: str) -> str:
    return fault.replace("-", "_")


def stems(folder: str, pattern: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob(pattern)}


def test_ids_are_unique_and_dashed():
    found = ids()
    assert len(found) == len(set(found)), "two detectors bear one id"
    assert all(fault == fault.lower() and "_" not in fault for fault in found), found


@pytest.mark.parametrize("fault", ids())
class TestEachFaultHas:
    def test_a_detector_file(self, fault):
        assert (DETECT / f"{snake(fault)}.py").is_file()

    def test_a_test_file(self, fault):
        assert (ROOT / "tests" / "detect" / f"test_{snake(fault)}.py").is_file()

    def test_a_page(self, fault):
        page = ROOT / "docs" / "faults" / f"{fault}.md"
        assert page.is_file()
        assert f"`{fault}`" in page.read_text(encoding="utf-8"), "the page does not name its own id"

    def test_recordings(self, fault):
        folder = ROOT / "recordings" / fault
        assert list(folder.glob("*.vds/truth.json")), f"expected {folder}/<name>.vds with a truth.json"


def test_no_page_without_a_detector():
    assert stems("docs/faults", "*.md") - {"README", "index"} <= set(ids())


def test_no_recordings_without_a_detector():
    folders = {path.parents[1].name for path in (ROOT / "recordings").glob("*/*.vds/session.json")}
    assert folders - {"clean"} <= set(ids())


def test_clean_recordings_are_the_largest_set():
    counts = {}
    for path in (ROOT / "recordings").glob("*/*.vds/session.json"):
        folder = path.parents[1].name
        counts[folder] = counts.get(folder, 0) + 1
    assert counts.get("clean", 0) == max(counts.values(), default=0), counts
