"""The documents run: each command and each piece of Python in them, each limit, each key and each arrow.

A block marked ``console`` is tried: lines after ``$`` are commands, what follows are lines of their output in order,
where ``...`` stands for anything. ``$ echo $?`` states the exit code. Blocks
marked ``text``, ``sh`` and ``json`` are read by people only. A number in code such as ``measure.echo.FEW_FRAMES = 8``
is compared with the constant.
"""

import base64
import importlib
import importlib.util
import io
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scenes import held_up

import voicediag as vd
from voicediag import cli
from voicediag.detect import DETECTORS, Limit
from voicediag.detect.examination import Examination
from voicediag.diagnose import EXPLAINS
from voicediag.present import as_json

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "recordings"
KITCHEN = RECORDINGS / "self-hearing-loop" / "kitchen.vds"
FAULTS = [detector.id for detector in DETECTORS]
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if page.is_file()]
RAN = ("voicediag", "head")
# The function, also where somebody imported the module of that name before.
check = getattr(vd.check, "check", vd.check)


@dataclass(frozen=True)
class Example:
    """A command of a document, the output that it shows and the exit code that it states."""

    page: str
    line: int
    command: str
    shown: tuple[str, ...]
    code: int | None


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """The line and the text of each fenced block of one language."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start()) + 2, match[1]) for match in found]


def examples(page: Path) -> list[Example]:
    """The commands of a document, in order."""
    found: list[Example] = []
    for first, block in blocks(page, "console"):
        for line, prompt in enumerate(block.splitlines(), first):
            if prompt == "$ echo $?":
                found[-1] = Example(**{**vars(found[-1]), "code": -1})
            elif prompt.startswith("$ "):
                found.append(Example(page.relative_to(ROOT).as_posix(), line, prompt[2:], (), None))
            elif found[-1].code == -1:
                found[-1] = Example(**{**vars(found[-1]), "code": int(prompt)})
            elif prompt.strip():
                found[-1] = Example(**{**vars(found[-1]), "shown": (*found[-1].shown, prompt)})
    return found


EXAMPLES = [example for page in PAGES for example in examples(page)]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def first_missing(shown: tuple[str, ...], output: str) -> str | None:
    """The first line of a document that the output does not have after those before it, or None."""
    text, place = squeezed(output), 0
    for line in shown:
        for wanted in map(squeezed, line.split("...")):
            found = text.find(wanted, place)
            if found < 0:
                return line
            place = found + len(wanted)
    return None


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the recordings and with files of the names that the documents use."""
    desk = tmp_path_factory.mktemp("desk")
    (desk / "recordings").symlink_to(RECORDINGS, target_is_directory=True)
    session = vd.load(KITCHEN)
    mic, speaker = (track.read(vd.spans.Span(0, session.duration_s)) for track in (session.heard, session.spoken))
    soundfile.write(desk / "mic.wav", mic, session.heard.rate_hz)
    for name, sound in (("speaker", speaker), ("received", speaker), ("played", held_up(speaker, 24_000))):
        soundfile.write(desk / f"{name}.wav", sound, session.spoken.rate_hz)
    # A 24 kHz voice at the mic's 16 kHz would alias; pairs that are averaged leave a telephone band, and an echo in it.
    far = np.interp(np.arange(mic.size) * 1.5, np.arange(speaker.size), speaker).astype(np.float32)
    soundfile.write(desk / "call.wav", np.stack([mic, far], axis=1), session.heard.rate_hz)
    write_log(desk / "session.jsonl")
    return desk


def write_log(path: Path) -> None:
    """Write the kitchen's wire with its sound put back into the messages, as other people's logs have it."""
    taps = ("user-sent", "agent-received")
    sound = {name: soundfile.read(KITCHEN / f"{name}.flac", dtype="int16")[0] for name in taps}
    with path.open("w", encoding="utf-8") as file:
        for text in (KITCHEN / "wire.jsonl").read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            if audio := line.get("audio"):
                frames = sound[audio["track"]][audio["frame"] : audio["frame"] + audio["frames"]]
                put_sound(line["msg"], base64.b64encode(frames.astype("<i2").tobytes()).decode())
            file.write(json.dumps({"t": line["t_ns"] / 1e9, "dir": line["dir"], "msg": line["msg"]}) + "\n")


