"""A client's side of a conversation with an emulated service, on a clock that the test holds."""

import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voicediag.live.emulator.agenda import Abort, Close, Send
from voicediag.live.emulator.faults import parse
from voicediag.live.emulator.gemini import GeminiService
from voicediag.live.emulator.openai import OpenAIService
from voicediag.live.emulator.scenario import Reply, Scenario
from voicediag.live.emulator.service import Script, Service

CHUNK_S = 0.04
CLIP_S = 1.0
SETUP = {
    "setup": {
        "model": "models/gemini-2.5-flash-native-audio",
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
        "sessionResumption": {},
    }
}
GREET = {"clientContent": {"turns": [{"role": "user", "parts": [{"text": "greet"}]}], "turnComplete": True}}
TRANSCRIBE = {
    "type": "session.update",
    "session": {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}},
}
REPLIES = (
    Reply(text="Good morning to you.", heard="Hello.", delay_s=0.2),
    Reply(text="It is ten.", heard="What time is it?", delay_s=0.2),
)


def tone(duration_s: float, *, rate_hz: int = 24_000, peak: float = 0.3) -> np.ndarray:
    """A tone of 440 Hz, int16, shape (frames,)."""
    frames = np.arange(round(duration_s * rate_hz))
    return (peak * 32_767 * np.sin(2 * np.pi * 440 * frames / rate_hz)).astype(np.int16)


def script(provider: str, *faults: str, clip_s: float = CLIP_S, **scenario: Any) -> Script:
    told = Scenario(**{"replies": REPLIES} | scenario)
    clips = tuple(tone(clip_s) for _ in told.replies)
    return Script(scenario=told, clips=clips, faults=parse(faults, provider=provider))


@dataclass
class Talk:
    """A client that streams its microphone in 40 ms chunks, as real ones do."""

    service: Service
    rate_hz: int = 16_000
    now_s: float = 0.0
    log: list[tuple[float, Any]] = field(default_factory=list)

    def __post_init__(self):
        self._note(self.service.opened())

    def send(self, message):
        self._note(self.service.receive(message, self.now_s))

    def loud(self, duration_s):
        self._stream(duration_s, 0.3)

    def quiet(self, duration_s):
        self._stream(duration_s, 0.0)

    def wait(self, duration_s):
        """Let time pass and send nothing."""
        end_s = self.now_s + duration_s
        while (at_s := self.service.next_s) is not None and at_s <= end_s:
            self.now_s = max(self.now_s, at_s)
            self._note(self.service.advance(self.now_s))
        self.now_s = end_s

    @property
    def messages(self):
        return [action.message for _, action in self.log if isinstance(action, Send)]

    @property
    def closes(self):
        return [action for _, action in self.log if isinstance(action, Close | Abort)]

    def times(self, wanted):
        """When the messages came that `wanted` holds for."""
        return [at_s for at_s, action in self.log if isinstance(action, Send) and wanted(action.message)]

    def _stream(self, duration_s, peak):
        for _ in range(round(duration_s / CHUNK_S)):
            self.wait(CHUNK_S)
            self.send(self.chunk(tone(CHUNK_S, rate_hz=self.rate_hz, peak=peak)))

    def chunk(self, pcm):
        data = base64.b64encode(pcm.tobytes()).decode()
        if isinstance(self.service, OpenAIService):
            return {"type": "input_audio_buffer.append", "audio": data}
        return {"realtimeInput": {"audio": {"data": data, "mimeType": f"audio/pcm;rate={self.rate_hz}"}}}

    def _note(self, actions):
        self.log += [(self.now_s, action) for action in actions]


def gemini(*faults: str, setup: Any = SETUP, **scenario: Any) -> Talk:
    talk = Talk(GeminiService(script("gemini", *faults, **scenario)))
    talk.send(setup)
    return talk


def openai(*faults: str, update: Any = TRANSCRIBE, **scenario: Any) -> Talk:
    talk = Talk(OpenAIService(script("openai", *faults, **scenario)), rate_hz=24_000)
    talk.send(update)
    return talk


def sound_of(messages) -> bytes:
    """The agent's sound in messages of either provider, snake_case too."""
    found = []
    for message in messages:
        if message.get("type") == "response.output_audio.delta":
            found.append(base64.b64decode(message["delta"]))
        content = message.get("serverContent", message.get("server_content", {}))
        parts = content.get("modelTurn", content.get("model_turn", {})).get("parts", ())
        found += [base64.b64decode(part.get("inlineData", part.get("inline_data"))["data"]) for part in parts]
    return b"".join(found)


def has_sound(message) -> bool:
    return bool(sound_of([message]))


def flags(messages) -> list[str]:
    """What Gemini said of its turns, in order."""
    known = ("interrupted", "generationComplete", "turnComplete")
    return [flag for message in messages for flag in known if flag in message.get("serverContent", {})]


def kinds(messages) -> list[str]:
    """The types of OpenAI's events, each run of the same once."""
    names = [message["type"] for message in messages]
    return [name for number, name in enumerate(names) if number == 0 or names[number - 1] != name]


def dones(messages):
    return [message["response"] for message in messages if message["type"] == "response.done"]
