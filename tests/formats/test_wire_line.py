"""One line of a wire log: what is read of it, and what of it is refused in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.errors import InputError
from voicediag.formats import wire_line
from voicediag.session import AudioRef, WireEvent

LEAST = {"t": 1.5, "dir": "up", "msg": {"setup": {}}}


def parsed(**changes):
    line = {key: value for key, value in {**LEAST, **changes}.items() if value is not ...}
    return wire_line.parse(json.dumps(line))


def test_a_line_needs_a_time_a_direction_and_a_message():
    line = parsed()
    assert (line.t_ns, line.direction, line.message) == (1_500_000_000, "up", {"setup": {}})
    assert (line.wall_ns, line.sequence, line.kind, line.audio) == (None, None, "", None)


def test_nanoseconds_come_before_seconds():
    assert parsed(t_ns=7).t_ns == 7


@pytest.mark.parametrize("t", [0, 0.0, 1_795_000_000, -3])
def test_any_origin_of_time_is_read(t):
    assert parsed(t=t).t_ns == t * 10**9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t": ...}, "expected a time"),
        ({"t": True}, "expected a time"),
        ({"t": "1.5"}, "expected a time"),
        ({"t": float("nan")}, "expected a time"),
        ({"t": float("inf")}, "expected a time"),
        ({"t": 1_795_000_000_000}, "milliseconds since 1970"),
        ({"t_ns": 10**400, "t": ...}, "a number of over 18 digits"),
        ({"dir": "c2s"}, "expected \"dir\" up or down, got 'c2s'"),
        ({"dir": ["up"]}, 'expected "dir" up or down, got list'),
        ({"dir": ...}, 'expected "dir" up or down, got None'),
        ({"msg": "{}"}, 'an object with a "msg" object'),
        ({"msg": ...}, 'an object with a "msg" object'),
    ],
)
def test_what_is_wrong_with_a_line_is_said(changes, message):
    with pytest.raises(InputError) as caught:
        parsed(**changes)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", "7", "null", '{"t": 1.5, "dir": "up", "ms'])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(InputError, match="expected a JSON object"):
        wire_line.parse(text)


@pytest.mark.parametrize("depth", [150, 5_000, 200_000])
def test_json_that_is_nested_too_deep_is_refused(depth):
    deep = '{"t": 1, "dir": "up", "msg": ' + '{"a":' * depth + "1" + "}" * depth + "}"
    with pytest.raises(InputError, match="nested over 100 deep"):
        wire_line.parse(deep)


def test_json_that_is_wide_is_not_deep():
    assert parsed(msg={"list": [[]] * 500}).message == {"list": [[]] * 500}


@pytest.mark.parametrize(
    ("audio", "ref"),
    [
        ({"track": "user-sent", "frame": 0, "frames": 640}, AudioRef(track="user-sent", frame=0, frames=640)),
        ({"track": "mic", "frame": 0, "frames": 640}, None),
        ({"track": "user-sent", "frame": -1, "frames": 640}, None),
        ({"track": "user-sent", "frame": 0, "frames": 10**18}, None),
        ({"track": "user-sent", "frame": True, "frames": 1.5}, None),
        ({"track": "user-sent"}, None),
        ([1], None),
    ],
)
def test_a_reference_is_sound_or_none(audio, ref):
    assert parsed(audio=audio).audio == ref


@given(
    st.builds(
        WireEvent,
        t_ns=st.integers(0, 10**14),
        wall_ns=st.none() | st.integers(0, 2**62),
        direction=st.sampled_from(["up", "down"]),
        sequence=st.integers(0, 10**9),
        kind=st.text(max_size=5),
        message=st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
        audio=st.none()
        | st.builds(AudioRef, track=st.just("user-sent"), frame=st.integers(0, 10**9), frames=st.integers(0, 9)),
    )
)
def test_an_event_comes_back_from_its_line(event):
    line = wire_line.parse(json.dumps(wire_line.line_of(event)))
    again = WireEvent(
        t_ns=line.t_ns,
        wall_ns=line.wall_ns,
        direction=line.direction,
        sequence=line.sequence,
        kind=line.kind,
        message=line.message,
        audio=line.audio,
    )
    assert again == event


def test_lines_are_numbered_as_an_editor_numbers_them(tmp_path):
    (tmp_path / "log").write_bytes(b"\xef\xbb\xbfone\r\n\n  \nfour\nfive")
    assert list(wire_line.numbered(tmp_path / "log")) == [(1, "one"), (4, "four"), (5, "five")]


def test_a_line_that_is_too_long_is_passed_over_and_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(wire_line, "LONGEST_LINE", 10)
    (tmp_path / "log").write_bytes(b"short\n" + b"x" * 95 + b"\nnext\n123456789\n" + b"y" * 30)
    assert list(wire_line.numbered(tmp_path / "log")) == [
        (1, "short"),
        (2, None),
        (3, "next"),
        (4, "123456789"),
        (5, None),
    ]
    with pytest.raises(InputError, match="JSON of at most 10 bytes, got more"):
        wire_line.parse(None)


def test_bytes_that_are_no_text_do_not_end_the_reading(tmp_path):
    (tmp_path / "log").write_bytes(b"\xff\xfe\x00\nnext\n")
    assert [number for number, _ in wire_line.numbered(tmp_path / "log")] == [1, 2]
