"""The wheel is complete: installed away from this tree, it carries its data and runs its demo."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import voicediag

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "voicediag"
DEMO = ROOT / "recordings" / "self-hearing-loop" / "kitchen.vds"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built by the hatchling of the lock."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(build, capture_output=True, check=False, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


def test_it_carries_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "voicediag/py.typed" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"voicediag"}
    sources = {path for path in PACKAGE.rglob("*") if path.is_file() and path.parent.name != "__pycache__"}
    assert {path.relative_to(ROOT).as_posix() for path in sources} <= names
    assert {f"voicediag/demo.vds/{path.name}" for path in DEMO.iterdir()} <= names


def test_it_bears_the_version_of_the_package(wheel):
    assert wheel.name == f"voicediag-{voicediag.__version__}-py3-none-any.whl"


def test_its_demo_runs(wheel, tmp_path):
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    subprocess.run(pip, check=True)
    # Its own folder comes before this tree's editable install, which serves the libraries.
    env = os.environ | {"PYTHONPATH": str(site)}
    where = [sys.executable, "-P", "-c", "import voicediag; print(voicediag.__file__)"]
    ran = subprocess.run(where, cwd=tmp_path, env=env, capture_output=True, check=True, text=True)
    assert Path(ran.stdout.strip()).is_relative_to(site)

    demo = [str(site / "bin" / "voicediag"), "demo", "--json"]
    ran = subprocess.run(demo, cwd=tmp_path, env=env, capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["schema"].startswith("voicediag.")
    assert report["root_causes"], "the demo's recording has a fault"
