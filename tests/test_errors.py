"""Errors say what was expected, what was got and the likely slip, on one line, in any process."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.errors import FormatError, InputError, LiveError, LocalProtocolError, RemoteProtocolError, VoicediagError


def test_an_input_error_says_expected_got_and_the_slip():
    error = InputError(expected="mono", got="stereo", likely="two voices in one file")
    assert str(error) == "expected mono, got stereo; likely slip: two voices in one file"


def test_without_a_likely_slip_none_is_said():
    assert str(InputError(expected="mono", got="stereo")) == "expected mono, got stereo"


@pytest.mark.parametrize(("offset", "place"), [(None, "call.wav"), (0, "call.wav:0"), (44, "call.wav:44")])
def test_a_format_error_names_the_place(offset, place):
    error = FormatError(Path("call.wav"), expected="sound", got="text", offset=offset)
    assert str(error) == f"{place}: expected sound, got text"


@given(st.text(), st.text(), st.text(), st.text(alphabet="ab\n\r\x0b\x0c\x1c\u2028\x85"))
def test_the_message_is_one_line_whatever_the_parts_hold(expected, got, likely, name):
    error = FormatError(Path(f"a{name}"), expected=expected, got=got, likely=likely)
    assert len(str(error).splitlines()) == 1


def test_an_error_survives_the_way_to_another_process():
    error = FormatError(Path("call.wav"), expected="sound", got="text", likely="a download", offset=3)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is FormatError
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", [InputError, FormatError, LocalProtocolError, RemoteProtocolError, LiveError])
def test_one_root_catches_them_all(kind):
    assert issubclass(kind, VoicediagError)
