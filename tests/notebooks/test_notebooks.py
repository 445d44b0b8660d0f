"""Every notebook runs from top to bottom, in an empty folder, and finds what it says that it finds."""

import importlib.util
import json
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
RECORDINGS = NOTEBOOKS.parent / "recordings"
OVERDRIVEN = RECORDINGS / "clipped-audio" / "preamp-18db.vds"
NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))

# What is asked of a notebook's variables once it has run; each answer must be JSON.
QUESTIONS: dict[str, dict[str, str]] = {
    "00_start_here.ipynb": {
        "roots": "[finding.id for finding in diagnosis.root_causes]",
        "symptoms": "[finding.id for finding in diagnosis.symptoms(root)]",
        "measure": "dict(root.primary.measure)",
        "tracks": "list(session.tracks)",
        "played": "[heard.start_s, heard.end_s]",
    },
    "10_record_live.ipynb": {
        "state": "microphone.state",
        "roots": "[finding.id for finding in diagnosis.root_causes]",
        "delay_ms": "report.leak.echo.delay_ms",
    },
    "11_relay.ipynb": {
        "roots": "[finding.id for finding in diagnosis.root_causes]",
        "by_app": "[finding.id for finding in told_by_app.root_causes]",
        "unjudged": "[verdict.id for verdict in diagnosis.unjudged]",
        "unjudged_by_app": "[verdict.id for verdict in told_by_app.unjudged]",
        "leaked": "leaked",
        "sent": "kinds['up', 'input_audio_buffer.append']",
        "tracks": "list(session.tracks)",
    },
    "12_emulator.ipynb": {
        "received_s": "received_s",
        "longest_gap_s": "longest_gap_s",
    },
    "20_levels.ipynb": {
        "meters": "meters",
        "found": "{name: [f.id for f in diagnosis.findings] for name, diagnosis in (diagnoses | fallen).items()}",
        "room_fell_db": "fallen['another program opens it'].findings[0].primary.measure['floor_fall_db']",
    },
    "21_resamplers.ipynb": {
        "grades": "[article.grade_for(kind) for kind in ('wideband', 'telephone-band', 'live')]",
        "droop_db": "article.droop_3400_db",
        "folded_db": "float(folded_db)",
        "stateless": "[stateless.grade, stateless.chunk_invariant]",
        "stream": "[stream.passes, stream.chunk_invariant]",
        "judged": "sorted(reports)",
    },
    "22_echo.ipynb": {
        "delay_ms": "report.leak.echo.delay_ms",
        "loop": "[step.heard.text for step in did.rounds]",
        "cut_off": "len(did.cut_s)",
        "taken_off_db": "{name: result.steady_db for name, result in found.items()}",
        "losses": "[mics[name].size for name in mics]",
        "told": "tried.sentence if tried else why",
        "answer": "cut.answer",
        "delay_of_the_cut_ms": "cut.leak.echo.delay_ms",
    },
    "23_starvation.ipynb": {
        "measure": "dict(finding.primary.measure)",
        "told": "sweep.sentence",
        "best_ms": "round(sweep.recommended.cushion_s * 1_000)",
        "slopes": "{name: pace.slope for name, pace in paces.items()}",
    },
    "24_vad.ipynb": {
        "good": "good",
        "found": "{name: [[f.id, f.explained_by] for f in told.findings] for name, told in diagnoses.items()}",
        "turns": "list(turns.values())",
        "spoken_s": "[float(found.spans.total_s), sum(span.duration_s for span in speech['user'])]",
    },
    "30_diagnose.ipynb": {
        "roots": "told['root_causes']",
        "symptoms": "[finding.id for finding in diagnosis.symptoms(roots['echo-leak'])]",
        "gaps": "roots['starved-playback'].primary.measure['gaps']",
        "dropped": "len(dropped.spans)",
        "by_hand": "[float(delay_ms), float(loss_db)]",
        "silent": "float(np.abs(crackling.read(gap)).max())",
        "came": "float(np.abs(received.read(gap)).max())",
        "explored_s": "vd.explore(diagnosis).about['seconds']",
    },
    "50_write_a_detector.ipynb": {
        "dc": "finding.primary.measure['dc']",
        "where": "[[span.start_s, span.end_s] for span in finding.where]",
        "twin": "[finding.id for finding in twin.findings]",
        "short": "{verdict.id: verdict.reason for verdict in short.unjudged}",
        "roots": "[finding.id for finding in diagnosis.root_causes]",
        "hidden": "by_cause",
        "told": "by_own_row",
        "worst": "max(worst.values())",
        "limit": "LEAST_DC.value",
        "worst_clean": f"""max(
            float(np.abs(offset(blocks_of(track), rate_hz=track.rate_hz).dc).max())
            for folder in __import__("pathlib").Path({str(RECORDINGS / "clean")!r}).glob("*.vds")
            for track in vd.load(folder).tracks.values()
        )""",
        "also": f"[f.id for f in vd.check(vd.load({str(OVERDRIVEN)!r}), detectors=mine).findings]",
    },
}


