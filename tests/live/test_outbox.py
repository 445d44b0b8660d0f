import asyncio

from voicediag.live.microphone.outbox import Outbox


def test_what_finds_no_room_on_the_way_to_the_page_is_counted():
    async def run():
        went = []

        async def send(data):
            went.append(data)

        outbox = Outbox(redact=lambda text: text.replace("secret", "-"), most_bytes=40)
        for _ in range(3):
            outbox.put(bytes(16))
        outbox.put({"a": "secret"})
        sending = asyncio.create_task(outbox.run(send))
        await outbox.sent()
        outbox.put({"a": "secret"})
        await outbox.sent()
        sending.cancel()
        return outbox.dropped, went

    assert asyncio.run(run()) == (2, [bytes(16), bytes(16), '{"a": "-"}'])


def test_a_connection_that_another_stands_in_for_sends_and_counts_no_more(monkeypatch):
    monkeypatch.setattr("voicediag.live.microphone.outbox.KEPT_BYTES", 20)

    async def run():
        outbox, first, second = Outbox(), [], []
        reached, held = asyncio.Event(), asyncio.Event()

        async def slow(data):
            first.append(data)
            if len(first) == 4:
                reached.set()
                await held.wait()

        async def send(data):
            second.append(data)

        for number in range(6):
            outbox.put(bytes([number]) * 10)
        old = asyncio.create_task(outbox.run(slow))
        await reached.wait()
        # Three went, of which two are still kept; the page says that it has heard none of them.
        new = asyncio.create_task(outbox.run(send, heard=0))
        await outbox.sent()
        held.set()
        await old
        dropped = outbox.dropped
        outbox.restart()
        outbox.put(b"anew")
        newest = asyncio.create_task(outbox.run(send))
        await outbox.sent()
        new.cancel()
        newest.cancel()
        return [data[0] for data in second[:-1]], second[-1], dropped

    assert asyncio.run(run()) == ([1, 2, 3, 4, 5], b"anew", 1)
