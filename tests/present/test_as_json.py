import json
import math
from dataclasses import replace

import pytest

from voicediag.present import as_json


@pytest.fixture
def report(diagnosis):
    # What is not JSON, such as NaN, must fail here and not at whoever reads it.
    return json.loads(json.dumps(as_json.check(diagnosis), allow_nan=False))


def test_names_its_schema_and_each_root_cause_once(report):
    assert report["schema"] == "voicediag.check/1"
    assert report["root_causes"] == ["echo-leak"]


def test_a_symptom_names_what_explains_it(report):
    assert {finding["id"]: finding["explained_by"] for finding in report["findings"]} == {
        "echo-leak": None,
        "self-hearing-loop": "echo-leak",
    }


def test_the_evidence_keeps_its_order_number_and_limit(report):
    echo, loop = report["findings"]
    assert [evidence["role"] for evidence in loop["evidence"]] == ["primary"] + 4 * ["supporting"]
    primary = echo["evidence"][0]
    assert (primary["track"], primary["against"]) == ("user-sent", "agent-played")
    assert (primary["start_s"], primary["end_s"]) == (1.0, 9.5)
    assert primary["measure"] == {"delay_ms": 120.0, "erl_db": 12.04, "drift_ppm": None}
    assert primary["limit"] == {"value": 46.0, "unit": "dB ERL", "source": "3GPP TS 26.131, echo loss"}


def test_clear_and_unjudged_are_not_the_same(report):
    assert report["clear"] == ["clipped-audio"]
    assert [verdict["id"] for verdict in report["unjudged"]] == ["starved-capture"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_null(value):
    tracks = as_json.meters({"user-sent": {"rms_dbfs": value}}, source="call.wav")["tracks"]
    assert tracks == [{"name": "user-sent", "rms_dbfs": None}]


def test_what_was_marked_is_there(diagnosis, marked):
    told = as_json.check(replace(diagnosis, session=marked))["session"]["marked"]
    assert [flag["at_s"] for flag in told] == [2.5, 7.25]