@pytest.fixture
def ran(tmp_path_factory):
    """What runs a notebook, once, and answers the questions about it."""

    @cache
    def run(name):
        notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
        asked = ", ".join(f"{key!r}: {value}" for key, value in QUESTIONS[name].items())
        notebook.cells.append(nbformat.v4.new_code_cell(f"import json; print(json.dumps({{{asked}}}))"))
        folder = tmp_path_factory.mktemp("empty")
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
        answers = json.loads(notebook.cells[-1].outputs[0].text)
        return answers, notebook.cells[:-1], list(folder.iterdir())

    return run


def shown(cells):
    """The kinds of everything that a notebook's cells put on display."""
    return [kind for cell in cells for output in cell.get("outputs", ()) for kind in output.get("data", ())]


def complaints(cells):
    """What the cells wrote to the error stream."""
    return [o.text for cell in cells for o in cell.get("outputs", ()) if o.get("name") == "stderr"]


def test_every_notebook_is_asked():
    assert sorted(QUESTIONS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_small_and_clean(name):
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.cells[0].source.startswith("# ")
    assert "?" in notebook.cells[0].source.splitlines()[0], "a notebook begins with its question"
    assert "**Next" in notebook.cells[-1].source, "a notebook ends with what to do next"


def test_start_here(ran):
    answers, cells, left_behind = ran("00_start_here.ipynb")
    assert answers["roots"] == ["echo-leak"]
    assert answers["symptoms"] == ["self-hearing-loop", "false-start"]
    # As planted: recordings/self-hearing-loop/kitchen.vds/truth.json.
    assert answers["measure"]["delay_ms"] == pytest.approx(122, abs=2)
    assert answers["measure"]["erl_db"] == pytest.approx(14, abs=1)
    assert answers["tracks"] == ["user-sent", "agent-received", "agent-played"]
    assert 0 < answers["played"][1] - answers["played"][0] <= 5
    # The session, the diagnosis, the evidence, and two players.
    assert shown(cells).count("text/html") >= 5
    assert sum("<audio" in str(o.data) for c in cells for o in c.get("outputs", ()) if "data" in o) >= 2
    assert not complaints(cells)
    assert not left_behind


def test_record_live(ran):
    answers, cells, left_behind = ran("10_record_live.ipynb")
    # Nobody presses the button here: it goes on with the recording that comes along.
    assert answers["state"] == "idle"
    assert answers["roots"] == ["echo-leak"]
    assert answers["delay_ms"] == pytest.approx(122, abs=2)
    assert "application/vnd.jupyter.widget-view+json" in shown(cells)
    assert not complaints(cells)
    assert not left_behind


def test_relay(ran):
    answers, cells, left_behind = ran("11_relay.ipynb")
    assert answers["roots"] == answers["by_app"] == ["unanswered-tool-call"]
    assert "unflushed-playback" in answers["unjudged"]
    assert "unflushed-playback" not in answers["unjudged_by_app"]
    assert answers["leaked"] == []
    # 50 chunks of 20 ms a second, from the moment when the session was ready.
    assert 550 <= answers["sent"] <= 600
    assert answers["tracks"] == ["user-sent", "agent-received"]
    assert not complaints(cells)
    assert not left_behind


def test_emulator(ran):
    answers, cells, left_behind = ran("12_emulator.ipynb")
    # The demo's first turn, 1.63 s.
    received_s, gap_s = answers["received_s"], answers["longest_gap_s"]
    assert received_s["as it should be"] == received_s["late-chunks"] == pytest.approx(1.63)
    assert received_s["never-chunks"] == pytest.approx(1.63 * 0.9, abs=0.04)
    assert received_s["wrong-rate"] == pytest.approx(1.63 * 2 / 3, abs=0.001)
    assert gap_s["late-chunks"] > 0.5
    assert "image/png" in shown(cells)
    assert not complaints(cells)
    assert not left_behind


def test_levels(ran):
    answers, cells, left_behind = ran("20_levels.ipynb")
    good, soft, tenth, hot = answers["meters"].values()
    # As made: speech at -22 dBov over a room of -60 dBFS, then a tenth of the one, of both, and ten times both.
    speech, floor, snr = "active_speech_dbov", "noise_floor_dbfs", "snr_db"
    assert good[speech] == pytest.approx(-22, abs=0.3)
    assert (soft[speech], tenth[speech]) == pytest.approx((-42, -42), abs=0.3)
    assert soft[floor] == pytest.approx(good[floor], abs=0.5)
    assert tenth[floor] == pytest.approx(good[floor] - 20, abs=0.5)
    assert tenth[snr] == pytest.approx(good[snr], abs=0.5)
    assert hot["clipped_samples"] > 1_000
    assert list(answers["found"].values()) == [[], [], ["starved-capture"], ["clipped-audio"], [], ["starved-capture"]]
    assert answers["room_fell_db"] == pytest.approx(20, abs=1)
    assert shown(cells).count("image/png") == 2
    assert not complaints(cells)
    assert not left_behind


def test_resamplers(ran):
    answers, cells, left_behind = ran("21_resamplers.ipynb")
    # benchmarks.resampler_grades: on telephone voices it loses 1.26 MOS in nine of ten, more than the 0.5 of a D.
    assert answers["grades"] == ["F", "F", None]
    # The response of linear interpolation, on the grid where both rates meet: cos(pi f / 2 fi)^2.
    droop_db = -40 * np.log10(np.cos(np.pi * 3_400 / 48_000) / np.cos(np.pi * 997 / 48_000))
    assert answers["droop_db"] == pytest.approx(droop_db, abs=0.01)
    # Linear in the power, of noise from 8.5 to 11.5 kHz: both lines of each tone fold.
    hz = np.linspace(8_500, 11_500, 1_000)
    powers = np.cos(np.pi * hz / 48_000) ** 4 + np.cos(np.pi * (24_000 - hz) / 48_000) ** 4
    assert answers["folded_db"] == pytest.approx(10 * np.log10(powers.mean()), abs=0.2)
    assert answers["stateless"] == ["F", False]
    assert answers["stream"] == [True, True]
    assert {"linear-stream", "soxr-hq", "soxr-hq-stream", "soxr-lq-stream"} <= set(answers["judged"])
    assert "text/html" in shown(cells)
    assert not complaints(cells)
    assert not left_behind


def test_diagnose(ran):
    answers, cells, left_behind = ran("30_diagnose.ipynb")
    assert answers["roots"] == ["starved-playback", "echo-leak"]
    assert answers["symptoms"] == ["self-hearing-loop", "false-start"]
    # Of the frames that were dropped those are heard that lie within a word.
    assert 5 <= answers["gaps"] <= answers["dropped"]
    assert answers["silent"] == 0
    assert answers["came"] > 0.05
    # As planted: recordings/self-hearing-loop/kitchen.vds/truth.json; its loss counts the room too.
    delay_ms, loss_db = answers["by_hand"]
    assert delay_ms == pytest.approx(122, abs=1)
    assert 14 < loss_db < 18
    assert answers["explored_s"] > 15
    assert {"image/png", "text/html", "application/vnd.jupyter.widget-view+json"} <= set(shown(cells))
    assert not complaints(cells)
    assert not left_behind


def test_starvation(ran):
    answers, cells, left_behind = ran("23_starvation.ipynb")
    # As planted in its first cell.
    measure = answers["measure"]
    assert (measure["gaps"], measure["late"], measure["never"]) == (39, 39, 0)
    assert measure["gap_total_s"] == pytest.approx(1.79, abs=0.001)
    assert measure["cushion_ms"] == answers["best_ms"] == 60
    assert answers["told"] == "60 ms covers 34 of 39 gaps; 140 ms all."
    # 0.5 ms on top of each 20 ms.
    assert answers["slopes"]["sleeps after each send"] == pytest.approx(0.5 / 20.5, rel=0.02)
    assert answers["slopes"]["jitter"] == pytest.approx(0, abs=0.002)
    assert sum("<audio" in str(o.data) for c in cells for o in c.get("outputs", ()) if "data" in o) == 3
    assert "image/png" in shown(cells)
    assert not complaints(cells)
    assert not left_behind


def test_vad(ran):
    answers, cells, left_behind = ran("24_vad.ipynb")
    # The user lies 30 dB above the room, and the echo above the user.
    assert len(answers["good"]["headphones"]) >= 6
    assert answers["good"]["phone on a table"] == []
    assert answers["found"] == {
        "headphones": [],
        "phone on a table": [["echo-leak", None], ["false-start", "echo-leak"]],
    }
    # Two sentences, one of them with a pause of 500 ms.
    assert answers["turns"][0] > 3
    assert answers["turns"][-2:] == [2, 2]
    told_s, spoken_s = answers["spoken_s"]
    assert told_s == pytest.approx(spoken_s, abs=0.8)
    assert shown(cells).count("image/png") == 2
    assert not complaints(cells)
    assert not left_behind


def test_echo(ran):
    answers, cells, left_behind = ran("22_echo.ipynb")
    # As planted: recordings/self-hearing-loop/kitchen.vds/truth.json.
    assert answers["delay_ms"] == pytest.approx(122, abs=2)
    assert len(answers["loop"]) == 3
    assert answers["cut_off"] == 2
    # One frame of 10 ms a second is lost of 45 s, but for the first and the last.
    whole, zeroed, cut = answers["losses"]
    assert whole == zeroed == 45 * 16_000
    assert whole - cut == pytest.approx(45 * 160, abs=2 * 160)
    assert answers["answer"] == "echo"
    assert answers["delay_of_the_cut_ms"] < 122 - 10
    if importlib.util.find_spec("pywebrtc_audio"):
        off = answers["taken_off_db"]
        # What was measured on real recordings: 20.8 dB with nothing lost, as much zero-filled, 3.6 dB cut.
        assert off["nothing lost"] > 15
        assert off["zero-filled"] == pytest.approx(off["nothing lost"], abs=3)
        assert off["cut"] < 10
    else:
        assert "voicediag[cancel]" in answers["told"]
    assert {"image/png", "text/html"} <= set(shown(cells))
    assert not complaints(cells)
    assert not left_behind


def test_write_a_detector(ran):
    answers, cells, left_behind = ran("50_write_a_detector.ipynb")
    # As planted: 0.05 from 4 s to the end, at 12 s.
    assert answers["dc"] == pytest.approx(0.05, abs=0.0005)
    assert answers["where"] == [[4, 12]]
    assert answers["twin"] == []
    assert answers["short"]["dc-offset"] == "user-sent lasts 2.0 s, less than 3 s"
    assert answers["roots"] == ["dc-offset"]
    assert answers["hidden"] == ["dc-offset"], "the lesson of its chapter 6 is that the echo is hidden"
    assert answers["told"] == ["dc-offset", "echo-leak"]
    assert answers["worst"] < 0.001
    # What it says of recordings/clean, and what its limit's source says.
    assert answers["worst_clean"] == pytest.approx(0.012, abs=0.0005)
    assert answers["limit"] >= 2 * answers["worst_clean"]
    assert set(answers["also"]) == {"clipped-audio", "dc-offset"}
    assert not complaints(cells)
    assert not left_behind
