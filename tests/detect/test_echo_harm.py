"""What an echo did, against sessions in which a VAD with a known threshold hears it."""

import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, room, session_of, turn, voice

import voicediag as vd
from voicediag import signals
from voicediag.detect.echo_harm import Harm, harm_of, told_in_words
from voicediag.detect.examination import Examination
from voicediag.live.emulator.gate import Gate
from voicediag.live.emulator.scenario import Vad
from voicediag.session import Cue, Mark

READY = Mark(kind="ready", at_s=0.0, message="session.updated")
VAD = Vad(threshold_dbfs=-40.0, onset_ms=60, silence_ms=500, prefix_ms=300)
SECONDS = 32
# The agent speaks for 2.5 s out of each 4; the loudspeaker's volume, in dB, for each time that it does.
SLOT_S, SPEAKS_S = 4.0, 2.5
QUIET_DB, LOUD_DB = -16.0, 0.0


def agent_in_slots():
    agent = agent_voice(3, duration_s=SECONDS)
    times = np.arange(agent.size) / RATE_HZ
    return np.where(times % SLOT_S < SPEAKS_S, agent, 0).astype(np.float32)


def echo_of(agent, volumes_db, *, erl_db=14.0):
    echo = signals.leak(agent, rate_hz=RATE_HZ, delay_ms=150, erl_db=erl_db).echo
    slots = (np.arange(echo.size) / RATE_HZ / SLOT_S).astype(int)
    return (echo * 10 ** (np.array(volumes_db)[slots] / 20)).astype(np.float32)


def cues_of(mic, vad=VAD):
    """What a provider with this VAD would have told of a microphone."""
    told = Gate(vad, RATE_HZ).push(mic)
    kinds = {"started": "speech-started", "stopped": "speech-stopped"}
    late_s = vad.prefix_ms / 1_000 + vad.onset_ms / 1_000
    return [
        Cue(
            kind=kinds[heard.kind],
            audio_s=heard.audio_ms / 1_000,
            at_s=heard.audio_ms / 1_000 + (late_s if heard.kind == "started" else 0.02),
        )
        for heard in told
    ]


def heard(mic, agent, cues, **fields):
    tracks = {"user-sent": mic.astype(np.float32), "agent-played": agent}
    return session_of(tracks, cues=tuple(cues), marks=(READY,), **fields)


def harm(session):
    exam = Examination(session)
    return harm_of(exam)


@pytest.fixture(scope="module")
def volumes():
    """A loudspeaker that is turned up for three answers of eight."""
    return [QUIET_DB, LOUD_DB, QUIET_DB, LOUD_DB, QUIET_DB, QUIET_DB, LOUD_DB, QUIET_DB]


@pytest.fixture(scope="module")
def found(volumes):
    agent = agent_in_slots()
    mic = echo_of(agent, volumes) + room(5, duration_s=SECONDS)
    return harm(heard(mic, agent, cues_of(mic)))


class TestWhatIsMissing:
    def test_so_much_more_loss_keeps_that_very_vad_quiet(self, found, volumes):
        agent = agent_in_slots()
        less = echo_of(agent, volumes) * 10 ** (-found.margin.missing_db / 20)
        assert cues_of(less + room(5, duration_s=SECONDS)) == []

    def test_and_no_more_is_asked_for_than_lies_between_what_it_heard_and_what_it_passed_over(self, found):
        # 16 dB lie between the two volumes, and the loudest syllable of one answer is not that of the next.
        assert found.margin.missing_db == pytest.approx(LOUD_DB - QUIET_DB, abs=3.0)
        assert found.margin.quiet_is == "echo"
        assert found.margin.passages >= 4
        assert found.margin.quiet_dbfs < VAD.threshold_dbfs + 2 < found.margin.loudest_dbfs

    def test_where_it_never_passed_over_an_echo_the_room_is_the_bound(self):
        agent = agent_in_slots()
        mic = echo_of(agent, [LOUD_DB] * 8) + room(5, duration_s=SECONDS)
        margin = harm(heard(mic, agent, cues_of(mic))).margin
        assert (margin.quiet_is, margin.passages) == ("room", 0)
        assert margin.quiet_dbfs == pytest.approx(-66, abs=3)
        assert margin.in_words().startswith("at most ")

    def test_an_echo_as_loud_that_was_passed_over_proves_nothing(self):
        agent = agent_in_slots()
        mic = echo_of(agent, [LOUD_DB] * 8) + room(5, duration_s=SECONDS)
        every = cues_of(mic)
        margin = harm(heard(mic, agent, every[:2])).margin
        # Seven answers as loud as the first were passed over. What counts is what lies clearly below it.
        assert margin.missing_db >= 3

    def test_the_user_is_the_yardstick(self):
        agent = agent_in_slots()
        said = voice(9, duration_s=SECONDS, level_db=-20.0)
        times = np.arange(said.size) / RATE_HZ % SLOT_S
        mic = echo_of(agent, [LOUD_DB] * 8) + np.where((times > 3) & (times < 3.9), said, room(5, duration_s=SECONDS))
        margin = harm(heard(mic, agent, cues_of(mic))).margin
        # Speech of -24 dBFS through 14 dB of path, against -20 dBFS: 18 dB, give or take a loud syllable.
        assert margin.under_user_db == pytest.approx(18, abs=5)


