"""A tunnel on this machine that can be broken: every connection through it is cut without a word."""

import asyncio
import threading
from contextlib import contextmanager, suppress


@contextmanager
def tunnel(port):
    """Lead to a port of this machine; give the tunnel's own port, and what breaks it."""
    loop, ready, ways = asyncio.new_event_loop(), threading.Event(), []

    async def lead(reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        ways.extend((writer, far_writer))
        await asyncio.gather(passed(reader, far_writer), passed(far_reader, writer))

    async def passed(reader, writer):
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    def run():
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(asyncio.start_server(lead, "127.0.0.1", 0))
        opened.append(server.sockets[0].getsockname()[1])
        ready.set()
        loop.run_forever()
        server.close()
        for writer in ways:
            writer.transport.abort()
        # Whoever reads from what was cut comes to its end.
        loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    def cut():
        for writer in ways:
            loop.call_soon_threadsafe(writer.transport.abort)
        ways.clear()

    opened = []
    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield opened[0], cut
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
