import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voicediag.detect import DETECTORS, Cause, Evidence, Finding, Limit, Severity
from voicediag.diagnose import EXPLAINS, explained
from voicediag.spans import Span

LIMIT = Limit(1, "dB", "test")


def finding(fault, cause, span=(0, 10), *, track="user-sent", against=None, severity=Severity.HIGH):
    evidence = Evidence(track=track, span=Span(*span), measure={}, limit=LIMIT, against=against)
    return Finding(
        id=fault, cause=cause, severity=severity, confidence=1, summary=fault, remedy="mend it", primary=evidence
    )


ECHO = finding("echo-leak", Cause.ECHO, against="agent-played")
LOOP = finding("self-hearing-loop", Cause.ECHO, (2, 6), against="agent-played")
FALSE_START = finding("false-start", Cause.VAD, (3, 4))


def parents(*findings):
    return {found.id: found.explained_by for found in explained(findings)}


def test_echo_is_the_cause_of_the_loop_whatever_the_order():
    assert parents(ECHO, LOOP) == parents(LOOP, ECHO) == {"echo-leak": None, "self-hearing-loop": "echo-leak"}


def test_a_chain_ends_at_its_beginning():
    assert parents(FALSE_START, LOOP, ECHO) == {
        "echo-leak": None,
        "self-hearing-loop": "echo-leak",
        "false-start": "echo-leak",
    }


def test_without_the_echo_the_loop_explains_the_false_start():
    assert parents(FALSE_START, LOOP) == {"self-hearing-loop": None, "false-start": "self-hearing-loop"}


def test_what_takes_another_time_explains_nothing():
    later = finding("false-start", Cause.VAD, (60, 61))
    assert parents(ECHO, later) == {"echo-leak": None, "false-start": None}


def test_what_takes_another_path_explains_nothing():
    starved = finding("starved-capture", Cause.STARVATION, track="user-sent")
    agent = finding("early-endpoint", Cause.VAD, track="agent-received")
    assert parents(starved, agent) == {"starved-capture": None, "early-endpoint": None}


def test_a_clipped_microphone_does_not_explain_an_echo():
    clipped = finding("clipped-audio", Cause.FORMAT)
    assert parents(clipped, ECHO) == {"clipped-audio": None, "echo-leak": None}


def test_roots_come_first_each_followed_by_its_symptoms():
    silent = finding("silent-track", Cause.STARVATION, track="agent-received")
    order = [found.id for found in explained([FALSE_START, LOOP, silent, ECHO])]
    assert order == ["silent-track", "echo-leak", "self-hearing-loop", "false-start"]


def test_the_table_knows_only_causes_and_faults():
    named = {key for key in EXPLAINS if not isinstance(key, Cause)}
    assert named <= {detector.id for detector in DETECTORS}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([detector.id for detector in DETECTORS] + ["false-start", "slow-turn"]),
            st.sampled_from(list(Cause)),
            st.integers(0, 50),
            st.integers(1, 20),
        ),
        max_size=12,
    )
)
@example([("clipped-audio", Cause.VAD, 0, 1), ("clipped-audio", Cause.VAD, 0, 1)])
def test_every_finding_is_kept_and_every_symptom_has_a_root(rows):
    findings = [finding(fault, cause, (start, start + length)) for fault, cause, start, length in rows]
    done = explained(findings)
    roots = {found.id for found in done if found.explained_by is None}
    assert sorted(found.id for found in done) == sorted(found.id for found in findings)
    assert all(found.explained_by in roots for found in done if found.explained_by is not None)


def test_a_finding_needs_evidence():
    with pytest.raises(TypeError, match="primary"):
        Finding(id="x", cause=Cause.ECHO, severity=Severity.LOW, confidence=1, summary="x", remedy="x")


def test_a_turn_that_was_ended_late_explains_the_wait_after_it_which_lies_between_both_voices():
    late = finding("late-endpoint", Cause.VAD, (2, 5))
    slow = finding("slow-turn", Cause.LATENCY, (3, 6), track="agent-played", against="user-sent")
    assert parents(late, slow) == {"late-endpoint": None, "slow-turn": "late-endpoint"}
    assert parents(late, finding("slow-turn", Cause.LATENCY, (60, 61), track="agent-played"))["slow-turn"] is None
