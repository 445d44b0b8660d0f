"""A conversation by livekit's model of OpenAI Realtime: greeted, answered, interrupted."""

import asyncio
import json
import os
import sys
from pathlib import Path

CHUNK_BYTES, CHUNK_S = 1920, 0.04
RATE_HZ, BYTES = 24_000, 2


class Talker:
    """A session of the model, and what came of it."""

    def __init__(self, session):
        self.session = session
        self.told = {"said": [], "heard": [], "tools": [], "interrupted": 0, "audio_bytes": 0}
        self.replies, self.sound, self.talking = asyncio.Queue(), asyncio.Event(), False
        session.on("generation_created", self.replies.put_nowait)
        session.on("input_audio_transcription_completed", self.hear)
        session.on("input_speech_started", self.break_off)

    def hear(self, event):
        """Take note of what the service understood."""
        if event.is_final:
            self.told["heard"].append(event.transcript)

    def break_off(self, _):
        """Take note that the user broke in."""
        self.told["interrupted"] += self.talking

    async def listen(self):
        """Listen to the next reply; return whether it was said to its end."""
        reply = await self.replies.get()
        before, self.talking = self.told["interrupted"], True
        async for message in reply.message_stream:
            words = asyncio.create_task(joined(message.text_stream))
            async for frame in message.audio_stream:
                self.told["audio_bytes"] += frame.samples_per_channel * BYTES
                self.sound.set()
            said = await words
        self.talking = False
        if self.told["interrupted"] == before:
            self.told["said"].append(said)

    async def speak(self, pcm):
        """Send the user's voice in real time."""
        from livekit import rtc

        for start in range(0, len(pcm), CHUNK_BYTES):
            chunk = pcm[start : start + CHUNK_BYTES]
            self.session.push_audio(rtc.AudioFrame(chunk, RATE_HZ, 1, len(chunk) // BYTES))
            await asyncio.sleep(CHUNK_S)


async def joined(stream):
    """Return a stream of words as one text."""
    return "".join([str(piece) async for piece in stream])


async def talk(pcm):
    """Greet, answer, be interrupted."""
    import aiohttp
    from livekit.plugins.openai.realtime import RealtimeModel

    async with aiohttp.ClientSession() as http:
        model = RealtimeModel(base_url=os.environ["OPENAI_BASE_URL"], api_key="any", http_session=http)
        talker = Talker(model.session())
        asked = talker.session.generate_reply()
        await talker.listen()
        # It knows its own reply by the metadata that comes back.
        await asked
        await talker.speak(pcm)
        await talker.listen()
        await talker.speak(pcm)
        talker.sound.clear()
        reply = asyncio.create_task(talker.listen())
        await talker.sound.wait()
        await talker.speak(pcm)
        await reply
        await talker.listen()
        await talker.session.aclose()
        return talker.told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(talk(Path(sys.argv[1]).read_bytes()))))
