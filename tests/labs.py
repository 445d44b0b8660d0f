"""A JupyterLab of this environment, notebooks for it, and a hand that runs their cells."""

import subprocess
import sys
from contextlib import contextmanager

import nbformat

# Without a kernel's name the first thing that is shown is a question.
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
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


def write_notebook(path, *cells):
    """Write a notebook of these cells of code."""
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": KERNEL}), path)


def run_cell(tab, number):
    """Run a cell of the notebook that a tab shows."""
    tab.locator(".jp-CodeCell .cm-content").nth(number).click()
    tab.keyboard.press("Control+Enter")