class TestStarts:
    def test_are_counted_where_the_echo_made_them(self, found):
        assert found.told == len(found.starts)
        assert {int(start.cue.at_s / SLOT_S) for start in found.starts} == {1, 3, 6}
        assert found.unknown == 0

    def test_of_the_user_are_not(self):
        agent = agent_in_slots()
        said = voice(9, duration_s=SECONDS, level_db=-18.0)
        over = slice(round(13 * RATE_HZ), round(15.5 * RATE_HZ))
        mic = echo_of(agent, [QUIET_DB] * 8) + room(5, duration_s=SECONDS)
        mic[over] += said[over]
        cues = cues_of(mic)
        assert cues
        did = harm(heard(mic, agent, cues))
        assert (did.starts, did.margin) == ((), None)
        assert told_in_words(did) == ""

    def test_cut_an_answer_off_where_the_wire_says_so(self):
        agent = agent_in_slots()
        mic = echo_of(agent, [LOUD_DB] * 8) + room(5, duration_s=SECONDS)
        cues = cues_of(mic)
        starts = [cue for cue in cues if cue.kind == "speech-started"]
        # The second answer is cancelled and truncated, the fourth is cut off by the app two seconds later.
        at_s = [starts[1].at_s + 0.1, starts[1].at_s + 0.2, starts[3].at_s + 2.0]
        cut = [Cue(kind="interrupted", at_s=each) for each in at_s]
        did = harm(heard(mic, agent, sorted([*cues, *cut], key=lambda cue: cue.at_s)))
        assert did.cut_s == (pytest.approx(starts[1].at_s + 0.1),)
        assert "cut off 1 answer;" in told_in_words(did)


class TestTheLoop:
    @pytest.mark.parametrize(("name", "rounds", "cut"), [("kitchen", 3, 2), ("hotel", 3, 0)])
    def test_is_followed_from_turn_to_turn(self, name, rounds, cut):
        did = harm(vd.load(RECORDINGS / "self-hearing-loop" / f"{name}.vds"))
        assert len(did.rounds) == did.longest == len(did.turns) == rounds
        assert len(did.cut_s) == cut
        assert all(one.answer == other.said for one, other in zip(did.rounds, did.rounds[1:], strict=False))
        assert f"was answered {rounds} times in a row" in told_in_words(did)

    def test_a_user_who_quotes_the_agent_is_no_consequence(self):
        agent = agent_in_slots()
        said = voice(9, duration_s=SECONDS, level_db=-18.0)
        mine = slice(round(2.8 * RATE_HZ), round(3.9 * RATE_HZ))
        mic = echo_of(agent, [QUIET_DB] * 8, erl_db=24.0) + room(5, duration_s=SECONDS)
        mic[mine] += said[mine]
        turns = (
            turn("agent", "mince two cloves of garlic", 0.1, 2.5),
            turn("user", "mince two cloves", 2.8, 3.9, learnt_from="vad"),
            turn("agent", "very finely please", 4.1, 6.5),
        )
        did = harm(heard(mic, agent, cues_of(mic), turns=turns))
        assert (did.rounds, did.turns, did.starts, did.longest) == ((), (), (), 0)


def test_without_an_echo_or_a_wire_nothing_is_told():
    agent = agent_in_slots()
    assert harm(heard(voice(9, duration_s=SECONDS), agent, [])) is None
    mic = echo_of(agent, [LOUD_DB] * 8) + room(5, duration_s=SECONDS)
    assert harm(session_of({"user-sent": mic, "agent-played": agent})) is None


def test_nothing_done_is_no_sentence():
    assert told_in_words(Harm()) == ""
