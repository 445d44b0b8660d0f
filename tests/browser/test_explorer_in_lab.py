"""The session explorer in a real JupyterLab: the kernel hands it sound and pictures, and its keys are its own."""

import pytest
from labs import lab, write_notebook

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
CELL = "import voicediag as vd\nexplorer = vd.explore(vd.load_demo())\nexplorer"
TIMELINE = "document.querySelector('.vd-timeline').timeline"


def test_the_kernel_is_heard_and_seen(browser, tmp_path):
    write_notebook(tmp_path / "explore.ipynb", CELL)
    with lab(tmp_path) as address:
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        tab.set_default_timeout(PATIENCE_MS)
        errors = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(address.replace("/lab?", "/lab/tree/explore.ipynb?"))
        # What is run before the kernel is there is not run at all.
        tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        tab.locator(".jp-Cell").first.click()
        tab.keyboard.press("Shift+Enter")
        tab.wait_for_function(f"() => document.querySelector('.vd-timeline')?.timeline && {TIMELINE}.drawn")
        stage = tab.get_by_role("application", name="Timeline of")
        cells = tab.locator(".jp-Cell").count()
        stage.press("Shift+ArrowRight")
        # In JupyterLab "b" would make a cell, "d d" delete one, and the space bar scroll.
        for key in ("+", "b", "d", "d", " "):
            stage.press(key)
        position = f"{TIMELINE}.hearing.position"
        tab.wait_for_function(f"() => {position} > 0.2")
        assert tab.locator(".jp-Cell").count() == cells
        stage.press("Escape")
        tab.get_by_role("button", name="Spectrogram").click()
        tab.wait_for_function(f"() => {TIMELINE}.state.images.size === {TIMELINE}.about.tracks.length")
        assert errors == []
        tab.close()
