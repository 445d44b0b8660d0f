"""Sessions between our client and the emulated services, each with one fault; `check` names it and nothing else."""

import pytest

import voicediag as vd
from voicediag.live.client.equipment import CLIENT_FAULTS
from voicediag.live.emulator import FAULTS
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


# Each fault of a service or of a client, what else it takes to show itself, and the root cause that it is.
FOUND = {
    "speaker-echo": ((), "echo-leak"),
    "mic-tenth": ((), "starved-capture"),
    "no-flush": ((), "unflushed-playback"),
    "player-stalls": ((), "starved-playback"),
    "silent-setup": ((), "silent-connect"),
    "unanswered-tool-call": (("no-tool-answer",), "unanswered-tool-call"),
    "tcp-abort": ((), "dropped-connection"),
    "session-expiry": ((), "session-limit"),
    "late-chunks": ((), "bad-pacing"),
    "slow-sound": ((), "bad-pacing"),
    "jittery-chunks": ((), "bad-pacing"),
    "sleeping-sender": ((), "bad-pacing"),
    "small-queue": ((), "bad-pacing"),
    "never-chunks": ((), "starved-playback"),
    "slow-answer": ((), "slow-turn"),
    "false-vad-start": ((), "false-start"),
    "early-endpoint": ((), "early-endpoint"),
    "snake-keys": ((), "protocol-slip"),
    "wrong-rate": ((), "wrong-rate"),
    "interrupted-with-audio": (("flush-first",), {"gemini": "unflushed-playback", "openai": "protocol-slip"}),
}
# Those that take a client that does nothing about them, or a real socket; the module in which they are found.
ELSEWHERE = {
    "goaway": "test_emulated_faults",
    "token-wrong-endpoint": "test_relayed_faults",
    "late-pongs": "test_relayed_faults",
}
# What shows in company of another only.
COMPANIONS = {"no-tool-answer", "flush-first"}
HAD = [
    (provider, name)
    for name in FOUND
    for provider in ("gemini", "openai")
    if provider in {**FAULTS, **CLIENT_FAULTS}[name].providers
]


def test_every_fault_is_found():
    ours = {name for name, kind in FAULTS.items() if set(kind.providers) & {"gemini", "openai"}}
    assert {*FOUND, *ELSEWHERE, *COMPANIONS} == ours | CLIENT_FAULTS.keys()


@pytest.mark.parametrize(("provider", "fault"), HAD)
def test_a_fault_is_named_as_the_root_cause(diagnosed, provider, fault):
    company, found = FOUND[fault]
    expected = found if isinstance(found, str) else found[provider]
    assert [finding.id for finding in diagnosed(provider, fault, *company).root_causes] == [expected]


def test_sound_with_the_interruption_is_stale_for_an_app_that_flushes_too_early(diagnosed):
    (finding,) = diagnosed("gemini", "interrupted-with-audio", "flush-first").findings
    # Ten chunks of 40 ms come with the interruption.
    assert (finding.id, finding.primary.measure["stale_ms"]) == ("unflushed-playback", pytest.approx(400, abs=1))


@pytest.mark.parametrize("provider", ["gemini", "openai"])
def test_without_a_fault_all_is_clear(diagnosed, provider):
    diagnosis = diagnosed(provider)
    assert not diagnosis.findings
    # No page of a browser recorded it.
    assert [verdict.id for verdict in diagnosis.unjudged] == ["browser-processing"]


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
