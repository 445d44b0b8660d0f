"""`voicediag studio`, as a kernel starts it: it says where its page is, serves it, and ends with whoever started it."""

import json
import os
import subprocess
import sys
import urllib.request

import pytest

from voicediag.live.talk.serving import FILES

STUDIO = (sys.executable, "-c", "from voicediag.cli import main; main()", "studio")
ATTACHED = ("--attached", "--json", "--no-open")


def test_it_serves_its_page_and_ends_with_whoever_started_it(tmp_path):
    command = (*STUDIO, "emulator", *ATTACHED, "--out", str(tmp_path))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            told = json.loads(process.stdout.readline())
            assert told["schema"] == "voicediag.studio/1"
            for name in ("", *FILES):
                with urllib.request.urlopen(told["page"] + name) as got:  # noqa: S310 - on loopback
                    assert got.status == 200
                    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
                    assert "unsafe" not in got.headers["Content-Security-Policy"]
            process.stdin.close()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("asked", "said"),
    [(("acme",), "expected a provider of"), (("openai",), "OPENAI_API_KEY"), (("--fault", "ecko"), "ecko")],
)
def test_what_cannot_be_talked_to_is_refused_before_a_page_is_served(asked, said, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = subprocess.run((*STUDIO, *asked, "--no-open"), capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert not done.stdout
