import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from voicediag.detect.finding import unjudged
from voicediag.present import text


def printed(renderable):
    paper = io.StringIO()
    Console(width=100, file=paper).print(renderable)
    return paper.getvalue()


def test_the_cause_comes_before_its_symptom(diagnosis):
    lines = printed(text.report(diagnosis)).splitlines()
    headlines = [line.strip() for line in lines if "HIGH" in line]
    assert headlines == ["HIGH  echo-leak  root cause", "HIGH  self-hearing-loop  symptom of echo-leak"]


def test_the_evidence_names_place_limit_and_source(diagnosis):
    report = printed(text.report(diagnosis))
    assert "Hear: user-sent beside agent-played, 1.00-9.50 s" in report
    assert "Limit 46 dB ERL (3GPP TS 26.131, echo loss)" in report


def test_what_was_not_judged_is_as_visible_as_what_is_clear(diagnosis):
    report = printed(text.report(diagnosis))
    assert "unjudged  starved-capture  no speech to judge" in report
    assert "clear     clipped-audio  below 5 places" in report


def test_faults_that_share_a_reason_share_a_line(diagnosis):
    verdicts = (*diagnosis.verdicts, *(unjudged(name, "the session has no wire log") for name in ("one", "two")))
    report = printed(text.report(replace(diagnosis, verdicts=verdicts)))
    assert "unjudged  one, two  the session has no wire log" in report
    assert report.count("unjudged") == 2


def test_a_text_from_the_recording_is_no_markup(diagnosis):
    session = replace(diagnosis.session, source="[blink]call[/blink].vds")
    assert "[blink]call[/blink].vds" in printed(text.report(replace(diagnosis, session=session)))


@pytest.mark.parametrize(("rms", "bar"), [(1.0, "█"), (0.0, " "), (1e-4, " "), (10 ** (-59 / 20), "▁")])
def test_a_strip_reaches_from_silence_to_full_scale(rms, bar):
    assert text.strip(np.array([rms], np.float32)) == bar


def test_a_strip_shows_the_loudest_step_of_each_column():
    rms = np.zeros(6_000, np.float32)
    rms[1_234] = 1.0
    strip = text.strip(rms)
    assert len(strip) == text.STRIP_COLUMNS
    assert strip.index("█") == 1_234 * text.STRIP_COLUMNS // 6_000
    assert strip.count("█") == 1


def test_meters_stand_in_the_order_in_which_they_are_read():
    table = printed(text.meter_table({"user-sent": {"own": 3, "dc": 0.00012, "rms_dbfs": None}}))
    rows = [line.split() for line in table.splitlines() if line.strip()]
    assert rows[1] == ["rms_dbfs", "–"]
    assert rows[-1] == ["own", "3"]
    assert ["dc", "0.00012"] in rows


def test_what_was_marked_is_listed(diagnosis, marked):
    assert "marked    2.50 s, 7.25 s" in printed(text.report(replace(diagnosis, session=marked)))
    assert "marked" not in printed(text.report(diagnosis))
