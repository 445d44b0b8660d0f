import pytest

from voicediag.measure.words import match, normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mince 2 cloves.", "mince two cloves"),
        ("It's the colour of honey", "it is the color of honey"),
        ("twenty one days", "21 days"),
    ],
)
def test_the_same_words_are_one(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [("two cloves", "three cloves"), ("do not stop", "do stop")])
def test_other_words_stay_apart(one, other):
    assert normalise(one) != normalise(other)


def test_a_run_is_found_inside_a_longer_text():
    found = match("mince 2 cloves", "Now mince two cloves of garlic, please.")
    assert (found.matched, found.heard, found.first, found.last) == (3, 3, 1, 4)
    assert found.share == 1.0


def test_single_common_words_do_not_count():
    assert match("the weather is nice", "turn the oven on and nice it up").matched == 0


def test_nothing_heard_has_no_share():
    assert match("", "anything").share is None


def test_markup_in_a_transcript_is_only_text():
    assert match("<script>alert(1)</script>", "hello there").matched == 0
