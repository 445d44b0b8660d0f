"""What each fault does, beside the same conversation without it."""

from itertools import pairwise

import pytest
from emulated import CLIP_S, GREET, dones, flags, gemini, has_sound, kinds, openai, sound_of

from voicediag.errors import InputError
from voicediag.live.emulator.agenda import Abort, Close
from voicediag.live.emulator.faults import FAULTS, parse

CREATE = {"type": "response.create"}
WHOLE = round(CLIP_S * 24_000) * 2


def greeted(provider, *faults, wait_s=4.0, **scenario):
    talk = gemini(*faults, **scenario) if provider == "gemini" else openai(*faults, **scenario)
    talk.send(GREET if provider == "gemini" else CREATE)
    talk.wait(wait_s)
    return talk


both = pytest.mark.parametrize("provider", ["gemini", "openai"])


@both
def test_silent_setup(provider):
    talk = greeted(provider, "silent-setup")
    talk.loud(1.0)
    talk.quiet(2.0)
    assert not talk.log


def test_snake_keys():
    talk = gemini("snake-keys")
    talk.send(GREET)
    talk.wait(3.0)
    keys = {key for message in talk.messages for key in message}
    assert keys == {"setup_complete", "session_resumption_update", "server_content", "usage_metadata"}
    assert len(sound_of(talk.messages)) == WHOLE


def test_snake_keys_leave_arguments_alone():
    from voicediag.protocols.gemini_server import snake, tool_call

    call = snake(tool_call("1", "f", {"timeZone": {"isDst": True}}))["tool_call"]["function_calls"][0]
    assert call["args"] == {"timeZone": {"isDst": True}}


def test_interrupted_with_audio_in_one_message():
    talk = gemini("interrupted-with-audio")
    talk.send(GREET)
    talk.quiet(0.6)
    talk.loud(0.2)
    (broken,) = [message for message in talk.messages if "interrupted" in message.get("serverContent", {})]
    assert has_sound(broken)


def test_audio_after_a_cancelled_response():
    talk = openai("interrupted-with-audio")
    talk.send(CREATE)
    talk.quiet(0.6)
    talk.loud(0.2)
    assert kinds(talk.messages)[-3:] == ["response.done", "rate_limits.updated", "response.output_audio.delta"]


def test_goaway():
    talk = gemini("goaway=8")
    talk.wait(20.0)
    assert talk.times(lambda message: message.get("goAway") == {"timeLeft": "2s"}) == [8.0]
    assert talk.log[-1] == (10.0, Close(code=1011, reason="Deadline expired before operation could complete."))


def test_session_expiry():
    talk = openai("session-expiry=8")
    talk.wait(20.0)
    assert talk.messages[-1]["error"]["code"] == "session_expired"
    text = "Your session hit the maximum duration of 60 minutes."
    assert talk.log[-1] == (8.0, Close(code=1001, reason=text))


@both
def test_tcp_abort(provider):
    talk = greeted(provider, "tcp-abort=3", wait_s=10.0)
    assert talk.log[-1] == (3.0, Abort())
    assert not greeted(provider).closes


def test_unanswered_tool_call_of_gemini():
    talk = gemini("unanswered-tool-call")
    talk.send(GREET)
    talk.wait(3.0)
    talk.loud(1.0)
    talk.quiet(3.0)
    (call,) = [message["toolCall"]["functionCalls"][0] for message in talk.messages if "toolCall" in message]
    assert not sound_of(talk.messages)
    assert not flags(talk.messages)
    talk.send({"toolResponse": {"functionResponses": [{"id": call["id"], "response": {}}]}})
    talk.wait(3.0)
    assert flags(talk.messages) == ["generationComplete", "turnComplete"]


def test_unanswered_tool_call_of_openai():
    talk = greeted("openai", "unanswered-tool-call")
    assert dones(talk.messages)[0]["output"][0]["name"] == "voicediag_nobody_answers_this"
    assert not sound_of(talk.messages)


