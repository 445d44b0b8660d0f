"""The page in a real browser: no error, no request, and its players play."""

import pytest

import voicediag as vd
from voicediag.present import page

pytestmark = pytest.mark.browser
PLAYED_S = 1.0


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page.render(vd.check(vd.load_demo())), encoding="utf-8")
    return path


@pytest.fixture
def shown(browser, report):
    """The page, and what it complained about and asked for."""
    tab = browser.new_page()
    tab.complaints, tab.asked = [], []
    tab.on("console", lambda message: tab.complaints.append(message.text) if message.type != "log" else None)
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.goto(report.as_uri())
    yield tab
    tab.close()


def test_it_loads_without_a_word_and_without_a_request(shown, report):
    shown.wait_for_function("[...document.querySelectorAll('audio')].every((a) => a.readyState > 0)")
    assert shown.complaints == []
    assert [url for url in shown.asked if not url.startswith("data:")] == [report.as_uri()]


def test_every_clip_is_as_long_as_its_span(shown):
    shown.wait_for_function("[...document.querySelectorAll('audio')].every((a) => a.readyState > 0)")
    # An encoder's delay that was not taken off again would show here.
    longer_s = shown.evaluate("""() => [...document.querySelectorAll('.vd-player')].flatMap((player) =>
      [...player.querySelectorAll('audio')].map((a) => a.duration - (player.dataset.to - player.dataset.from)))""")
    assert longer_s
    assert all(abs(one) < 0.001 for one in longer_s)


def test_one_button_plays_both_tracks_and_moves_the_cursor(shown):
    first = shown.locator(".vd-player").first
    first.locator(".vd-play").click()
    cursor = shown.locator(".vd-evidence .vd-cursor").first
    cursor.wait_for(state="visible")
    before = cursor.evaluate("(e) => parseFloat(e.style.left)")
    shown.wait_for_function(
        "(b) => parseFloat(document.querySelector('.vd-cursor:not([hidden])').style.left) > b", arg=before
    )
    first.locator("[data-hear='1:0']").click()
    assert first.locator("[aria-pressed=true]").get_attribute("data-hear") == "1:0"
    first.locator(".vd-play").click()
    cursor.wait_for(state="hidden")
    assert shown.complaints == []


def test_a_click_on_the_picture_plays_from_there(shown):
    shown.locator(".vd-evidence .vd-lane").first.click()
    shown.locator(".vd-play.vd-playing").wait_for()
    share = shown.locator(".vd-cursor:not([hidden])").evaluate("(e) => parseFloat(e.style.left)")
    assert 40 < share < 70


def test_it_can_be_used_by_keyboard(shown):
    shown.locator(".vd-player .vd-play").first.focus()
    shown.keyboard.press("Enter")
    shown.locator(".vd-play.vd-playing").wait_for()


def test_it_fits_a_phone(shown):
    shown.set_viewport_size({"width": 375, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") <= 375
