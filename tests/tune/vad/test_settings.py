import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voicediag.errors import InputError
from voicediag.tune.vad import ActivityDetection, ServerVad, VadIterator, settings_for

GEMINI = ActivityDetection(prefix_padding_ms=20, silence_duration_ms=500)
ANYTHING = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5), st.lists(st.integers()))


def test_the_defaults_are_those_of_the_references():
    # OpenAI's reference: 0.5, 300 ms, 500 ms; silero-vad 6.2: 0.5, 100 ms, 30 ms.
    assert settings_for("openai", {}) == ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500)
    assert settings_for("silero", {}) == VadIterator(threshold=0.5, min_silence_duration_ms=100, speech_pad_ms=30)


def test_what_google_does_not_tell_must_be_given():
    with pytest.raises(InputError, match="silence_duration_ms for Gemini"):
        settings_for("gemini", {"prefix_padding_ms": 20})


@pytest.mark.parametrize(("vad", "settings"), [("openai", GEMINI), ("gemini", ServerVad())])
def test_settings_are_never_carried_over(vad, settings):
    with pytest.raises(InputError, match="prefix_padding_ms means opposite things"):
        settings_for(vad, settings)


@pytest.mark.parametrize(
    ("vad", "settings"), [("silero", ServerVad()), ("gemini", VadIterator()), ("openai", VadIterator())]
)
def test_a_threshold_is_no_threshold_elsewhere(vad, settings):
    with pytest.raises(InputError, match="mean something else"):
        settings_for(vad, settings)


@pytest.mark.parametrize(("vad", "settings"), [("openai", ServerVad()), ("gemini", GEMINI), ("silero", VadIterator())])
def test_its_own_are_kept(vad, settings):
    assert settings_for(vad, settings) is settings


@pytest.mark.parametrize(
    ("vad", "name", "said"),
    [("gemini", "threshold", "OpenAI's"), ("openai", "speech_pad_ms", "Silero's"), ("silero", "prefix", "got prefix")],
)
def test_a_setting_of_another_is_named_as_such(vad, name, said):
    with pytest.raises(InputError, match=said):
        settings_for(vad, {name: 1})


def test_an_unknown_vad_is_refused():
    with pytest.raises(InputError, match="openai, gemini, silero"):
        settings_for("azure", {})


@example("gemini", {"prefix_padding_ms": 1, "silence_duration_ms": 1, "start_of_speech_sensitivity": []})
@example("openai", {"threshold": 10**400})
@given(
    st.sampled_from(["openai", "gemini", "silero"]),
    st.dictionaries(
        st.sampled_from(["threshold", "prefix_padding_ms", "silence_duration_ms", "start_of_speech_sensitivity", "x"]),
        ANYTHING | st.integers(0, 1),
    ),
)
def test_garbage_is_refused_or_makes_sound_rules(vad, given_settings):
    try:
        rules = settings_for(vad, given_settings).rules(0.032)
    except InputError:
        return
    assert rules.off <= rules.on <= 1
    assert rules.start_windows >= 0
    assert rules.silent_windows >= 0
