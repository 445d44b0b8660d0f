"""Sessions between our client and the emulated services, each with one fault; `check` names it and nothing else."""

import pytest

import voicediag as vd
from voicediag.live.rehearsal import Rehearsal, imagine

SESSION_S = 24.0


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory):
    """What is found in a session, by provider and faults; each is held once."""
    held = {}

    def diagnose(provider, *faults, returns=True):
        key = (provider, faults, returns)
        if key not in held:
            folder = tmp_path_factory.mktemp("imagined") / "session.vds"
            told = Rehearsal(provider=provider, faults=faults)
            held[key] = vd.check(vd.load(imagine(folder, told, duration_s=SESSION_S, returns=returns)))
        return held[key]

    return diagnose


@pytest.mark.parametrize("provider", ["gemini", "openai"])
@pytest.mark.parametrize(
    ("faults", "found"),
    [
        (("speaker-echo",), "echo-leak"),
        (("mic-tenth",), "starved-capture"),
        (("no-flush",), "unflushed-playback"),
        (("unanswered-tool-call", "no-tool-answer"), "unanswered-tool-call"),
        (("silent-setup",), "silent-connect"),
        (("player-stalls",), "starved-playback"),
        (("late-chunks",), "starved-playback"),
        (("never-chunks",), "starved-playback"),
        (("tcp-abort",), "dropped-connection"),
    ],
)
def test_a_fault_is_named_as_the_root_cause(diagnosed, provider, faults, found):
    assert [finding.id for finding in diagnosed(provider, *faults).root_causes] == [found]


def test_sound_with_the_interruption_is_stale_for_an_app_that_flushes_too_early(diagnosed):
    (finding,) = diagnosed("gemini", "interrupted-with-audio", "flush-first").findings
    # Ten chunks of 40 ms come with the interruption.
    assert (finding.id, finding.primary.measure["stale_ms"]) == ("unflushed-playback", pytest.approx(400, abs=1))


def test_sound_of_a_response_that_is_over_is_the_service_s_own_slip(diagnosed):
    (finding,) = diagnosed("openai", "interrupted-with-audio").findings
    assert finding.id == "protocol-slip"
    assert "audio-after-cancel" in finding.summary


@pytest.mark.parametrize("provider", ["gemini", "openai"])
def test_without_a_fault_all_is_clear(diagnosed, provider):
    diagnosis = diagnosed(provider)
    assert not diagnosis.findings
    # What is imagined needs no handshake.
    assert [verdict.id for verdict in diagnosis.unjudged] == ["token-form"]


@pytest.mark.parametrize(
    ("provider", "fault"),
    [
        ("gemini", "interrupted-with-audio"),
        ("gemini", "goaway"),
        ("gemini", "unanswered-tool-call"),
        ("openai", "unanswered-tool-call"),
    ],
)
def test_what_the_client_does_right_about_a_fault_leaves_nothing_to_find(diagnosed, provider, fault):
    assert not diagnosed(provider, fault).findings


def test_a_client_that_does_not_come_back_is_found(diagnosed):
    (finding,) = diagnosed("openai", "session-expiry", returns=False).root_causes
    assert finding.id == "session-limit"


@pytest.mark.parametrize(("delay_ms", "provider"), [(40, "gemini"), (120, "openai"), (300, "gemini")])
def test_an_echo_is_measured_as_it_was_made(diagnosed, delay_ms, provider):
    (finding,) = diagnosed(provider, f"speaker-echo={delay_ms / 1_000}").root_causes
    assert finding.primary.measure["delay_ms"] == pytest.approx(delay_ms, abs=1)
    assert finding.primary.measure["erl_db"] == pytest.approx(14, abs=0.5)
