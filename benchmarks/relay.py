"""What the recording relay costs a call: latency, throughput, and whether every message came through and was kept.

``python -m benchmarks.relay [--sessions 1 20 200] [--seconds 10]`` lets an app send 20 ms of sound 50 times a second on
each of some connections, directly and through the relay, each program in a process of its own. A message carries the
time at which it was sent; all processes read the same monotonic clock. Then a million messages pass as fast as they
can: more than a recorder can keep, which then says how many it has not. Both ends take a checksum of each connection.
Last, hours of a call pass as fast as the recorder takes them, while the memory of both processes is watched.

``benchmarks/relay.md`` holds what it printed.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import multiprocessing as mp
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import numpy as np
from aiohttp import web

from benchmarks.table import show
from voicediag.live.relay import Relay, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A_SECOND = 50
SOUND = base64.b64encode(np.random.default_rng(1).integers(-9_000, 9_000, 480).astype("<i2").tobytes()).decode()
MANY = 1_000_000
MANY_SESSIONS = 4
MS = 1_000.0
HOURS = 2
# Below what the recorder keeps up with, so that all of it is recorded.
HASTE = 2_000
MEGA = 1024.0


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 20, 100, 200])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--many", type=int, default=MANY, help="messages of the second table")
    asked = parser.parse_args()
    rows = [row for sessions in asked.sessions for row in _paced(sessions, asked.seconds)]
    columns = ("calls", "through", "messages", "same bytes", "kept", "p50 ms", "p99 ms", "max ms")
    show(f"20 ms of sound {A_SECOND} times a second for {asked.seconds:g} s, one way", columns, rows)
    show(
        "As fast as they can",
        ("calls", "through", "messages", "same bytes", "kept", "messages a second"),
        _many(asked.many),
    )
    show(
        f"Memory over {HOURS} hours of one call, {HASTE // A_SECOND} times as fast as it was held",
        ("hours so far", "relay MB", "recorder MB"),
        _hours(HOURS),
        note="both directions are one stream here: 50 messages of 20 ms a second",
    )


def _paced(sessions: int, seconds: float) -> Iterator[list[object]]:
    for through in ("nothing", "the relay"):
        with tempfile.TemporaryDirectory() as out:
            latency_ms, _, same = _measured(through, Path(out), sessions, round(seconds * A_SECOND), A_SECOND)
            kept = _kept(Path(out)) if through == "the relay" else None
        p50, p99, most = np.percentile(latency_ms, (50, 99, 100))
        sent = sessions * round(seconds * A_SECOND)
        yield [sessions, through, sent, _arrived(latency_ms, same), kept, float(p50), float(p99), float(most)]


def _many(messages: int) -> Iterator[list[object]]:
    for through in ("nothing", "the relay"):
        with tempfile.TemporaryDirectory() as out:
            latency_ms, took_s, same = _measured(through, Path(out), MANY_SESSIONS, messages // MANY_SESSIONS, None)
            kept = _kept(Path(out)) if through == "the relay" else None
        yield [MANY_SESSIONS, through, messages, _arrived(latency_ms, same), kept, len(latency_ms) / took_s]


def _hours(hours: int) -> list[list[object]]:
    """Return the memory of the relay and of its recorder, ten times on the way."""
    rows: list[list[object]] = []
    messages = hours * 3_600 * A_SECOND
    with tempfile.TemporaryDirectory() as out, _process(_provide) as provider, ThreadPoolExecutor(1) as sending:
        port = provider.recv()
        with _process(_relay, port, Path(out)) as relay:
            relayed, pid = relay.recv()
            talk = sending.submit(_send, relayed, 1, messages, HASTE)
            begin, due = time.monotonic(), messages / HASTE
            for tenth in range(1, 11):
                wait([talk], timeout=max(0.0, begin + due * tenth / 10 - time.monotonic()))
                rows.append([hours * tenth / 10, *_memory_mb(pid)])
            talk.result()
        kept = _kept(Path(out))
    rows.append([f"kept {kept} of {messages}", None, None])
    return rows


def _memory_mb(pid: int) -> tuple[float, float]:
    """Return the resident memory of a process and of its children, in MB (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return _resident_mb(pid), sum(_resident_mb(int(child)) for child in children)


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / MEGA for line in status.splitlines() if line.startswith("VmRSS"))


