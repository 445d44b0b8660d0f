"""Players that were tried on a session: a ladder of known gaps, and a session whose own player was logged."""

import io
import json

import numpy as np
import pytest
from rich.console import Console
from scenes import RECORDINGS, agent_voice, session_of

import voicediag as vd
from voicediag.detect import playback
from voicediag.detect.examination import Examination
from voicediag.detect.playback import Stream
from voicediag.errors import InputError
from voicediag.live.rehearsal import Rehearsal, imagine
from voicediag.present import cushions, plots
from voicediag.session import Chunks, Mark
from voicediag.tune import cushion

LADDER = RECORDINGS / "starved-playback" / "gap-ladder.vds"
RATE_HZ, CHUNK = 16_000, 640
SOUND = agent_voice(1)


@pytest.fixture(scope="module")
def ladder():
    return cushion.sweep(vd.load(LADDER))


def row(sweep, cushion_ms):
    return next(each for each in sweep.rows if round(each.cushion_s * 1_000) == cushion_ms)


def test_the_ladder_of_thirty_nine_gaps(ladder):
    assert ladder.sentence == "60 ms covers 34 of 39 gaps; 140 ms all."
    assert (ladder.gaps, ladder.gap_total_s) == (39, pytest.approx(1.79, abs=0.02))
    assert (row(ladder, 60).underruns, row(ladder, 60).covered) == (5, 34)
    assert (row(ladder, 140).underruns, row(ladder, 140).late_s) == (0, 0)
    assert ladder.recommended is row(ladder, 60)
    # Five gaps of 140 ms are left, each 60 ms shorter.
    assert row(ladder, 60).late_s == pytest.approx(0.4)
    assert cushion.sweep(vd.load(RECORDINGS / "clean" / "number-drill.vds")).gaps == 0


def test_the_row_of_the_real_cushion_is_what_the_player_logged(ladder):
    planted = json.loads((LADDER / "truth.json").read_text())["faults"][0]["sizes"]
    real = row(ladder, round(ladder.base_s * 1_000))
    assert (real.underruns, real.late_s) == (planted["gaps"], pytest.approx(planted["gap_total_s"]))


def test_check_and_sweep_agree(ladder):
    finding = next(each for each in vd.check(vd.load(LADDER)).findings if each.id == "starved-playback")
    measure = finding.primary.measure
    assert (measure["gaps"], measure["late"], measure["never"]) == (39, 39, 0)
    assert measure["gap_total_s"] == pytest.approx(1.79, abs=0.02)
    assert measure["cushion_ms"] == round(ladder.recommended.cushion_s * 1_000) == 60
    assert measure["covered"] == ladder.recommended.covered == 34
    assert measure["covers_all_ms"] == 140


@pytest.mark.parametrize("provider", ["gemini", "openai"])
def test_a_player_that_really_played_is_reproduced(tmp_path, provider):
    told = Rehearsal(provider=provider, faults=("late-chunks=0.8",))
    session = vd.load(imagine(tmp_path / "session.vds", told, duration_s=16.0))
    played = playback.played(Stream.of(Examination(session)))
    result = cushion.sweep(session)
    real = row(result, round(result.base_s * 1_000))
    assert len(played.gaps) == real.underruns > 0
    # It plays in callbacks of 20 ms.
    assert real.late_s == pytest.approx(sum(gap.span.duration_s for gap in played.gaps), abs=0.021 * real.underruns)
    # The player's own word for each of them; it counts the silence before an answer too.
    assert {gap.frame for gap in played.gaps} <= {
        event.frame for event in session.playback if event.event == "underrun"
    }


def spoken(at_s, *, marks=()):
    """Return a session of chunks of 40 ms that came at these times."""
    firsts = np.arange(len(at_s)) * CHUNK
    chunks = Chunks(
        rate_hz=RATE_HZ,
        at_s=np.asarray(at_s),
        firsts=firsts,
        ends=firsts + CHUNK,
        answers=np.zeros(len(at_s), np.int64),
        ended=True,
    )
    return session_of({"agent-received": SOUND}, chunks=chunks, marks=marks)


