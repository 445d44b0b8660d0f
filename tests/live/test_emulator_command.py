"""`voicediag emulate`: what it prints, how it stops and how it refuses."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request

import pytest

from voicediag.live.emulator import FAULTS


def voicediag(*arguments):
    command = [sys.executable, "-m", "voicediag", "emulate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


class Running:
    """An emulator in a process of its own; Ctrl-C stops it."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "voicediag", "emulate", "--port", "0", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def line(self):
        return self.process.stdout.readline()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_it_says_where_it_is_and_stops_on_ctrl_c(tmp_path):
    ca_file = tmp_path / "ca.pem"
    with Running("openai", "--tls-port", "0", "--ca-file", ca_file, "--json") as running:
        told = json.loads(running.line())
        assert told["schema"] == "voicediag.emulate/1"
        context = ssl.create_default_context(cafile=ca_file)
        url = told["tls_base_url"] + "/realtime/client_secrets"
        asked = urllib.request.Request(url, data=b"{}", headers={"Authorization": "Bearer any"})  # noqa: S310 - loopback
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(asked) as answer:
            assert json.load(answer)["value"].startswith("ek_")
        assert running.stop() == (0, "", "Stopped.\n")


def test_lines_to_paste():
    with Running("gemini") as running:
        lines = list(iter(running.line, "Ctrl-C stops.\n"))
        assert running.stop()[0] == 0
    assert lines[0].startswith("gemini is emulated at http://127.0.0.1:")
    url = lines[0].split()[-1]
    assert f"export GOOGLE_GEMINI_BASE_URL={url} GEMINI_API_KEY=any\n" in lines
    assert "# (forces TLS: start the emulator with --tls-port N)\n" in lines


def test_the_faults_are_listed():
    done = voicediag("--list-faults")
    assert done.returncode == 0
    assert all(kind.says in done.stdout for kind in FAULTS.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected a provider of gemini, openai, got ''"),
        (("skype",), "got 'skype'"),
        (("gemini", "--fault", "go-away"), "likely slip: goaway"),
        (("openai", "--fault", "goaway"), "a fault that openai can have"),
        (("openai", "--scenario", "none.json"), "none.json: expected a scenario file"),
        (("openai", "--port", "70000"), "a free port"),
        (("openai", "--port", "0", "--tls-port", "0", "--ca-file", "none/ca.pem"), "a folder that does not exist"),
    ],
)
def test_a_slip_exits_2_in_one_line(arguments, said):
    done = voicediag(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("voicediag: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
