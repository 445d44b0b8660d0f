"""Whatever a client sends, a service answers: other people's programs send anything."""

import json

from emulated import TRANSCRIBE, gemini, openai
from hypothesis import given, settings
from hypothesis import strategies as st

from voicediag.live.emulator.agenda import Abort, Close, Send

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def objects(*keys):
    """Objects with some of these keys, over anything."""
    return st.dictionaries(st.sampled_from(keys), JSON, max_size=4)


DETECTION = st.fixed_dictionaries(
    {}, optional={"silence_duration_ms": JSON, "prefix_padding_ms": JSON, "create_response": JSON}
)
SOUND = st.fixed_dictionaries({"format": objects("type", "rate"), "turn_detection": DETECTION | JSON})
SESSION = st.fixed_dictionaries({"type": st.just("realtime")}, optional={"audio": objects("input", "output") | JSON})
OF_OPENAI = st.one_of(
    st.builds(
        lambda audio: {"type": "session.update", "session": {"type": "realtime", "audio": {"input": audio}}}, SOUND
    ),
    st.builds(lambda session: {"type": "session.update", "session": session}, SESSION | JSON),
    st.builds(
        lambda kind, more: {**more, "type": kind},
        st.sampled_from(
            [
                "input_audio_buffer.append",
                "input_audio_buffer.commit",
                "response.create",
                "response.cancel",
                "conversation.item.create",
                "conversation.item.truncate",
                "conversation.item.retrieve",
                "conversation.item.delete",
                "conversation.item.nonsense",
            ]
        ),
        objects("audio", "item", "item_id", "audio_end_ms", "event_id", "response"),
    ),
    JSON.filter(lambda value: isinstance(value, dict)),
)
OF_GEMINI = st.one_of(
    objects("setup", "clientContent", "realtimeInput", "realtime_input", "toolResponse"),
    st.builds(
        lambda given: {"realtimeInput": given},
        st.fixed_dictionaries(
            {}, optional={"audio": objects("data", "mimeType"), "mediaChunks": JSON, "text": JSON, "activityEnd": JSON}
        ),
    ),
    st.builds(lambda results: {"toolResponse": {"functionResponses": results}}, JSON),
    st.builds(lambda setup: {"setup": {"model": "m", **setup}}, objects("realtimeInputConfig", "systemInstruction")),
)


def check(talk, messages):
    for message in messages:
        talk.send(message)
        talk.wait(0.5)
    for _, action in talk.log:
        assert isinstance(action, Send | Close | Abort)
        if isinstance(action, Send):
            json.dumps(action.message)


@settings(max_examples=150, deadline=None)
@given(st.lists(OF_OPENAI, max_size=6))
def test_openai_answers_anything(messages):
    talk = openai(update=TRANSCRIBE)
    talk.loud(0.2)
    check(talk, messages)
    talk.loud(0.2)


@settings(max_examples=150, deadline=None)
@given(st.lists(OF_GEMINI, max_size=6))
def test_gemini_answers_anything(messages):
    talk = gemini()
    talk.loud(0.2)
    check(talk, messages)
    talk.loud(0.2)


@settings(max_examples=50, deadline=None)
@given(OF_GEMINI)
def test_gemini_takes_anything_for_a_setup(message):
    check(gemini(setup=message), [message])
