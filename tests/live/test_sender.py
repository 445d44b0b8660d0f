"""When the microphone's chunks go out: worked out by hand."""

import subprocess
import sys

import pytest

from voicediag.live.client.sender import Sender


def sent(sender, ticks):
    return [pair for n in range(1, ticks + 1) for pair in sender.due(bytes([n]), n * 0.02)]


def test_a_sender_that_does_not_sleep_sends_each_chunk_when_it_comes():
    assert sent(Sender(), 3) == [(0.02, b"\1"), (0.04, b"\2"), (0.06, b"\3")]


def test_a_sender_that_sleeps_too_long_falls_behind_chunk_by_chunk():
    out = sent(Sender(overhead_s=0.002), 99)
    assert [at_s for at_s, _ in out] == pytest.approx([0.02 + 0.022 * n for n in range(len(out))])
    assert [chunk[0] for _, chunk in out] == list(range(1, len(out) + 1))
    # 1.96 s of sending, 22 ms each.
    assert len(out) == 90


def test_a_sender_that_has_slept_long_enough_sends_at_once():
    sender = Sender(overhead_s=0.01)
    assert list(sender.due(b"a", 1.0)) == [(1.0, b"a")]
    assert list(sender.due(b"b", 2.0)) == [(2.0, b"b")]


def test_a_stall_is_told_while_the_call_goes_on(tmp_path):
    command = [sys.executable, "-m", "voicediag", "record", "gemini", "--seconds", "6", "--fault", "late-chunks=1.2"]
    done = subprocess.run(
        [*command, "--light", "--no-check", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "down  GAP: the agent would be silent for" in done.stderr
    assert "Warning" not in done.stderr
