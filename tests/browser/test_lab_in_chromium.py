"""The first notebook in a real JupyterLab in a real browser, run by its menu as a person would."""

import re
import shutil
from pathlib import Path

import pytest
from labs import lab

pytestmark = pytest.mark.browser
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "00_start_here.ipynb"
PATIENCE_MS = 60_000


def test_the_first_notebook_shows_its_root_cause_and_plays_it(browser, tmp_path):
    shutil.copy(NOTEBOOK, tmp_path)
    with lab(tmp_path) as address:
        tab = browser.new_page()
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(address.replace("/lab?", f"/lab/tree/{NOTEBOOK.name}?"))
        # What is run before the kernel is there is not run at all.
        tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        tab.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
        tab.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
        outputs = tab.locator(".jp-OutputArea-output")
        outputs.get_by_text("Put the name of a recording into PATH").wait_for()
        assert outputs.get_by_text("Root cause").first.is_visible()
        assert outputs.get_by_text("self-hearing-loop").first.is_visible()
        tab.wait_for_function("[...document.querySelectorAll('.jp-OutputArea audio')].some((a) => a.readyState > 0)")
        assert outputs.locator("svg, img").count() > 0
        # JupyterLab's own style sheet would float the terms of a list beside their numbers.
        assert outputs.locator("dt").first.evaluate("term => getComputedStyle(term).float") == "none"
        assert not tab.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count()
        tab.close()
