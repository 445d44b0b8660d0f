"""How soon a page's sound is on disk, what is lost of an hour, what the page costs, and an echo through a real browser.

Part of ``python -m benchmarks.studio``. The page is that of ``voicediag record --browser`` in a headless Chromium: its
sound runs from the audio thread through a Worker and a WebSocket into the recorder's process, and the clock stops when
the file has grown. The hour is 180,000 chunks of 20 ms through the same socket as fast as the recorder takes them. The
echo is that of ``tests/browser/test_echo_through_pulse.py``: what is played comes back through PulseAudio.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import struct
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import numpy as np
import psutil

import voicediag as vd
from tests.plain_echo import plain
from tests.record_page import opened, recorded_for, recording
from tests.sound_server import echoing_sound_card
from voicediag.detect import echo_leak
from voicediag.detect.examination import Examination

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
FAKE = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
# The first chunks wait until the sink has said that it records.
SECONDS, SETTLING_S, LOOK_S = 20, 2, 0.0005
CHUNKS, RATE_HZ, FRAMES, BYTES = 180_000, 16_000, 320, 2
LOSS_DB, ECHO_S, TAKES = 14.0, 6, 3
MS = 1_000.0
COLUMNS = ("what", "measured", "unit", "wanted")


def rows(folder: Path) -> list[list[object]]:
    """Return the rows of the table."""
    found = _hour(folder / "hour.vds")
    if CHROMIUM is None:
        print("no Chromium on this machine: what a page records is left out", file=sys.stderr)
        return found
    found = [*_page(folder / "page.vds"), *found]
    if shutil.which("pulseaudio") is None or shutil.which("pactl") is None:
        print("no PulseAudio on this machine: the echo is left out", file=sys.stderr)
        return found
    return [*found, *_echo(folder)]


def _page(folder: Path) -> list[list[object]]:
    """Return how long each chunk took from the audio thread to the disk, and what the processes worked."""
    grown: list[tuple[float, int]] = []
    with _chromium(*FAKE) as browser, recording(folder) as (process, address):
        tab = opened(browser)
        tab.goto(address)
        tab.get_by_label("The agent plays").select_option("voice")
        over = threading.Event()
        watch = threading.Thread(target=_watch, args=(folder / "user-captured.pcm", grown, over))
        watch.start()
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, SETTLING_S)
        begun_s, before = time.perf_counter(), _worked(process.pid)
        recorded_for(tab, SETTLING_S + SECONDS)
        took_s = time.perf_counter() - begun_s
        shares = [100 * (after - first) / took_s for first, after in zip(before, _worked(process.pid), strict=True)]
        over.set()
        watch.join()
        tab.get_by_role("button", name="Stop").click()
        process.communicate(timeout=60)
    log: Any = vd.load(folder).capture
    late_ms = _late_ms(log, grown)
    p50, p95, p99 = np.percentile(late_ms, (50, 95, 99))
    chunk_ms = MS * float(log.frames[0]) / log.first("begin")["rate_hz"]
    lost = int(log.sequence[-1]) + 1 - log.sequence.size
    return [
        [f"audio thread to disk, {late_ms.size} chunks of {chunk_ms:.1f} ms: p50", float(p50), "ms", None],
        ["p95", float(p95), "ms", None],
        ["p99", float(p99), "ms", "< 10"],
        ["lost of these", lost, "chunks", "0"],
        ["work of the page: all of Chromium", shares[0], "% of a core", "< 35"],
        ["work of the sink and of the recorder", shares[1], "% of a core", None],
    ]


def _watch(file: Path, grown: list[tuple[float, int]], over: threading.Event) -> None:
    """Note when a file grew, and to which size."""
    size = 0
    while not over.wait(LOOK_S):
        now = file.stat().st_size if file.exists() else 0
        if now > size:
            size = now
            grown.append((MS * time.time(), size))


def _late_ms(log: Any, grown: list[tuple[float, int]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return from when it was full to when it was on disk, for each chunk while the file was watched."""
    times_ms, sizes = np.array(grown).T
    ends = BYTES * (log.frame + log.frames)
    at = np.searchsorted(sizes, ends)
    steady = (at < sizes.size) & (log.wall_ms > log.wall_ms[0] + MS * SETTLING_S)
    late: np.ndarray[Any, np.dtype[np.float64]] = times_ms[at[steady]] - log.wall_ms[steady]
    return late


