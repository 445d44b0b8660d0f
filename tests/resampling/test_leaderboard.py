import json

from voicediag.present import resampler_board
from voicediag.resampling.installed import KNOWN, Known
from voicediag.resampling.leaderboard import lacking, leaderboard

SOME = [each for each in KNOWN if each.name in ("linear", "linear-stream", "soxr-lq-stream")]
NOT_HERE = Known(name="nobody-stream", library="no_such_library", make=lambda _library, _rates: None)


def test_the_same_from_run_to_run():
    runs = [
        json.dumps(resampler_board.structured(list(leaderboard([(24_000, 8_000)], known=SOME)), ()), allow_nan=False)
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    rows = {row["name"]: row for row in json.loads(runs[0])["rows"]}
    assert rows.keys() == {"linear", "linear-stream", "soxr-lq-stream"}
    # Every third sample of 24 kHz: nothing above 4 kHz is taken away.
    assert rows["linear"]["alias_rejection_db"] == 0
    assert rows["linear"]["grades"] == {"wideband": "F", "telephone-band": "A", "live": None}
    assert rows["linear-stream"]["grades"]["live"] == "A"


def test_what_is_not_installed_is_said_to_be_so(capsys):
    assert lacking([*SOME, NOT_HERE]) == ("no_such_library",)
    assert list(leaderboard([(24_000, 8_000)], known=[NOT_HERE])) == []


def test_a_part_of_a_package_that_is_not_there():
    assert not Known(name="x", library="no_such_package.part", make=lambda _library, _rates: None).here


def test_names_are_unique():
    names = [each.name for each in KNOWN]
    assert len(names) == len(set(names))
