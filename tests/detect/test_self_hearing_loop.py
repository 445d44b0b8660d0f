import numpy as np
from scenes import RATE_HZ, RECORDINGS, agent_voice, room, session_of, turn, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect import self_hearing_loop
from voicediag.detect.examination import Examination

SAID = "Now mince two cloves of garlic and add them to the pan."
HEARD = "mince 2 cloves of garlic and add them"


def examined(session):
    return self_hearing_loop.DETECTOR.examine(Examination(session))


def scene(*, echo: bool, heard: str = HEARD, user_talks: bool = False):
    """Return ten seconds in which the agent speaks and a user's turn comes back a second later."""
    agent = agent_voice(21, duration_s=10)
    mic = room(22, duration_s=10)
    if echo:
        mic = mic + signals.leak(agent, rate_hz=RATE_HZ, delay_ms=120, erl_db=12).echo
    if user_talks:
        late = np.zeros_like(agent)
        late[:] = 0
        agent = np.concatenate((agent[: 5 * RATE_HZ], np.zeros(5 * RATE_HZ, np.float32)))
        said = voice(23, duration_s=4, level_db=-20)
        late[6 * RATE_HZ :] = said
        mic = room(22, duration_s=10) + late
        if echo:
            mic = mic + signals.leak(agent, rate_hz=RATE_HZ, delay_ms=120, erl_db=12).echo
    end = 5.0 if user_talks else 9.5
    turns = [turn("agent", SAID, 0.0, end), turn("user", heard, end + 0.5, end + 0.5, learnt_from="arrival")]
    if user_talks:
        turns[1] = turn("user", heard, 6.0, 10.0, learnt_from="vad")
    return session_of({"user-sent": mic.astype(np.float32), "agent-played": agent}, turns=turns)


def test_agents_words_in_the_agents_voice_are_a_loop():
    measure = examined(scene(echo=True)).findings[0].primary.measure
    assert measure["turns"] == 1
    # "mince 2 cloves of garlic and add them" is eight words.
    assert measure["matched_words"] == 8
    assert abs(measure["lag_s"] - 0.120) < 0.002


def test_a_user_who_quotes_the_agent_through_headphones_is_no_loop():
    verdict = examined(scene(echo=False, user_talks=True))
    assert verdict.is_clear
    assert "not in the agent's voice" in verdict.bound


def test_a_user_who_quotes_the_agent_beside_an_echo_is_no_loop():
    assert examined(scene(echo=True, user_talks=True)).is_clear


def test_other_words_over_an_echo_are_no_loop():
    assert examined(scene(echo=True, heard="how long should I cook it for")).is_clear


def test_short_answers_that_repeat_a_word_are_no_loop():
    assert examined(scene(echo=True, heard="garlic")).is_clear


def test_no_transcript_is_unjudged():
    session = session_of({"user-sent": voice(1), "agent-played": agent_voice(2)})
    assert "no transcript of the user" in examined(session).reason


def test_words_without_sound_are_unjudged():
    turns = [turn("agent", SAID, 0, 5), turn("user", HEARD, 5.5, 6.0, learnt_from="arrival")]
    assert "no sound tells" in examined(session_of({"user-sent": voice(1)}, turns=turns)).reason


def test_recorded_loops_are_counted():
    for name in ("kitchen", "hotel"):
        verdict = examined(vd.load(RECORDINGS / "self-hearing-loop" / f"{name}.vds"))
        assert verdict.findings[0].primary.measure["turns"] == 3


def test_recorded_quotation_is_clear():
    assert examined(vd.load(RECORDINGS / "clean" / "quoting.vds")).is_clear