def _worked(sink: int) -> tuple[float, float]:
    """Return the seconds of a core that Chromium has worked, and the sink with its recorder."""
    sinks = {sink, *(child.pid for child in psutil.Process(sink).children(recursive=True))}
    totals = [0.0, 0.0]
    for process in psutil.Process().children(recursive=True):
        try:
            times, is_chromium = process.cpu_times(), "chrom" in process.name()
        except psutil.NoSuchProcess:
            continue
        if process.pid in sinks:
            totals[1] += times.user + times.system
        elif is_chromium:
            totals[0] += times.user + times.system
    return totals[0], totals[1]


def _hour(folder: Path) -> list[list[object]]:
    """Return what is lost of an hour of two tracks that is sent as fast as it is taken."""
    with recording(folder) as (process, address):
        begun_s = time.perf_counter()
        asyncio.run(_sent(address))
        took_s = time.perf_counter() - begun_s
        process.communicate(timeout=120)
    session = vd.load(folder)
    log: Any = session.capture
    track = session.tracks["user-captured"]
    kept = int(np.count_nonzero(np.diff(log.sequence) == 1)) + 1
    looked_at = range(0, CHUNKS, 7)
    same = sum(np.array_equal(track.source.read(at * FRAMES, FRAMES) * 32_768, _sound(at)) for at in looked_at)
    haste = CHUNKS * FRAMES / RATE_HZ / took_s
    return [
        [f"lost of an hour: {CHUNKS:,} chunks of 20 ms, {haste:.0f} times as fast", CHUNKS - kept, "chunks", "0"],
        ["not the same sample by sample, of every seventh", len(looked_at) - same, "chunks", "0"],
    ]


async def _sent(address: str) -> None:
    """Send the hour, and wait until the sink has all of it."""
    begin = {"type": "begin", "rate_hz": RATE_HZ, "played": "tab", "asked": {}, "granted": {}}
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{address}stream") as socket:
        await socket.send_json(begin)
        await socket.receive()
        for number in range(CHUNKS):
            sound = _sound(number).astype("<i2").tobytes()
            head = struct.pack("<IIdddI4x", number, FRAMES, number * FRAMES, 0.0, 0.0, 1)
            await socket.send_bytes(head + sound + sound)
        await socket.send_str(json.dumps({"type": "end", "chunks": CHUNKS}))
        await socket.receive()


def _sound(number: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the samples of a chunk, which say its number."""
    return np.arange(FRAMES) + number % 30_000


def _echo(folder: Path) -> list[list[object]]:
    """Return how far off a real echo is measured: its loss, and its delay beside a plain correlation."""
    with (
        echoing_sound_card(folder, loss_db=LOSS_DB) as env,
        _chromium(FAKE[0], env=env, ignore_default_args=["--mute-audio"]) as browser,
    ):
        for take in range(TAKES):
            found = _echo_of(browser, folder / f"echo-{take}.vds")
            if found is not None:
                loss_db, delay_ms = found
                break
        else:
            return [["the echo: no window in which the devices kept step", None, None, None]]
    return [
        [f"an echo {LOSS_DB:g} dB below through Chromium: its loss is off by", loss_db, "dB", "< 0.5"],
        ["and its delay, beside a plain correlation", delay_ms, "ms", "< 2"],
    ]


def _echo_of(browser: Any, folder: Path) -> tuple[float, float] | None:
    with recording(folder) as (process, address):
        tab = opened(browser)
        tab.goto(address)
        tab.get_by_label("The agent plays").select_option("voice")
        tab.get_by_role("button", name="Record").click()
        recorded_for(tab, ECHO_S)
        tab.get_by_role("button", name="Stop").click()
        process.communicate(timeout=60)
        tab.close()
    session = vd.load(folder)
    delays_ms, _, alike = plain(session).T
    findings = echo_leak.DETECTOR.examine(Examination(session)).findings
    whole = alike > 0.99
    if not findings or not whole.any():
        return None
    measure = findings[0].primary.measure
    loss_db, delay_ms = measure["erl_db"], measure["delay_ms"]
    return abs(float(loss_db) - LOSS_DB), float(np.abs(delays_ms[whole] - float(delay_ms)).min())


@contextmanager
def _chromium(*arguments: str, **options: Any) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments], **options)
        try:
            yield browser
        finally:
            browser.close()
