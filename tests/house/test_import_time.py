"""What is slow to import is imported where it is used: neither the package nor its help may pull it in.

It is sys.modules that is read, not a clock: scipy.signal takes 1.7 s and librosa 3.6 s here, and the list stays true
on a machine that is busy.
"""

import json
import subprocess
import sys

HEAVY = {
    "IPython",
    "anywidget",
    "asyncio",
    "ipywidgets",
    "jupyter_server",
    "jupyterlab",
    "librosa",
    "matplotlib",
    "numba",
    "scipy.signal",
    "websockets",
    "whisper_normalizer",
}


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after `code`."""
    tell = "\nimport json, sys\nsys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code + tell], capture_output=True, check=True, text=True)
    return set(json.loads(ran.stderr.splitlines()[-1]))


def test_import_voicediag_is_light():
    assert imported_by("import voicediag") & HEAVY == set()


def test_help_is_light():
    code = "import sys\nsys.argv = ['voicediag', '--help']\nfrom voicediag.cli import main\n"
    code += "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    assert imported_by(code) & HEAVY == set()