@both
def test_late_chunks(provider):
    clean, late = greeted(provider), greeted(provider, "late-chunks=0.4")
    assert sound_of(late.messages) == sound_of(clean.messages)
    times = late.times(has_sound)
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) == pytest.approx(0.4, abs=0.041)
    assert gaps.count(0.0) >= 8


@both
def test_slow_sound(provider):
    times = greeted(provider, "slow-sound=0.25").times(has_sound)
    # A chunk of 40 ms takes a quarter longer.
    assert [after - before for before, after in pairwise(times)] == pytest.approx([0.05] * (len(times) - 1), abs=0.021)
    assert times[-1] - times[0] == pytest.approx(0.05 * (len(times) - 1), abs=0.021)


@both
def test_jittery_chunks(provider):
    clean, late = greeted(provider), greeted(provider, "jittery-chunks=0.4")
    assert sound_of(late.messages) == sound_of(clean.messages)
    times = late.times(has_sound)
    held = [at_s - times[0] - 0.04 * number for number, at_s in enumerate(times)]
    assert 0.05 < max(held) < 0.42
    assert min(held) > -0.42


@both
def test_never_chunks(provider):
    lost = [sound_of(greeted(provider, "never-chunks", seed=seed).messages) for seed in (1, 1, 2)]
    assert {len(sound) for sound in lost} == {WHOLE * 23 // 25}
    assert lost[0] == lost[1]
    times = [greeted(provider, "never-chunks", seed=seed).times(has_sound) for seed in (1, 2)]
    assert times[0] != times[1]


@both
def test_false_vad_start(provider):
    talk = greeted(provider, "false-vad-start=0.4", wait_s=0.7)
    assert len(sound_of(talk.messages)) == pytest.approx(WHOLE * 0.4, abs=2 * 960 * 2)
    if provider == "gemini":
        assert flags(talk.messages) == ["interrupted", "turnComplete"]
    else:
        assert dones(talk.messages)[0]["status_details"]["reason"] == "turn_detected"
    talk.wait(4.0)
    assert len(sound_of(talk.messages)) > WHOLE


@both
@pytest.mark.parametrize(("faults", "ended"), [(["early-endpoint"], True), ([], False)])
def test_early_endpoint(provider, faults, ended):
    talk = gemini(*faults) if provider == "gemini" else openai(*faults)
    talk.loud(0.8)
    talk.quiet(0.4)
    talk.loud(0.04)
    assert bool(sound_of(talk.messages)) is ended


@both
def test_wrong_rate(provider):
    clean, wrong = (sound_of(greeted(provider, *faults).messages) for faults in ([], ["wrong-rate"]))
    assert len(wrong) == pytest.approx(len(clean) * 16 / 24, abs=4)
    declared = [m for m in greeted("gemini", "wrong-rate").messages if has_sound(m)]
    assert "rate=24000" in str(declared[0])


def test_faults_compose():
    talk = gemini("snake-keys", "wrong-rate", "goaway=3", "interrupted-with-audio")
    talk.send(GREET)
    talk.quiet(0.6)
    talk.loud(0.2)
    talk.wait(9.0)
    (broken,) = [message for message in talk.messages if "interrupted" in message.get("server_content", {})]
    assert "model_turn" in broken["server_content"]
    assert talk.closes[0].code == 1011


@pytest.mark.parametrize(
    ("name", "provider", "said"),
    [
        ("go-away", "gemini", "likely slip: goaway"),
        ("goaway", "openai", "a fault that openai can have"),
        ("goaway=soon", "gemini", "goaway=8"),
        ("goaway=-1", "gemini", "goaway=8"),
        ("goaway=nan", "gemini", "goaway=8"),
        ("wrong-rate=2", "gemini", "it takes no number"),
    ],
)
def test_a_slip_in_a_name_is_told(name, provider, said):
    with pytest.raises(InputError, match=said):
        parse([name], provider=provider)


def test_each_is_told_in_a_sentence():
    assert all(kind.says.endswith(".") and "\n" not in kind.says for kind in FAULTS.values())
    assert all(f"={kind.usual_s:g}" in kind.says for kind in FAULTS.values() if kind.usual_s is not None)
