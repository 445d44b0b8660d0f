"""`voicediag record --browser`, and the page that it serves."""

import json
import subprocess
import sys
from contextlib import contextmanager

RECORD = (sys.executable, "-c", "from voicediag.cli import main; main()", "record", "--browser", "--no-open")
PATIENCE_MS = 60_000


@contextmanager
def recording(folder):
    command = (*RECORD, "--no-check", "--json", "--out", str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, json.loads(process.stderr.readline())["page"]
        finally:
            process.kill()


def opened(browser):
    """A new tab that keeps what its pages complain of."""
    tab = browser.new_page()
    tab.set_default_timeout(PATIENCE_MS)
    tab.complaints = []
    tab.on("console", lambda message: tab.complaints.append(message.text) if message.type != "log" else None)
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    return tab


def recorded_for(tab, seconds):
    # The page's policy lets no test evaluate text in it, and a hanging page shows no second in its time.
    tab.wait_for_selector(", ".join(f"[data-seconds='{shown}']" for shown in range(seconds, seconds + 30)))
