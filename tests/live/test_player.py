import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicediag.live.client.player import Player

RATE_HZ, MS = 1_000, 1_000_000


def player(**told):
    """A player of 1,000 frames a second: a frame is a millisecond."""
    return Player(RATE_HZ, cushion_s=0.1, **told)


def sound(first, frames):
    """Frames that say their own number."""
    return b"".join((first + n).to_bytes(2, "little") for n in range(frames))


def played(heard):
    return [int.from_bytes(heard[at : at + 2], "little") for at in range(0, len(heard), 2)]


def events(of, *kinds):
    return [(each.event, each.t_ns // MS, each.frame, each.frames) for each in of.log if each.event in kinds]


def test_it_starts_once_the_cushion_is_full():
    p = player()
    p.queue(sound(1, 60), 0)
    assert played(p.play(20, 0)) == [0] * 20
    p.queue(sound(61, 60), 20 * MS)
    assert played(p.play(20, 20 * MS)) == list(range(1, 21))
    assert events(p, "played") == [("played", 20, 0, 20)]


def test_a_short_reply_is_played_once_it_has_waited_as_long_as_the_cushion():
    p = player()
    p.queue(sound(1, 30), 0)
    assert played(p.play(20, 80 * MS)) == [0] * 20
    assert played(p.play(20, 100 * MS)) == list(range(1, 21))


def test_running_dry_in_mid_reply_is_an_underrun_of_the_silence_that_was_heard():
    p = player()
    p.queue(sound(1, 110), 0)
    for at in range(0, 220, 20):
        p.play(20, at * MS)
    p.queue(sound(111, 100), 220 * MS)
    assert played(p.play(20, 220 * MS))[0] == 111
    # 110 frames were heard by 110 ms; the next came at 220 ms.
    assert events(p, "underrun") == [("underrun", 110, 110, 110)]


def test_running_dry_at_the_end_of_a_turn_is_none():
    p = player()
    p.queue(sound(1, 110), 0)
    for at in range(0, 220, 20):
        p.play(20, at * MS)
    p.end_turn()
    p.queue(sound(111, 100), 500 * MS)
    p.play(20, 500 * MS)
    assert not events(p, "underrun")


def test_a_flush_falls_silent_at_once_and_waits_for_the_cushion_again():
    p = player()
    p.queue(sound(1, 200), 0)
    p.play(20, 0)
    assert p.flush(20 * MS) == 180
    assert events(p, "flushed") == [("flushed", 20, 20, 180)]
    p.queue(sound(201, 50), 20 * MS)
    assert played(p.play(20, 20 * MS)) == [0] * 20
    p.queue(sound(251, 50), 30 * MS)
    assert played(p.play(20, 40 * MS))[0] == 201
    assert p.received == 300


def test_a_player_that_flushes_nothing_plays_on():
    p = player(flushes=False)
    p.queue(sound(1, 200), 0)
    p.play(20, 0)
    assert p.flush(20 * MS) == 0
    assert played(p.play(20, 20 * MS))[0] == 21


def test_what_is_skipped_keeps_its_number():
    p = player()
    p.queue(sound(1, 100), 0)
    p.skip(sound(101, 40), 0)
    p.queue(sound(141, 100), 0)
    assert played(p.play(120, 0)) == [*range(1, 101), *range(141, 161)]
    assert events(p, "played") == [("played", 0, 0, 100), ("played", 100, 140, 20)]


def test_its_memory_is_bounded_and_the_newest_stays():
    p = player(most_queued_s=1.0)
    p.queue(sound(1, 900), 0)
    p.queue(sound(901, 200), 5 * MS)
    assert events(p, "flushed") == [("flushed", 5, 0, 900)]
    assert played(p.play(20, 10 * MS))[0] == 901


@given(
    st.lists(st.tuples(st.sampled_from(["queue", "skip", "flush", "play", "end"]), st.integers(1, 300)), max_size=60)
)
def test_no_frame_is_lost_or_heard_twice(steps):
    p, at, came = player(most_queued_s=0.5), 0, 0
    heard = []
    for what, number in steps:
        if what == "queue":
            p.queue(sound(came + 1, number), at * MS)
            came += number
        elif what == "skip":
            p.skip(sound(came + 1, number), at * MS)
            came += number
        elif what == "flush":
            p.flush(at * MS)
        elif what == "play":
            heard += [frame for frame in played(p.play(number, at * MS)) if frame]
            at += number
        else:
            p.end_turn()
    assert p.received == came
    assert heard == sorted(set(heard))
    told = sorted((event.frame, event.frames) for event in p.log if event.event in {"played", "flushed"})
    # Each frame that came is told of at most once, and what was told as played is what was heard.
    assert all(first + frames <= after for (first, frames), (after, _) in itertools.pairwise(told))
    assert sum(event.frames for event in p.log if event.event == "played") == len(heard)


@pytest.mark.parametrize("frames", [1, 7, 480])
def test_it_always_gives_as_much_as_it_is_asked_for(frames):
    p = player()
    p.queue(sound(1, 105), 0)
    assert len(p.play(frames, 0)) == 2 * frames


def test_a_full_queue_may_drop_the_newest_and_count_it():
    p = player(most_queued_s=0.1, drops_newest=True)
    p.queue(sound(1, 80), 0)
    p.queue(sound(81, 40), 0)
    p.queue(sound(121, 20), 0)
    assert played(p.play(120, 0)) == [*range(1, 81), *range(121, 141), *[0] * 20]
    assert p.received == 140
