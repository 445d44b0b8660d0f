"""An app for Twilio to dial, around ``pipecat``'s serializer: it greets, presses on, is broken into, and clears."""

import asyncio
import json
import math
import struct
import sys
from types import SimpleNamespace

RATE_HZ = 16_000
TONE_HZ = 440
GREETING_S = 4.0
PIECE_S = 0.1
# What a caller's voice peaks at, and no noise of the line.
LOUD = 2_000


def tone(start_s):
    """Return a piece of the greeting, 16 bit."""
    frames = range(round(start_s * RATE_HZ), round((start_s + PIECE_S) * RATE_HZ))
    return b"".join(struct.pack("<h", round(8_000 * math.sin(2 * math.pi * TONE_HZ * n / RATE_HZ))) for n in frames)


async def answer(socket, told):
    """Hold a call by pipecat's frames alone."""
    from pipecat.frames import frames
    from pipecat.serializers.twilio import TwilioFrameSerializer

    serializer, broken_into = None, False
    async for text in socket:
        message = json.loads(text)
        told["events"].append(message["event"])
        if message["event"] == "start":
            params = TwilioFrameSerializer.InputParams(auto_hang_up=False)
            serializer = TwilioFrameSerializer(message["start"]["streamSid"], params=params)
            # All that it reads of a pipeline.
            await serializer.setup(SimpleNamespace(audio_in_sample_rate=RATE_HZ))
            for number in range(round(GREETING_S / PIECE_S)):
                sound = frames.OutputAudioRawFrame(audio=tone(number * PIECE_S), sample_rate=RATE_HZ, num_channels=1)
                if piece := await serializer.serialize(sound):
                    await socket.send(piece)
            mark = {"event": "mark", "streamSid": message["streamSid"], "mark": {"name": "greeting"}}
            await socket.send(await serializer.serialize(frames.OutputTransportMessageUrgentFrame(message=mark)))
            continue
        frame = await serializer.deserialize(text) if serializer else None
        if isinstance(frame, frames.InputDTMFFrame):
            told["keys"] += str(frame.button.value)
        if not isinstance(frame, frames.InputAudioRawFrame):
            continue
        told["heard_s"] += len(frame.audio) / 2 / RATE_HZ
        samples = struct.unpack(f"<{len(frame.audio) // 2}h", frame.audio)
        if max(map(abs, samples), default=0) >= LOUD and not broken_into:
            broken_into = True
            await socket.send(await serializer.serialize(frames.InterruptionFrame()))


async def main():
    """Say where to dial, take one call, and tell of it."""
    import websockets

    told, done = {"events": [], "heard_s": 0.0, "keys": ""}, asyncio.Event()

    async def take(socket):
        await answer(socket, told)
        done.set()

    async with websockets.serve(take, "127.0.0.1", 0) as server:
        sys.stdout.write(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/media\n")
        sys.stdout.flush()
        await done.wait()
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
