"""The bill of a session whose counts are known, worked out by hand."""

import numpy as np
import pytest
from latency_sessions import session, spans

from voicediag.cost import bill
from voicediag.session import ArraySource, Tally, Tokens, Track, Usage
from voicediag.session.chunks import Chunks

OPENAI = {"provider": "openai-realtime", "model": "gpt-realtime-2.1"}
GEMINI = {"provider": "gemini-live", "model": "gemini-3.8-live"}


def used(at_s, model, kind="response", **tally):
    return Usage(at_s=at_s, kind=kind, model=model, tally=Tally(**tally))


def audio(asked, answered, **more):
    return {"asked": Tokens(audio=asked), "answered": Tokens(audio=answered), **more}


def test_turns_add_up():
    usage = (used(2, "gpt-realtime-2.1", **audio(1_000, 100)), used(4, "gpt-realtime-2.1", **audio(2_000, 200)))
    cost = bill(session(usage=usage, provenance=OPENAI))
    assert [each.usd for each in cost.billed] == pytest.approx([0.0384, 0.0768])
    assert cost.usd == cost.usd_most == cost.known_usd == pytest.approx(0.1152)
    assert cost.tally.asked.audio == 3_000
    assert (cost.unpriced, cost.reason) == ((), "")


def test_a_model_without_a_price_leaves_the_sum_open():
    usage = (used(2, "gpt-realtime-2.1", **audio(1_000, 0)), used(3, "whisper-9", "transcription", seconds=3.0))
    cost = bill(session(usage=usage, provenance=OPENAI))
    assert (cost.usd, cost.usd_most, cost.unpriced) == (None, None, ("whisper-9",))
    assert cost.known_usd == pytest.approx(0.032)


def test_tokens_that_nobody_attributes_have_a_line_and_a_bound():
    cost = bill(session(usage=(used(2, "gemini-3.8-live", **audio(1_000, 0, unattributed=50)),), provenance=GEMINI))
    assert cost.usd == pytest.approx(0.003)
    assert cost.usd_most == pytest.approx(0.003 + 50 * 12e-6)
    assert cost.tally.unattributed == 50


def test_a_count_without_any_detail_is_bounded_and_not_zero():
    cost = bill(session(usage=(used(2, "gemini-3.8-live", unattributed=1_000),), provenance=GEMINI))
    assert (cost.usd, cost.known_usd) == (None, None)
    assert cost.usd_most == pytest.approx(0.012)


def test_a_wire_that_says_nothing_has_no_cost():
    cost = bill(session(provenance=OPENAI))
    assert (cost.usd, cost.reason) == (None, "no message of the wire says what was used")


def test_the_provider_has_its_rule_of_idle_time():
    assert "costs nothing" in bill(session(provenance=OPENAI)).idle.says
    assert bill(session(provenance={"provider": "somebody"})).idle is None


def others(cost):
    return {other.model: (other.usd_least, other.usd_most) for other in cost.elsewhere}


def a_minute():
    """A user who speaks for 2 s twice, and an agent of which 3 s and then 1 s came down."""
    sound = ArraySource(np.zeros(60 * 16_000, np.float32), 16_000)
    chunks = Chunks(
        rate_hz=1_000,
        at_s=np.array([3.0, 13.0]),
        firsts=np.array([0, 3_000]),
        ends=np.array([3_000, 4_000]),
        answers=np.array([0, 1]),
        ended=True,
    )
    usage = (used(5, "gemini-3.8-live", **audio(10, 10)), used(15, "gemini-3.8-live", **audio(10, 10)))
    tracks = {"user-sent": Track(name="user-sent", source=sound)}
    return session(tracks=tracks, chunks=chunks, usage=usage, provenance=GEMINI)


def test_geminis_sound_at_openais_rates_lies_between_all_cached_and_none():
    found = others(bill(a_minute(), user=spans((1, 3), (10, 12))))
    # First 20 tokens asked and 60 answered, then 100 asked, 80 of them said before, and 20 answered.
    assert found["gpt-realtime-2.1"] == pytest.approx(
        ((40 * 32 + 80 * 0.4 + 80 * 64) / 1e6, (120 * 32 + 80 * 64) / 1e6)
    )
    assert found["gpt-live-1"] == pytest.approx((0.05, 0.05))
    assert "gemini-3.8-live" not in found


def test_without_both_voices_the_sound_cannot_be_counted():
    assert others(bill(a_minute(), user=None))["gpt-realtime-2.1"] == (None, None)


def test_the_same_tokens_have_another_price_and_gemini_is_not_guessed():
    found = others(bill(session(usage=(used(2, "gpt-realtime-2.1", **audio(1_000, 100)),), provenance=OPENAI)))
    assert found["gpt-realtime-2.1-mini"] == pytest.approx((0.012, 0.012))
    assert found["gemini-3.8-live"] == (None, None)
    assert "gpt-realtime-2.1" not in found
