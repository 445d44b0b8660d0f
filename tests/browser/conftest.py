"""A real Chromium for the tests of this folder."""

import shutil

import pytest


@pytest.fixture(scope="module")
def browser():
    sync = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    arguments = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    with sync.sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()
