"""The loss of an echo over time, against echoes of known loss."""

import numpy as np
import pytest
from scenes import RATE_HZ, agent_voice, room, voice

import voicediag as vd
from voicediag import signals
from voicediag.measure.echo_course import MOST_STRETCHES, STRETCH_S, course, stretches
from voicediag.measure.echo_path import EchoPath, PathMeter
from voicediag.spans import Span, SpanSet

DELAY_S = 0.15


def path_between(mic, speaker):
    """What measures the path between two arrays of one rate."""

    def path_over(spans):
        path = PathMeter(RATE_HZ, RATE_HZ)
        for span, lag_s in spans:
            first, frames, late = (round(x * RATE_HZ) for x in (span.start_s, span.duration_s, lag_s))
            lo = first + late
            cut = np.zeros(frames, np.float32)
            heard = mic[max(0, lo) : max(0, lo + frames)]
            cut[max(0, -lo) : max(0, -lo) + heard.size] = heard
            path.push(cut, speaker[first : first + frames])
        return path.result()

    return path_over


def losses(mic, speaker, delay_s=DELAY_S):
    seconds = speaker.size / RATE_HZ
    return course(
        SpanSet((Span(0.0, seconds - 2.0),)), delay_at=lambda _: delay_s, path_over=path_between(mic, speaker)
    )


def test_a_loudspeaker_that_is_turned_up_is_seen_where_it_was():
    agent = agent_voice(1, duration_s=34)
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=1_000 * DELAY_S, erl_db=24.0).echo
    louder = np.where(np.arange(echo.size) < 16 * RATE_HZ, 1.0, 10 ** (12 / 20)).astype(np.float32)
    found = losses((echo * louder + room(2, duration_s=34)).astype(np.float32), agent)
    before = [each.erl_db for each in found if each.span.end_s <= 15]
    after = [each.erl_db for each in found if each.span.start_s >= 17]
    assert before == pytest.approx([24.0] * len(before), abs=1.5)
    assert after == pytest.approx([12.0] * len(after), abs=1.5)
    assert min(len(before), len(after)) >= 3


def test_where_the_echo_stops_nothing_is_told():
    agent = agent_voice(3, duration_s=34)
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=1_000 * DELAY_S, erl_db=15.0).echo
    echo[16 * RATE_HZ :] = 0
    found = losses((echo + voice(4, duration_s=34, level_db=-30.0)).astype(np.float32), agent)
    assert all(each.erl_db == pytest.approx(15.0, abs=2.5) for each in found if each.span.end_s <= 15)
    assert all(each.erl_db is None for each in found if each.span.start_s >= 17)
    assert all(each.bound_db is None or each.bound_db > 0 for each in found)


def test_stretches_hold_all_of_the_speech_and_are_no_more_than_can_be_drawn():
    speech = SpanSet(Span(start, start + 1.5) for start in np.arange(0.0, 1_000.0, 2.0).tolist())
    made = list(stretches(speech))
    assert sum(part.total_s for part in made) == pytest.approx(speech.total_s)
    assert len(made) <= MOST_STRETCHES + 1
    short = list(stretches(SpanSet((Span(1.0, 1.0 + 2.5 * STRETCH_S),))))
    assert [part.total_s for part in short] == pytest.approx([STRETCH_S, STRETCH_S, STRETCH_S / 2])


def test_no_speech_has_no_course():
    assert course(SpanSet(), delay_at=lambda _: 0.1, path_over=lambda _: EchoPath(erl_db=1.0, near_share=0.0)) == ()


def test_the_door_of_the_room_leads_to_the_echo():
    agent = agent_voice(1)
    mic = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=80, erl_db=12).echo + room(2)
    found = vd.measure.echo.leak(mic.astype(np.float32), agent, rate_hz=RATE_HZ)
    assert (found.verdict, round(found.delay_ms)) == ("echo", 80)
