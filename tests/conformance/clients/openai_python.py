"""A whole conversation by ``openai`` for Python; each frame is held against that library's own model of it."""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import get_args

CHUNK_BYTES, CHUNK_S = 1920, 0.04


class Talker:
    """One connection, and what came over it."""

    def __init__(self, connection, models):
        self.connection, self.models = connection, models
        self.told = {"said": [], "heard": [], "tools": [], "interrupted": 0, "audio_bytes": 0, "checked": 0}
        self.speaking = None

    async def listen(self, *, barge_in=None):
        """Listen until a response is done; start to speak at its first sound where `barge_in` is given."""
        while True:
            raw = await self.connection.recv_bytes()
            message = json.loads(raw)
            self.models[message["type"]].model_validate(message, strict=True)
            self.told["checked"] += 1
            event = self.connection.parse_event(raw)
            if event.type == "error":
                raise SystemExit(event.error.message)
            if event.type == "conversation.item.input_audio_transcription.completed":
                self.told["heard"].append(event.transcript)
            if event.type == "response.output_audio.delta":
                self.told["audio_bytes"] += len(base64.b64decode(event.delta))
                if barge_in and not self.speaking:
                    self.speaking = asyncio.create_task(self.speak(barge_in))
            if event.type == "response.done":
                return self.note(event.response)

    def note(self, response):
        """Take note of a response; return its item."""
        item = response.output[0]
        if response.status == "cancelled":
            self.told["interrupted"] += 1
        elif item.type == "function_call":
            self.told["tools"].append(item.name)
        else:
            self.told["said"].append(item.content[0].transcript)
        return item

    async def speak(self, pcm):
        """Send the user's voice in real time."""
        for start in range(0, len(pcm), CHUNK_BYTES):
            audio = base64.b64encode(pcm[start : start + CHUNK_BYTES]).decode()
            await self.connection.input_audio_buffer.append(audio=audio)
            await asyncio.sleep(CHUNK_S)


async def talk(pcm):
    """Greet, answer, call a function, be interrupted."""
    from openai import AsyncOpenAI
    from openai.types.realtime import RealtimeServerEvent

    models = {
        get_args(one.model_fields["type"].annotation)[0]: one for one in get_args(get_args(RealtimeServerEvent)[0])
    }
    client = AsyncOpenAI(api_key="any")
    secret = await client.realtime.client_secrets.create(session={"type": "realtime", "model": "gpt-realtime-2.1"})
    client.api_key = secret.value
    async with client.realtime.connect(model="gpt-realtime-2.1") as connection:
        talker = Talker(connection, models)
        hears = {"transcription": {"model": "whisper-1"}}
        await connection.session.update(session={"type": "realtime", "audio": {"input": hears}})
        await connection.response.create()
        await talker.listen()
        await talker.speak(pcm)
        await talker.listen()
        await connection.response.create()
        call = await talker.listen()
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "done"}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        await talker.listen()
        await connection.response.create()
        await talker.listen(barge_in=pcm)
        await talker.listen()
        return talker.told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(talk(Path(sys.argv[1]).read_bytes()))))