def test_what_is_stale_after_an_interruption_is_what_the_queue_holds():
    # 100 chunks of 40 ms come at once, and after a second of them somebody speaks.
    mark = Mark(kind="interrupted", at_s=2.0, message="interrupted", received=100 * CHUNK)
    result = cushion.sweep(spoken(np.full(100, 1.0), marks=(mark,)), flush_after_s=0.25)
    first = row(result, 0)
    assert (first.stale_s, first.stale_unflushed_s) == (pytest.approx(0.25), pytest.approx(3.0))
    # Who waits 100 ms before it begins has played so much less by then.
    assert row(result, 100).stale_unflushed_s == pytest.approx(3.1)
    assert cushion.sweep(spoken(np.full(100, 1.0), marks=(mark,))).rows[0].stale_s == 0


def test_added_wait_is_the_cushion():
    result = cushion.sweep(spoken(1.0 + np.arange(100) * 0.04))
    assert [each.added_s for each in result.rows[:3]] == pytest.approx([0.0, 0.02, 0.04])
    assert result.sentence == "Nothing is late: a cushion of 0 ms is enough for these 1 answers."


def test_sound_alone_cannot_be_played_again():
    with pytest.raises(InputError, match="wire log"):
        cushion.sweep(session_of({"agent-received": SOUND}))


def test_a_long_stall_is_named_in_place_of_a_cushion():
    result = cushion.sweep(vd.load(RECORDINGS / "bad-pacing" / "late-burst.vds"))
    assert result.recommended is None
    assert "a stall of 1.4 s" in result.sentence
    assert "400 ms, the longest that is, covers 0 of 2 gaps" in result.sentence
    told = cushions.structured(result)
    assert (told["recommended"], told["longest_ms"]) == (None, 400)
    assert "no cushion helps: 400 ms covers 0 of 2 gaps" in plots.cushion(result).svg()
    assert "recommended" not in shown(result)


def test_a_provider_that_is_slower_than_real_time_is_named_in_place_of_a_cushion():
    # Each chunk of 40 ms takes 50: after 15 s it is 3.75 s late.
    result = cushion.sweep(spoken(1.0 + np.arange(375) * 0.05))
    assert result.recommended is None
    assert "0.80 s of sound come each second" in result.sentence
    assert "only delays the running dry" in result.sentence
    # A gap of 10 ms at each chunk is none by itself.
    assert (result.gaps, cushions.structured(result)["recommended"]) == (0, None)
    assert "the longest answer ends 3.7 s late" in result.sentence
    # With chunks in pairs each is one, and the longest cushion covers the first few.
    paired = cushion.sweep(spoken(1.0 + np.repeat(np.arange(0, 375, 2) * 0.05, 2)[:375]))
    assert paired.gaps > 0
    assert paired.recommended is None
    assert "400 ms, the longest that is, covers" in paired.sentence


def test_nobody_sets_the_cushion_of_a_telephones_line():
    with pytest.raises(InputError, match="a queue of its own"):
        cushion.sweep(vd.load(RECORDINGS / "unflushed-playback" / "never-cleared.vds"))


def shown(result):
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(cushions.text(result))
    return console.export_text()


def test_the_answer_for_programs(ladder):
    told = cushions.structured(ladder)
    assert told["schema"] == "voicediag.cushion-sweep/1"
    assert told["recommended"]["cushion_ms"] == 60
    assert {"cushion_ms", "underruns", "late_s", "stale_ms"} <= told["rows"][0].keys()
    assert [each["manner"] for each in told["rows"]].count("adaptive") == 1
    assert told["kept"] == {"assumed": False, "gaps": 39, "cushion_ms": 0.0, "gap_total_s": pytest.approx(1.79)}
    json.dumps(told, allow_nan=False)


def test_the_curve_is_drawn(ladder):
    picture = plots.cushion(ladder)
    assert "60 ms covers 34 of 39 gaps; 140 ms all" in picture.svg()
    assert picture.png().startswith(b"\x89PNG")
