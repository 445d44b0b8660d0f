"""A page in a real browser as a resampler: what Web Audio makes of a sound on its way to another rate.

Playwright starts a Chromium without a window. Its one page is answered from this package's files, so that nothing
listens and nothing leaves the machine.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import threading
from pathlib import Path
from queue import Queue
from typing import Any, Self

import numpy as np

from voicediag.errors import InputError
from voicediag.resampling.arguments import Rates
from voicediag.resampling.plan import Plan
from voicediag.resampling.tones import Array

BROWSER = "browser:"
BUFFER, DECODE, MICROPHONE = "AudioBufferSourceNode", "decodeAudioData", "AudioContext"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# A secure page may have a microphone; this host is answered here, and by nobody else.
PAGE = "https://localhost/"
HTML = "<!doctype html><title>voicediag</title><script>{script}</script>"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
INSTALL = "pip install 'voicediag[browser]', and apt install chromium or playwright install chromium"
FAKE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
STOP = object()
# What a device and a context need to start, and what a file may be late by.
MARGIN_S = 2.0


class Page:
    """A page with the functions of ``browser.js``; in a thread of its own, so that a notebook's loop does not mind."""

    def __init__(self, *arguments: str) -> None:
        self._work: Queue[Any] = Queue()
        self._done: Queue[tuple[bool, Any]] = Queue()
        threading.Thread(target=self._serve, args=(arguments,), daemon=True).start()
        self._answer()

    def call(self, function: str, *values: Any) -> Any:
        """Return what a function of the page returns.

        Raises
        ------
        InputError
            Where the browser refuses.
        """
        self._work.put((function, values))
        return self._answer(expected="a page that does what it is asked for", likely="a rate that Web Audio refuses")

    def close(self) -> None:
        """End the browser."""
        self._work.put(STOP)
        self._answer()

    def _answer(self, *, expected: str = "a Chromium that Playwright can start", likely: str = INSTALL) -> Any:
        works, value = self._done.get()
        if works:
            return value
        raise InputError(expected=expected, got=str(value).strip().splitlines()[0], likely=likely)

    def _serve(self, arguments: tuple[str, ...]) -> None:
        try:
            from playwright.sync_api import sync_playwright

            found = next(filter(None, map(shutil.which, PROGRAMS)), None)
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=found, args=[*QUIET, *arguments])
                tab = browser.new_page(ignore_https_errors=True)
                tab.route("**/*", _answered)
                tab.goto(PAGE)
                self._done.put((True, None))
                while (work := self._work.get()) is not STOP:
                    self._done.put(_called(tab, *work))
                browser.close()
        except Exception as error:  # noqa: BLE001  whatever it was, it is said to who waits
            self._done.put((False, error))
        else:
            self._done.put((True, None))


def _called(tab: Any, function: str, values: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, tab.evaluate("([name, values]) => window[name](...values)", [function, values])
    except Exception as error:  # noqa: BLE001  as above
        return False, error


def _answered(route: Any) -> None:
    """Answer the one request that is the page, and no other one."""
    if route.request.url == PAGE:
        route.fulfill(content_type="text/html", body=HTML.format(script=_file("browser.js")))
    else:
        route.abort()


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


class Node:
    """One way in which a page resamples, called with samples like a function; `close` ends its browser."""

    def __init__(self, way: str, rates: Rates) -> None:
        if way not in (BUFFER, DECODE):
            ways = ", ".join(BROWSER + each for each in (BUFFER, DECODE, MICROPHONE))
            raise InputError(expected=f"one of {ways}", got=repr(BROWSER + way))
        self.way, self.rates = way, rates
        self.__name__ = BROWSER + way
        self.page = Page()

    def __call__(self, samples: Array) -> Array:
        """Return what the page made of float32 samples."""
        sound = np.ascontiguousarray(samples, dtype="<f4")
        sent = sound.tobytes() if self.way == BUFFER else _wav(sound, self.rates.in_hz)
        got = self.page.call(f"{self.way}_", base64.b64encode(sent).decode(), self.rates.in_hz, self.rates.out_hz)
        return _floats(got)

    def __enter__(self) -> Self:
        """Return itself; its browser ends with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End its browser."""
        self.page.close()


def heard(signal: Plan) -> Array:
    """Return what a page hears of the test signal in its microphone.

    Raises
    ------
    InputError
        Where the browser's microphone has another rate.
    """
    import soundfile

    rate = signal.rate_in_hz
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.wav")
        # Chromium begins to read where it opens the microphone, and a moment later the page hears it.
        sound = np.concatenate([np.zeros(rate // 2), signal.samples, np.zeros(rate)])
        soundfile.write(path, sound, rate, subtype="PCM_16")
        page = Page(*FAKE, f"--use-file-for-fake-audio-capture={path}%noloop")
        try:
            worklet = _file("browser_worklet.js")
            got = page.call("microphone_", worklet, signal.rate_out_hz, signal.duration_s + MARGIN_S)
        finally:
            page.close()
    if got["rate"] not in (None, rate):
        raise InputError(
            expected=f"a microphone of {rate} Hz",
            got=f"one of {got['rate']} Hz",
            likely=f"--from {got['rate']}: the browser decides on it",
        )
    return _floats(got["samples"])


def _floats(text: str) -> Array:
    return np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float64)


def _wav(sound: Any, rate_hz: int) -> bytes:
    """Return float samples as a WAV file."""
    import io

    import soundfile

    file = io.BytesIO()
    soundfile.write(file, sound, rate_hz, subtype="FLOAT", format="WAV")
    return file.getvalue()
