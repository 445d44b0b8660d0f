"""The light of a call, against a session that grows second by second."""

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, session_of, voice

from voicediag import signals
from voicediag.detect.echo_light import STILL_S, EchoLight, lights


class Growing:
    """A call of which as much can be read as has passed."""

    def __init__(self, mic, agent, *, closes=True):
        self.mic, self.agent, self.now_s, self.closes = mic, agent, 0.0, closes

    def load(self):
        self.now_s += 0.05
        frames = round(self.now_s * RATE_HZ)
        if frames < RATE_HZ // 4:
            return None
        return session_of({"user-sent": self.mic[:frames], "agent-played": self.agent[:frames]})

    def sleep(self, seconds):
        self.now_s += seconds

    def seen(self):
        """Every light with the time at which it was told."""
        whole_s = self.mic.size / RATE_HZ
        told = lights(
            self.load,
            is_closed=lambda _: self.closes and self.now_s >= whole_s,
            clock=lambda: self.now_s,
            sleep=self.sleep,
        )
        return [(now, self.now_s) for now in told]


def leaking(*, delay_ms=120.0, erl_db=14.0, duration_s=12.0):
    agent = agent_voice(1, duration_s=duration_s)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=delay_ms, erl_db=erl_db).echo[: agent.size]
    return (mic + room(5, duration_s=duration_s)).astype(np.float32), agent


def test_an_echo_is_told_while_the_call_goes_on():
    seen = Growing(*leaking()).seen()
    assert [now.verdict for now, _ in seen] == ["unjudged", "echo"]
    now, at_s = seen[-1]
    assert now.delay_ms == pytest.approx(120, abs=1)
    # Two seconds of speech out of the first four, and what settles, is polled and is heard last.
    assert at_s < 6


def test_a_call_without_one_is_clear_so_far_and_ends():
    seen = Growing(voice(12, duration_s=12), agent_voice(2, duration_s=12)).seen()
    assert [now.verdict for now, _ in seen] == ["unjudged", "clear"]


def test_a_recorder_that_was_killed_is_not_waited_for_for_ever():
    call = Growing(*leaking(duration_s=6.0), closes=False)
    assert call.seen()[-1][0].verdict == "echo"
    assert 6 + STILL_S <= call.now_s <= 6 + 2 * STILL_S


def test_with_one_track_there_is_no_light():
    assert EchoLight().look(session_of({"user-sent": voice(1)})) is None


def test_each_look_takes_what_is_new():
    mic, agent = leaking()
    light = EchoLight()
    for seconds in (3, 6, 9, 12):
        frames = seconds * RATE_HZ
        now = light.look(session_of({"user-sent": mic[:frames], "agent-played": agent[:frames]}))
        assert light.until_s == seconds - 0.5
    assert now.verdict == "echo"
