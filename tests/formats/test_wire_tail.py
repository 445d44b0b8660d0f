"""A wire log that grows: each message is read once, whole, and at once."""

from scenes import RECORDINGS

from voicediag.formats.wire_file import WireFile
from voicediag.formats.wire_tail import WireTail

LOG = RECORDINGS / "bad-pacing" / "late-burst.vds" / "wire.jsonl"


def test_what_was_written_in_pieces_is_what_a_whole_log_holds(tmp_path):
    data, path = LOG.read_bytes(), tmp_path / "wire.jsonl"
    tail, seen = WireTail(path), []
    assert not list(tail.new())
    for start in range(0, len(data), 7_001):
        with path.open("ab") as file:
            file.write(data[start : start + 7_001])
        seen += tail.new()
    whole = list(WireFile(LOG, in_folder=True).lines())
    assert [passed.event for passed in seen] == [passed.event for passed in whole]
    assert [passed.meaning for passed in seen] == [passed.meaning for passed in whole]
    assert not list(tail.new())


def test_a_line_that_is_not_whole_waits_and_garbage_is_left_out(tmp_path):
    path = tmp_path / "wire.jsonl"
    line = LOG.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(b"\xff{]\n" + line[:20])
    tail = WireTail(path)
    assert not list(tail.new())
    with path.open("ab") as file:
        file.write(line[20:])
    assert len(list(tail.new())) == 1
