"""The recordings come with every clone: what they may weigh together is in CONTRIBUTING.md."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 40_000_000


def test_the_recordings_fit_into_their_room():
    weight = sum(path.stat().st_size for path in (ROOT / "recordings").glob("*/*.vds/*"))
    assert weight > MOST_BYTES / 2, "not weighed"
    assert weight <= MOST_BYTES, f"{weight / 1e6:.1f} MB; make a scene shorter, or leave out an exchange"
