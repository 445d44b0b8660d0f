"""Rules of Gemini Live, each broken by a message and kept by its nearest neighbour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import anything, b64, gemini_up, snake

from voicediag.protocols import lint_of
from voicediag.protocols.events import Broken, Fact

MODEL = "models/gemini-3.8-live"
SETUP = {"setup": {"model": MODEL, "generationConfig": {"responseModalities": ["AUDIO"]}}}
READY = {"setupComplete": {}}
PCM = bytes(640)


def broken(*passed, heard_s=0.02):
    """The rules that messages break, each (direction, message), in order."""
    lint = lint_of("gemini-live")
    found = []
    for direction, message in passed:
        found += [event.rule.id for event in lint.passed(direction, message, heard_s=heard_s)]
    return found


def setup(model=MODEL, **fields):
    return ("up", {"setup": {"model": model, **fields}})


@pytest.mark.parametrize("spelling", [lambda message: message, snake], ids=["camel", "snake"])
@pytest.mark.parametrize(
    "fields",
    [
        {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}}},
        {"generationConfig": {"enableAffectiveDialog": True}},
        {"enableAffectiveDialog": False},
        {"proactivity": {"proactiveAudio": False}},
        {"generationConfig": {"responseModalities": ["AUDIO", "TEXT"]}},
    ],
    ids=["thinking", "affective", "affective at the top", "proactive", "text"],
)
def test_what_3_8_does_not_take_is_found_there_and_only_there(fields, spelling):
    _, message = setup(**fields)
    assert broken(("up", spelling(message))) == ["config-not-for-model"]
    for other in ("models/gemini-2.5-flash-native-audio", "models/gemini-3.8-live-extended-thinking"):
        _, message = setup(other, **fields)
        assert not broken(("up", spelling(message)))


@pytest.mark.parametrize("fields", [{"proactivity": {"proactiveAudio": True}}, {"generationConfig": {}}, {}])
def test_what_3_8_takes_is_let_be(fields):
    assert not broken(setup(**fields))


def test_a_setup_without_a_model_is_told_by_another_fault():
    lint = lint_of("gemini-live")
    (slip,) = lint.passed("up", {"setup": {"generationConfig": {}}}, heard_s=0)
    assert (slip.rule.id, slip.rule.fault) == ("setup-without-model", "silent-connect")


def test_sound_before_the_setup_is_found():
    assert broken(("up", gemini_up(PCM)), setup()) == ["setup-not-first"]


def test_a_log_that_begins_later_and_a_second_connection_are_no_setup_too_late():
    assert not broken(("up", gemini_up(PCM)), ("down", {"serverContent": {}}), setup())
    assert not broken(setup(), ("down", READY), ("up", gemini_up(PCM)), setup())
    assert not broken(("up", gemini_up(PCM)))


def test_an_empty_handle_is_found_on_2_5():
    null = {"sessionResumption": {"handle": None}}
    assert broken(setup("models/gemini-2.5-flash", **null)) == ["null-resumption-handle"]
    assert not broken(setup("models/gemini-3.1-flash-live-preview", **null))
    assert not broken(setup("models/gemini-2.5-flash", sessionResumption={}))
    assert not broken(setup("models/gemini-2.5-flash", sessionResumption={"handle": "h"}))


def test_a_server_that_writes_snake_case_is_found_and_a_client_is_not():
    answers = [READY, {"serverContent": {"turnComplete": True}}, {"goAway": {"timeLeft": "5s"}}]
    assert broken(*(("down", snake(answer)) for answer in answers)) == ["snake-case-keys"] * 3
    assert not broken(*(("down", answer) for answer in answers))
    assert not broken(("up", snake(gemini_up(PCM))))


@pytest.mark.parametrize(
    ("mime", "found"),
    [
        ("audio/pcm", ["mime-without-rate"]),
        ("audio/pcm;codecs=1", ["mime-without-rate"]),
        ("audio/pcm;rate=16000", []),
        ("audio/pcm; Rate = 24000", []),
        ("image/jpeg", []),
    ],
)
def test_a_mime_type_names_its_rate(mime, found):
    assert broken(("up", gemini_up(PCM, mime))) == found
    assert broken(("up", {"realtimeInput": {"mediaChunks": [{"mimeType": mime, "data": b64(PCM)}]}})) == found


def test_a_tools_result_has_its_id():
    results = {"toolResponse": {"functionResponses": [{"name": "f", "response": {}}, {"id": "1", "name": "g"}]}}
    assert broken(("up", results)) == ["tool-result-without-id"]


def test_somebody_says_when_the_user_speaks():
    manual = {"realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}}}
    sound = [("up", gemini_up(PCM))] * 11
    assert broken(setup(**manual), *sound, heard_s=1.0) == ["no-activity-signals"]
    assert not broken(setup(**manual), *sound[:9], heard_s=1.0)
    assert not broken(setup(**manual), ("up", {"realtimeInput": {"activityStart": {}}}), *sound, heard_s=1.0)
    assert not broken(setup(), *sound, heard_s=1.0)


def handed(handle, *, resumable=True):
    return ("down", {"sessionResumptionUpdate": {"newHandle": handle, "resumable": resumable}})


def test_the_newest_handle_is_used():
    first = (setup(sessionResumption={}), ("down", READY), handed("h1"), handed("h2"), handed("", resumable=False))
    assert broken(*first, setup()) == ["handle-not-used"]
    assert broken(*first, setup(sessionResumption={"handle": "h1"})) == ["handle-not-used"]
    assert not broken(*first, setup(sessionResumption={"handle": "h2"}))
    assert not broken(setup(), ("down", READY), setup())


def test_a_close_that_speaks_of_a_notice_nobody_logged_ends_the_session():
    lint = lint_of("gemini-live")
    reason = "Client failed to close the connection after receiving a GoAway signal"
    assert list(lint.closed("down", 1008, reason)) == [Fact(kind="going-away", name="GoAway", left_s=0.0, said=reason)]
    list(lint.passed("down", {"goAway": {}}, heard_s=0))
    assert not list(lint.closed("down", 1008, reason))
    assert not list(lint.closed("up", 1000, ""))


@given(st.lists(st.tuples(st.sampled_from(["up", "down"]), st.dictionaries(
    st.sampled_from(["setup", "realtimeInput", "toolResponse", "serverContent", "goAway"]), anything, max_size=3)
)))  # fmt: skip
def test_nothing_that_passes_makes_it_raise(passed):
    lint = lint_of("gemini-live")
    for direction, message in passed:
        for event in lint.passed(direction, message, heard_s=0.1):
            assert isinstance(event, Broken)
            assert len(event.said) <= 240
