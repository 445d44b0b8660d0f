"""A whole conversation by ``google-genai`` for Python, whose own models refuse keys that they do not know."""

import asyncio
import json
import sys
from pathlib import Path

CHUNK_BYTES, CHUNK_S = 1280, 0.04
MODEL = "gemini-2.5-flash-native-audio"
CONFIG = {
    "response_modalities": ["AUDIO"],
    "input_audio_transcription": {},
    "output_audio_transcription": {},
    "session_resumption": {},
    "tools": [{"function_declarations": [{"name": "get_time"}]}],
}


class Talker:
    """One session, and what came over it."""

    def __init__(self, session):
        self.session = session
        self.told = {"said": [], "heard": [], "tools": [], "interrupted": 0, "audio_bytes": 0, "checked": 0}
        self.speaking = None

    async def listen(self, *, barge_in=None):
        """Listen until a turn is complete; start to speak at its first sound where `barge_in` is given."""
        said, interrupted = "", False
        async for message in self.session.receive():
            self.told["checked"] += 1
            content = message.server_content
            if message.data:
                self.told["audio_bytes"] += len(message.data)
                if barge_in and not self.speaking:
                    self.speaking = asyncio.create_task(self.speak(barge_in))
            if message.tool_call:
                await self.answer(message.tool_call)
            if content and content.input_transcription:
                self.told["heard"].append(content.input_transcription.text)
            if content and content.output_transcription:
                said += content.output_transcription.text
            interrupted = interrupted or bool(content and content.interrupted)
        if interrupted:
            self.told["interrupted"] += 1
        else:
            self.told["said"].append(said)

    async def answer(self, tool_call):
        """Answer a call of a function."""
        from google.genai import types

        (call,) = tool_call.function_calls
        self.told["tools"].append(call.name)
        done = types.FunctionResponse(id=call.id, name=call.name, response={"result": "done"})
        await self.session.send_tool_response(function_responses=done)

    async def speak(self, pcm):
        """Send the user's voice in real time."""
        from google.genai import types

        for start in range(0, len(pcm), CHUNK_BYTES):
            chunk = types.Blob(data=pcm[start : start + CHUNK_BYTES], mime_type="audio/pcm;rate=16000")
            await self.session.send_realtime_input(audio=chunk)
            await asyncio.sleep(CHUNK_S)

    async def ask(self, text):
        """Send a turn of text."""
        turn = {"role": "user", "parts": [{"text": text}]}
        await self.session.send_client_content(turns=turn, turn_complete=True)


async def talk(pcm):
    """Greet, answer, call a function, be interrupted."""
    from google import genai

    async with genai.Client(api_key="any").aio.live.connect(model=MODEL, config=CONFIG) as session:
        talker = Talker(session)
        await talker.ask("greet me")
        await talker.listen()
        await talker.speak(pcm)
        await talker.listen()
        await talker.ask("what time is it?")
        await talker.listen()
        await talker.ask("go on")
        await talker.listen(barge_in=pcm)
        await talker.listen()
        return talker.told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(talk(Path(sys.argv[1]).read_bytes()))))
