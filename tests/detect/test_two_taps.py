"""Two taps of one voice in a session: what the starvation detectors make of them, and when they keep silent."""

import numpy as np
import pytest
from scenes import RATE_HZ, RECORDINGS, agent_voice, session_of

import voicediag as vd
from voicediag import signals
from voicediag.detect import starved_capture, starved_playback
from voicediag.detect.examination import Examination
from voicediag.session import ArraySource, Clock, Session, Track

CHUNK = RATE_HZ // 20


@pytest.fixture(scope="module")
def voice():
    """Sixteen seconds that are loud at each third of them."""
    random = np.random.default_rng(2)
    sound = agent_voice(1) + 1e-3 * random.standard_normal(agent_voice(1).size).astype(np.float32)
    for at in places(sound):
        sound[at - RATE_HZ // 2 : at + RATE_HZ // 2] += 0.05 * random.standard_normal(RATE_HZ).astype(np.float32)
    return sound


def places(sound):
    return [sound.size // 4, sound.size // 2, 3 * sound.size // 4]


def edited(sound, piece, taken):
    """The voice with a piece in place of some samples, three times."""
    pieces, at = [], 0
    for place in places(sound):
        pieces += [sound[at:place], piece]
        at = place + taken
    return np.concatenate([*pieces, sound[at:]]).astype(np.float32)


def played(sound, second):
    session = session_of({"agent-received": sound, "agent-played": second})
    return starved_playback.DETECTOR.examine(Examination(session))


def sent(sound, second):
    session = session_of({"user-captured": sound, "user-sent": second})
    return starved_capture.DETECTOR.examine(Examination(session))


@pytest.mark.parametrize(
    ("piece", "taken", "kind"),
    [(CHUNK, 0, "late"), (CHUNK, CHUNK, "never"), (0, CHUNK, "never")],
    ids=["late", "blanked", "lost"],
)
def test_late_is_told_from_never_and_the_places_lie_on_the_session_clock(voice, piece, taken, kind):
    (finding,) = played(voice, edited(voice, np.zeros(piece), taken)).findings
    measure = finding.primary.measure
    assert (measure["gaps"], measure[kind]) == (3, 3)
    assert measure["gap_total_s"] == pytest.approx(3 * piece / RATE_HZ)
    assert measure["cushion_ms"] == (60 if kind == "late" else None)
    drift = np.arange(3) * (piece - taken) / RATE_HZ
    middles = [(span.start_s + span.end_s) / 2 for span in finding.where]
    expected = np.array(places(voice)) / RATE_HZ + drift + piece / 2 / RATE_HZ
    assert middles == pytest.approx(expected, abs=1e-3)


def test_chunks_in_the_wrong_order_are_told(voice):
    second = voice.copy()
    for at in places(voice):
        second[at : at + 2 * CHUNK] = np.concatenate((voice[at + CHUNK : at + 2 * CHUNK], voice[at : at + CHUNK]))
    (finding,) = played(voice, second).findings
    assert finding.primary.measure["swapped"] == 3
    assert "in the wrong order" in finding.summary


def test_what_was_played_whole_is_clear(voice):
    assert played(voice, voice).is_clear


def test_a_clock_that_starts_later_moves_the_places(voice):
    second = edited(voice, np.zeros(CHUNK), 0)
    tracks = {
        "agent-received": Track(name="agent-received", source=ArraySource(voice, RATE_HZ)),
        "agent-played": Track(name="agent-played", source=ArraySource(second, RATE_HZ), clock=Clock(offset_s=2.5)),
    }
    (finding,) = starved_playback.DETECTOR.examine(Examination(Session(source="test", tracks=tracks))).findings
    assert next(iter(finding.where)).start_s == pytest.approx(2.5 + places(voice)[0] / RATE_HZ, abs=1e-3)


def test_what_the_microphone_delivered_and_nobody_sent_is_missing(voice):
    (finding,) = sent(voice, edited(voice, np.zeros(0), CHUNK)).findings
    assert finding.primary.track == "user-sent"
    assert finding.primary.measure["gaps"] == 3
    assert finding.primary.measure["gap_total_s"] == pytest.approx(0.15, abs=1e-3)
    assert "0.15 s of user-captured are missing in user-sent" in finding.summary


def test_a_canceller_between_the_taps_loses_nothing(voice):
    # It takes the agent out of the microphone and leaves the user: what is sent is less than what was captured.
    echo = signals.leak(agent_voice(7), rate_hz=RATE_HZ, delay_ms=80, erl_db=15).echo
    session = session_of({"user-captured": (voice + echo).astype(np.float32), "user-sent": voice})
    assert starved_capture.DETECTOR.examine(Examination(session)).is_clear


def test_taps_of_two_voices_leave_it_to_each_track_alone(voice):
    assert played(voice, agent_voice(99)).is_clear


def test_the_pause_between_two_answers_is_no_gap():
    # In the stream one answer follows on the other at once; where it is played there are three seconds between them.
    played = vd.load(RECORDINGS / "clean" / "bus-stop.vds")
    assert not vd.gaps(played).changes
    assert any(change.inserted_s > 3 for change in vd.gaps(played).taps.told.changes)


def test_a_player_that_halts_is_told_by_its_taps_alone():
    changes = vd.gaps(vd.load(RECORDINGS / "starved-playback" / "player-halts.vds")).changes
    assert [(change.kind, change.inserted_s) for change in changes] == [
        ("late", pytest.approx(0.25, abs=1e-3)),
        ("late", pytest.approx(0.4, abs=1e-3)),
    ]