def put_sound(message: dict | list, data: str) -> None:
    """Fill the empty ``data`` of a Gemini message."""
    for value in message.values() if isinstance(message, dict) else message:
        if isinstance(value, dict) and value.get("data") == "" and str(value.get("mimeType")).startswith("audio/"):
            value["data"] = data
        elif isinstance(value, dict | list):
            put_sound(value, data)


@dataclass(frozen=True)
class Ran:
    """What a command printed, on both streams, and its exit code."""

    code: int
    output: str


def run(command: str) -> Ran:
    """Run a command in this process: importing scipy anew for each of them would take longer than all of them."""
    typed, _, made = command.partition(" > ")
    words = [found for word in shlex.split(typed) for found in (sorted(map(str, Path().glob(word))) or [word])]
    if words[0] != "voicediag":
        done = subprocess.run(words, capture_output=True, check=True)
        Path(made).write_bytes(done.stdout)
        return Ran(done.returncode, "")
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as end:
            cli.main()
    return Ran(end.value.code or 0, printed.getvalue())


@pytest.fixture(scope="module")
def runs(desk):
    """Every different command, run once, in order, at a terminal wide enough that no line is broken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk)
        patch.setenv("COLUMNS", "400")
        # The README says that nothing leaves the machine.
        patch.setattr(socket.socket, "connect", None)
        return {command: run(command) for command in dict.fromkeys(example.command for example in EXAMPLES)}


def test_there_are_examples():
    assert len(EXAMPLES) >= 10
    assert {example.command.split()[0] for example in EXAMPLES} <= set(RAN)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.page}:{example.line}")
def test_a_command_does_what_its_page_shows(example, runs):
    ran = runs[example.command]
    if example.code is None:
        assert ran.code in (0, 1), f"{example.command} exits {ran.code}; a page that shows a 2 says so"
    else:
        assert ran.code == example.code, ran.output
    missing = first_missing(example.shown, ran.output)
    assert missing is None, f"{example.page}:{example.line} shows {missing!r}, which is not in:\n{ran.output}"


def test_a_terminal_gets_the_same(desk, runs):
    call = [sys.executable, "-m", "voicediag", "demo", "--recorded"]
    env = {**os.environ, "COLUMNS": "400", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(call, cwd=desk, capture_output=True, check=True, env=env)
    assert squeezed(done.stdout.decode()) == squeezed(runs["voicediag demo --recorded"].output)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_python_of_a_page_runs(page, desk):
    for line, code in blocks(page, "python"):
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=desk, capture_output=True, check=False)
        assert done.returncode == 0, f"{page.name}:{line}\n{done.stderr.decode()}"


def test_a_page_that_shows_what_is_not_there_is_caught():
    assert first_missing(("HIGH  echo-leak", "clear"), "HIGH echo-leak\n  clear") is None
    assert first_missing(("clear", "HIGH  echo-leak"), "HIGH echo-leak\n  clear") == "HIGH  echo-leak"
    assert first_missing(("after ... ms, 14 dB",), "after 122 ms, 14 dB below") is None
    assert first_missing(("after ... ms, 15 dB",), "after 122 ms, 14 dB below") == "after ... ms, 15 dB"


class TestEachFaultPage:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_tries_its_own_recordings(self, fault):
        page = ROOT / "docs" / "faults" / f"{fault}.md"
        commands = [example.command for example in examples(page)]
        assert any(f"recordings/{fault}/" in command for command in commands), commands

    @pytest.mark.parametrize("fault", FAULTS)
    def test_quotes_the_limits_of_the_code(self, fault):
        module = importlib.import_module(f"voicediag.detect.{fault.replace('-', '_')}")
        held = [pair for part in (module, *getattr(module, "WITNESSES", ())) for pair in vars(part).items()]
        right = {f"| `{key}` | {it.value:g} {it.unit} | {it.source} |" for key, it in held if isinstance(it, Limit)}
        text = (ROOT / "docs" / "faults" / f"{fault}.md").read_text(encoding="utf-8")
        quoted = {line for line in text.splitlines() if re.match(r"\| `[A-Z_]+` \|", line)}
        assert quoted == right, f"docs/faults/{fault}.md: these are the limits:\n" + "\n".join(sorted(right - quoted))

    @pytest.mark.parametrize("fault", FAULTS)
    def test_has_the_same_chapters(self, fault):
        text = (ROOT / "docs" / "faults" / f"{fault}.md").read_text(encoding="utf-8")
        chapters = re.findall(r"^## (.+)$", text, re.MULTILINE)
        first = ["What you hear", "How it comes about", "How voicediag tells it", "What it cannot tell"]
        assert chapters == [*first, "What to change", "Try it", "References"]

    @pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
    def test_gives_its_cause_and_its_question(self, detector):
        text = (ROOT / "docs" / "faults" / f"{detector.id}.md").read_text(encoding="utf-8")
        assert f"Cause: {detector.cause}. It asks: *{detector.question}*" in text


CONSTANT = re.compile(r"`([a-z_]+(?:\.[a-z_]+)*)\.([A-Z][A-Z_]+) = ([^`]+)`")
CONSTANTS = [(page, *match) for page in PAGES for match in CONSTANT.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("page", "module", "name", "value"), CONSTANTS, ids=lambda part: getattr(part, "stem", part))
def test_a_constant_is_that_of_the_code(page, module, name, value):
    actual = getattr(importlib.import_module(f"voicediag.{module}"), name)
    assert value == f"{actual:g}", page


def test_links_lead_somewhere():
    links = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
    targets = [(page, target) for page in PAGES for target in links.findall(page.read_text(encoding="utf-8"))]
    lost = [
        (page.name, target) for page, target in targets if "://" not in target and not (page.parent / target).exists()
    ]
    assert not lost


def test_paths_that_are_named_exist():
    named = re.compile(r"`((?:voicediag|docs|tests|recordings|notebooks)/[\w/.-]+)`")
    pages = (*PAGES, *sorted((ROOT / "notebooks").glob("*.ipynb")))
    paths = {path for page in pages for path in named.findall(page.read_text(encoding="utf-8"))}
    # The notebook on a detector of one's own names the files that it is about to make.
    assert not {path for path in paths if "offset" not in path and "NAME" not in path and not (ROOT / path).exists()}


def test_the_readme_lists_every_fault():
    listed = [re.search(r"`([\w-]+)`", row[0])[1] for row in table("README.md", "What it finds today")]
    assert listed == FAULTS


# --- the keys of JSON ------------------------------------------------------------------------------------------------


def table(page: str, chapter: str) -> list[list[str]]:
    """The rows of the first table under a heading of a document."""
    text = (ROOT / page).read_text(encoding="utf-8")
    after = re.split(rf"^#+ {re.escape(chapter)}.*$", text, maxsplit=1, flags=re.MULTILINE)[1]
    rows = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def keys_of(page: str, chapter: str) -> set[str]:
    return {row[0].strip("`") for row in table(page, chapter)}


def measures() -> dict[str, set[str]]:
    """The keys that ``measure`` may hold for each fault, by the document."""
    rows = table("docs/json.md", "What `measure` holds")
    return {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows}


def flat(value: object, at: str = "", *, leaves: tuple[str, ...] = ()) -> set[str]:
    """The paths of a JSON value, ``[]`` for each list of objects; what lies under a leaf is not looked at."""
    if any(fnmatchcase(at, leaf) for leaf in leaves):
        return {at}
    if isinstance(value, dict):
        paths = {path for key, inner in value.items() for path in flat(inner, f"{at}.{key}".lstrip("."), leaves=leaves)}
        return paths or {at}
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        return {path for inner in value for path in flat(inner, f"{at}[]", leaves=leaves)}
    return {at}


@cache
def reports() -> tuple[dict, ...]:
    """The JSON of one recording for each fault, and of a clean one."""
    folders = [next(iter(sorted(RECORDINGS.glob(f"{fault}/*.vds"))), None) for fault in (*FAULTS, "clean")]
    return tuple(as_json.check(check(vd.load(folder))) for folder in folders if folder)


class TestJsonPage:
    def test_has_the_keys_that_a_check_prints(self):
        leaves = ("findings[[]].evidence[[]].measure", "meters", "session.marked")
        printed = set().union(*(flat(report, leaves=leaves) for report in reports()))
        # A list that happens to be empty everywhere still has its name.
        documented = keys_of("docs/json.md", "`voicediag check PATH --json`")
        lists = {"findings", "unjudged", "latency.turns", "latency.barge_ins"}
        lists |= {f"cost.{name}" for name in ("turns", "prices", "idle", "elsewhere")}
        assert printed - lists == documented

    def test_has_the_keys_of_each_measure(self):
        documented = measures()
        assert documented.keys() == set(FAULTS)
        for report in reports():
            for finding in report["findings"]:
                printed = set().union(*(evidence["measure"] for evidence in finding["evidence"]))
                assert printed <= documented[finding["id"]], finding["id"]

    def test_names_no_measure_that_the_code_does_not_have(self):
        for fault, keys in measures().items():
            shared = ("slips", "lost_capture", "capture_slips", "echo_jumps", "breaks", "canceller_motion")
            names = (fault.replace("-", "_"), "padded_remainders", *shared)
            sources = [(ROOT / "voicediag" / "detect" / f"{name}.py").read_text(encoding="utf-8") for name in names]
            assert not {key for key in keys if f'"{key}"' not in "".join(sources)}, fault

    def test_has_the_keys_that_a_meter_prints(self):
        session = vd.load(KITCHEN)
        meters = {name: reading.meters() for name, reading in Examination(session).readings.items()}
        printed = flat(as_json.meters(meters, source=session.source))
        assert printed == keys_of("docs/json.md", "`voicediag meter PATH --json`")
        by_track = set().union(*(report["meters"][name] for report in reports() for name in report["meters"]))
        assert {f"tracks[].{key}" for key in by_track} | {"schema", "source", "tracks[].name"} == printed


def whole(name: str) -> list[str]:
    """The texts of one file of every recording that is not damaged on purpose."""
    paths = [path for path in RECORDINGS.glob(f"*/*.vds/{name}") if path.parts[-3] != "damaged-recording"]
    return [path.read_text(encoding="utf-8") for path in paths]


class TestSessionFolderPage:
    PAGE = "docs/session_folder.md"

    def test_has_the_keys_of_the_manifest(self):
        held = set().union(*(flat(json.loads(text)) for text in whole("session.json")))
        assert {re.sub(r"^clocks\.[^.]+", "clocks.<track>", key) for key in held} == keys_of(self.PAGE, "session.json")

    @pytest.mark.parametrize("name", ["wire.jsonl", "playback.jsonl"])
    def test_has_the_keys_of_a_line(self, name):
        lines = [json.loads(line) for text in whole(name) for line in text.splitlines()]
        assert set().union(*(flat(line, leaves=("msg",)) for line in lines)) == keys_of(self.PAGE, name)

    def test_has_the_keys_of_the_truth(self):
        leaves = ("faults[[]].sizes", "faults[[]].spans")
        held = set().union(*(flat(json.loads(text), leaves=leaves) for text in whole("truth.json")))
        assert held - {"faults"} == keys_of(self.PAGE, "truth.json")

    def test_names_the_files_that_a_session_is_written_as(self, tmp_path):
        from voicediag.formats import session_folder

        session_folder.write(vd.load(KITCHEN), tmp_path / "again.vds", truth={})
        written = {path.name for path in (tmp_path / "again.vds").iterdir()}
        assert written <= keys_of(self.PAGE, "The session folder"), written


# --- the house -------------------------------------------------------------------------------------------------------


class TestArchitecturePage:
    PAGE = "docs/architecture.md"

    def test_has_the_rooms_and_arrows_of_the_house(self):
        spec = importlib.util.spec_from_file_location("arrows", ROOT / "tests" / "house" / "test_arrows.py")
        arrows = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(arrows)
        rooms = {arrows.room_of(module) for module in arrows.modules()}
        allowed = {room: arrows.MAY_IMPORT[room] for room in rooms - {"__init__", "__main__"}}
        drawn = {}
        for room, _, imports in table(self.PAGE, "The rooms"):
            named = set(re.findall(r"`(\w+)`", imports))
            for name in re.findall(r"`(\w+)`", room):
                drawn[name] = arrows.ALL if imports == "all" else named
        assert drawn == allowed

    def test_has_the_table_of_what_explains_what(self):
        rows = table(self.PAGE, "How the root cause is found")
        drawn = {row[0].strip("`"): set(re.findall(r"`([\w-]+)`", row[1])) for row in rows}
        assert drawn == {str(cause): {str(symptom) for symptom in known} for cause, known in EXPLAINS.items()}
