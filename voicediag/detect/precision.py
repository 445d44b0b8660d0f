"""How often each verdict is right, as measured; the `confidence` of a finding."""

from __future__ import annotations

from typing import Final

# Some apps are not meant to be interrupted, and a wire does not say which: one in five is a house rule.
TALKED_OVER: Final = 0.8
# The rule of succession, (right + 1) / (findings + 2), over what `python -m benchmarks.planted` prints, rounded down:
# a hundred right answers do not make a certainty.
PRECISION: Final[dict[str, float]] = {
    # Of `python -m benchmarks.pacing`.
    "bad-pacing": 0.99,
    # It compares words with words. How often a browser says one thing and does another no benchmark tells: 0.95 is a
    # house rule, as for the wire's verdicts below.
    "browser-processing": 0.95,
    "clipped-audio": 0.98,
    # Of `python -m benchmarks.clock_drift`: none of 34 findings was false.
    "clock-drift": 0.97,
    # It compares counts, so that nothing can be sampled; what it says was promised and was not there.
    "damaged-recording": 0.99,
    "dropped-connection": 0.95,
    "early-endpoint": 0.97,
    "echo-leak": 0.99,
    "false-start": 0.96,
    # Of `python -m benchmarks.poor_resampler`: none of 278 findings was false.
    "poor-resampler": 0.99,
    "protocol-slip": 0.95,
    "provider-error": 0.95,
    "self-hearing-loop": 0.88,
    "session-limit": 0.95,
    "token-form": 0.95,
    # The wire's verdicts look whether a message is there, so that nothing can be sampled either. They are wrong where a
    # log lacks messages, which no benchmark tells how often: 0.95 is a house rule.
    "silent-connect": 0.95,
    "silent-track": 0.98,
    # Of `python -m benchmarks.slow_turn`: sound alone, without a wire log.
    "slow-turn": 0.97,
    "starved-capture": 0.96,
    # Of `python -m benchmarks.starvation_single`, the least sure of the three ways in which it is told.
    "starved-playback": 0.97,
    "unanswered-tool-call": 0.95,
    "unflushed-playback": 0.95,
    "unheeded-goaway": 0.95,
    # Of `python -m benchmarks.voice_rate`: 0 of 498 looks at a voice were false, and 5 of 177 at voices on the edge of
    # the human range; where frames are counted against a clock it is surer.
    "wrong-rate": 0.95,
}