def _arrived(latency_ms: list[float], same: bool) -> str:  # noqa: FBT001 - a cell of the table
    return f"{len(latency_ms)}" if same else f"{len(latency_ms)}, others"


def _measured(
    through: str, out: Path, sessions: int, each: int, a_second: int | None
) -> tuple[list[float], float, bool]:
    """Return each arrived message's latency in ms, how long all took, and whether all bytes are the same."""
    with _process(_provide) as provider:
        port = provider.recv()
        if through == "nothing":
            took_s, sent = _send(port, sessions, each, a_second)
        else:
            with _process(_relay, port, out) as relay:
                took_s, sent = _send(relay.recv()[0], sessions, each, a_second)
        provider.send("how late were they?")
        late, got = provider.recv()
        return late, took_s, sorted(sent) == sorted(got)


def _kept(out: Path) -> int:
    """Return how many messages stand in the logs, without the lines that are the recorder's own."""
    logs = [file.read_bytes() for file in out.rglob("wire.jsonl")]
    return sum(log.count(b'"kind":"input_audio_buffer.append"') for log in logs)


@contextmanager
def _process(target: Callable[..., None], *arguments: object) -> Iterator[Connection]:
    ours, theirs = mp.get_context("spawn").Pipe()
    process = mp.get_context("spawn").Process(target=target, args=(theirs, *arguments))
    process.start()
    try:
        yield ours
    finally:
        ours.send(None)
        process.join()


def _relay(pipe: Connection, upstream_port: int, out: Path) -> None:
    """Relay until told to stop."""
    import os
    import signal
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    def stop() -> None:
        pipe.recv()
        os.kill(os.getpid(), signal.SIGINT)

    # Who starts a program in the background may have told it to ignore this signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=stop, daemon=True).start()
    relay = Relay(upstream=f"http://127.0.0.1:{upstream_port}", out=out, provider="openai")
    try:
        run(relay, ("127.0.0.1", port), on_ready=lambda: pipe.send((port, os.getpid())))
    except KeyboardInterrupt:
        return


def _provide(pipe: Connection) -> None:
    """Take messages, and note how late each one is."""
    late: list[float] = []
    sums: list[int] = []

    async def take(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        check = 0
        async for message in socket:
            now = time.monotonic_ns()
            check = zlib.crc32(message.data.encode(), check)
            late.append((now - int(message.data[: message.data.index(",")].rpartition(":")[2])) / 1e6)
        sums.append(check)
        return socket

    async def provide() -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        while await asyncio.to_thread(pipe.recv):
            pipe.send((late, sums))
        await runner.cleanup()

    asyncio.run(provide())


def _send(port: int, sessions: int, each: int, a_second: int | None) -> tuple[float, list[int]]:
    """Send on all connections and return how long it took, the closes included, and the checksum of each."""

    async def send() -> tuple[float, list[int]]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            url = f"ws://127.0.0.1:{port}/v1/realtime"
            sockets = [await client.ws_connect(url, max_msg_size=0) for _ in range(sessions)]
            begin = time.monotonic()
            sums = await asyncio.gather(*(_talk(socket, number) for number, socket in enumerate(sockets)))
            return time.monotonic() - begin, sums

    async def _talk(socket: aiohttp.ClientWebSocketResponse, number: int) -> int:
        check = 0
        loop = asyncio.get_running_loop()
        begin = loop.time() + (number / sessions / a_second if a_second else 0)
        for index in range(each):
            if a_second:
                await asyncio.sleep(max(0.0, begin + index / a_second - loop.time()))
            message = _message()
            check = zlib.crc32(message.encode(), check)
            await socket.send_str(message)
        await socket.close()
        return check

    return asyncio.run(send())


def _message() -> str:
    return f'{{"event_id":{time.monotonic_ns()},"type":"input_audio_buffer.append","audio":"{SOUND}"}}'


if __name__ == "__main__":
    main()
