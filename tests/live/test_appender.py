import errno
import os

import pytest

from voicediag.formats.held import is_held
from voicediag.live.appender import Appender


@pytest.fixture
def disk(monkeypatch):
    """A disk that takes so many bytes and no more, and single bytes at the end."""
    room = {"bytes": 0}
    write = os.write

    def written(file, data):
        if not room["bytes"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = write(file, bytes(data[: room["bytes"]]))
        room["bytes"] -= taken
        return taken

    monkeypatch.setattr(os, "write", written)
    return room


def test_what_is_appended_is_in_the_file(tmp_path):
    appender = Appender(tmp_path / "a")
    assert appender.append(b"one ")
    assert appender.append(b"two")
    assert appender.flush()
    assert (tmp_path / "a").read_bytes() == b"one two"
    assert appender.size == 7


def test_a_disk_that_fills_up_in_mid_write_loses_nothing(tmp_path, disk):
    appender = Appender(tmp_path / "a")
    disk["bytes"] = 5
    appender.append(b"0123456789")
    assert not appender.flush()
    assert appender.failure.errno == errno.ENOSPC
    disk["bytes"] = 100
    appender.append(b"abc")
    assert appender.flush()
    assert appender.failure is None
    assert (tmp_path / "a").read_bytes() == b"0123456789abc"


def test_what_does_not_fit_is_refused_whole(tmp_path, disk):
    appender = Appender(tmp_path / "a", most_waiting=8)
    assert appender.append(b"12345678")
    assert not appender.append(b"9")
    assert appender.size == 8
    disk["bytes"] = 100
    assert appender.append(b"9")
    assert appender.flush()
    assert (tmp_path / "a").read_bytes() == b"123456789"


def test_a_folder_that_is_gone_is_said_and_not_raised(tmp_path):
    appender = Appender(tmp_path / "missing" / "a")
    appender.append(b"x")
    assert not appender.flush()
    assert appender.failure.errno == errno.ENOENT


def test_a_file_is_held_while_it_is_written(tmp_path):
    appender = Appender(tmp_path / "a")
    appender.append(b"x")
    appender.flush()
    assert is_held(tmp_path / "a")
    appender.close()
    assert not is_held(tmp_path / "a")
