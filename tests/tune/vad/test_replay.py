import json

import pytest
from scenes import RECORDINGS

import voicediag as vd
from voicediag.errors import InputError
from voicediag.measure.speech import weights
from voicediag.session import Session
from voicediag.tune.vad import ServerVad, replayed

CUT = RECORDINGS / "early-endpoint" / "silence-80ms.vds"
installed = pytest.mark.skipif(not weights.is_installed(), reason="no Silero here; make test brings it")


@installed
def test_a_longer_silence_keeps_a_number_that_is_dictated_in_one_turn():
    session, settings = vd.load(CUT), ServerVad(silence_duration_ms=500)
    ((start_s, end_s),) = json.loads((CUT / "truth.json").read_text(encoding="utf-8"))["speech"]["user"]
    replay = replayed(session, settings)
    (turn,) = replay.turns
    assert (replay.starts, turn.turns, turn.phases) == ((1, 1), (1, 1), 8)
    # As the wire counts: the start with 300 ms of padding before it, the stop with the silence after it.
    assert turn.start_s == pytest.approx((start_s - 0.3,) * 2, abs=0.1)
    assert turn.stop_s == pytest.approx((end_s + 0.5,) * 2, abs=0.15)


@installed
def test_the_silence_that_was_set_cuts_it():
    told = []
    replay = replayed(vd.load(CUT), ServerVad(silence_duration_ms=80), progress=lambda *done: told.append(done))
    assert replay.starts[0] > 1
    assert told[-1][0] == pytest.approx(told[-1][1])


def test_a_session_without_a_user_is_refused():
    session = vd.load(CUT)
    tracks = {name: track for name, track in session.tracks.items() if name.startswith("agent")}
    without = Session(source="agent", tracks=tracks)
    with pytest.raises(InputError, match="user-sent or user-captured"):
        replayed(without, ServerVad())
