"""The one call stays one, whatever else was imported."""

import subprocess
import sys

CODE = """
import voicediag as vd
from voicediag.check import judged
import voicediag.check
print([finding.id for finding in vd.check(vd.load_demo()).root_causes], callable(judged))
"""


def test_the_module_of_that_name_is_the_call_too():
    done = subprocess.run([sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['echo-leak'] True", done.stderr
