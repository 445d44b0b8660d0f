"""Which turns were answered, and after how long: closed forms, from spans that are known."""

import pytest
from latency_sessions import came, mark, session, spans, stop

from voicediag.latency.answers import answers
from voicediag.session import Turn
from voicediag.spans import Span


def times(found):
    return [(answer.said.end_s, answer.heard_s) for answer in found]


class TestBySound:
    def test_the_clock_starts_at_the_last_word(self):
        found = answers(session(), spans((1, 2), (3.5, 4)), spans((5, 6)))
        assert times(found) == [(4, 5)]
        assert found[0].audio_ms == 1_000
        assert (found[0].logged_ms, found[0].parts_ms) == (None, {})

    def test_what_is_said_over_the_agent_is_no_turn(self):
        assert times(answers(session(), spans((1, 2), (3.5, 4)), spans((3, 6), (8, 9)))) == [(2, 3)]

    def test_who_is_never_answered_has_no_answer(self):
        assert answers(session(), spans((1, 2)), spans((0, 0.5))) == ()

    def test_an_agent_that_begins_over_the_user_was_not_waited_for(self):
        assert answers(session(), spans((1, 4)), spans((3, 6))) == ()

    def test_a_click_is_no_word(self):
        assert times(answers(session(), spans((1, 2), (2.5, 2.6)), spans((4, 5)))) == [(2, 4)]


SAID, HEARD = spans((1, 2)), spans((5.25, 7))
WORDS = (Turn(role="user", text="Hello.", span=Span(2.3, 2.4), learnt_from="arrival"),)


CAME = (came(5.0, 5.1, 7.0),)


def by_wire(*marks, arrivals=CAME, cues=(), turns=(), user=SAID, agent=HEARD):
    return answers(session(arrivals=arrivals, marks=marks, cues=cues, turns=turns), user, agent)


class TestByWire:
    def test_the_parts_add_up_to_what_was_heard(self):
        (found,) = by_wire(cues=(stop(2.5),))
        assert found.audio_ms == pytest.approx(3_250)
        assert found.logged_ms == pytest.approx(2_500)
        assert found.parts_ms == pytest.approx({"vad_wait": 500, "first_chunk": 2_500, "cushion": 100, "lead": 150})
        assert sum(found.parts_ms.values()) == pytest.approx(found.audio_ms)

    def test_without_a_stop_nothing_is_logged(self):
        (found,) = by_wire(turns=WORDS)
        assert found.logged_ms is None
        assert found.parts_ms == pytest.approx({"provider": 3_000, "cushion": 100, "lead": 150})

    def test_a_tool_has_its_part_and_its_name(self):
        (found,) = by_wire(mark("tool-call", 3.0, id="1", name="bus"), mark("tool-result", 4.5, id="1"), turns=WORDS)
        assert found.tools == ("bus",)
        assert found.parts_ms["tool"] == pytest.approx(1_500)

    def test_an_app_that_asks_is_part_of_it_and_the_log_begins_there(self):
        (found,) = by_wire(mark("asked", 3.0), turns=WORDS)
        assert found.parts_ms["ask"] == pytest.approx(1_000)
        assert found.logged_ms == pytest.approx(2_000)

    def test_a_prompt_of_the_apps_own_answers_nobody(self):
        late = (came(9.0, 9.0, 10.0),)
        assert by_wire(mark("asked", 8.0), arrivals=late, turns=WORDS, agent=spans((9, 10))) == ()

    def test_what_the_provider_passed_over_is_no_turn(self):
        elsewhere = (Turn(role="user", text="Hi.", span=Span(20, 20), learnt_from="arrival"),)
        assert by_wire(turns=elsewhere) == ()

    def test_noise_after_the_provider_took_the_turn_is_not_the_last_word(self):
        assert times(by_wire(cues=(stop(2.5),), user=spans((1, 2), (4, 4.5)))) == [(2, 5.25)]

    def test_a_pause_in_mid_sentence_is_no_end(self):
        assert times(by_wire(cues=(stop(2.5), stop(4.4)), user=spans((1, 2), (3.5, 4)))) == [(4, 5.25)]

    def test_a_mm_hm_while_the_agent_speaks_is_not_answered_by_its_next_words(self):
        arrivals = (came(3.0, 3.0, 6.0), came(9.0, 9.0, 10.0))
        found = by_wire(
            arrivals=arrivals, cues=(stop(2.5),), user=spans((1, 2), (4, 4.4)), agent=spans((3, 6), (9, 10))
        )
        assert times(found) == [(2, 3)]

    def test_words_that_were_never_heard_answer_nobody(self):
        assert by_wire(cues=(stop(2.5),), agent=spans((20, 21))) == ()

    def test_each_answer_is_counted_once(self):
        arrivals = (came(5.0, 5.0, 6.0), came(7.0, 7.0, 8.0))
        assert times(by_wire(arrivals=arrivals, cues=(stop(2.5),), agent=spans((5, 6), (7, 8)))) == [(2, 5)]
