from voicediag.tune.vad import Event, bands


def run(*turns):
    """Events of turns that were known at these times, and reported half a second before."""
    kinds = ("start", "stop")
    known = [(kind, at) for turn in turns for kind, at in zip(kinds, turn, strict=False)]
    return tuple(Event(kind=kind, time_s=at - 0.5, known_s=at) for kind, at in known)


def test_phases_that_agree_make_one_turn():
    (band,) = bands([run((1.0, 2.0)), run((1.1, 2.3))])
    assert (band.turns, band.phases) == ((1, 1), 2)
    assert (band.start_s, band.start_known_s) == ((0.5, 0.6000000000000001), (1.0, 1.1))
    assert (band.stop_s, band.stop_known_s) == ((1.5, 1.7999999999999998), (2.0, 2.3))


def test_a_turn_that_one_phase_splits_counts_once_and_twice():
    (band,) = bands([run((1.0, 5.0)), run((1.0, 2.0), (3.0, 6.0))])
    assert (band.turns, band.phases) == ((1, 2), 2)
    assert band.stop_known_s == (5.0, 6.0)


def test_a_turn_that_only_some_hear():
    first, second = bands([run((1.0, 2.0), (3.0, 4.0)), run((1.0, 2.0))])
    assert (first.turns, second.turns, second.phases) == ((1, 1), (0, 1), 1)


def test_a_turn_that_does_not_end_has_no_stop():
    (band,) = bands([run((1.0, 2.0)), run((1.0,))])
    assert band.stop_s is None
    assert band.stop_known_s is None


def test_nothing_heard_is_no_turn():
    assert bands([(), ()]) == ()
    assert bands([]) == ()
