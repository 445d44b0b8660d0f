"""A JupyterLab of this environment."""

import subprocess
import sys
from contextlib import contextmanager

# What a first start would ask, and what would ask the network.
QUIET = ("--LabApp.news_url=''", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")


@contextmanager
def lab(folder):
    """Run JupyterLab on a folder and give its address, token included."""
    settings = ("--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root", f"--ServerApp.root_dir={folder}")
    command = [sys.executable, "-m", "jupyter", "lab", *settings, *QUIET]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            line = next(line for line in server.stderr if "token=" in line)
            yield line[line.index("http") :].strip()
        finally:
            server.terminate()
            server.stderr.read()
