"""Gemini Live's side of a conversation."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from voicediag.formats.pcm import decode
from voicediag.live.emulator.agenda import Action, Close, Send
from voicediag.live.emulator.clips import RATE_HZ, encoded
from voicediag.live.emulator.service import NOBODYS_TOOL, STALE_CHUNKS, Service, Speech
from voicediag.protocols import gemini_server as say
from voicediag.protocols.conversation import entries, look, number_of, text_of
from voicediag.protocols.events import Audio
from voicediag.protocols.gemini_live import GeminiLive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.live.emulator.clips import Pcm
    from voicediag.live.emulator.gate import Heard
    from voicediag.live.emulator.scenario import Reply, Vad

# What $0.018 a minute comes to at the price of a token; the documents also say 32.
AUDIO_TOKENS_A_SECOND = 25
LETTERS_A_TOKEN = 4
LEFT_S = 2.0
# A handle tells how many turns were had, so that the talk goes on where it was.
HANDLE: Final = re.compile(r"emulated-\d+-(\d{1,6})")
INVALID: Final = Close(code=1007, reason="Request contains an invalid argument.")
GONE: Final = Close(code=1011, reason="Deadline expired before operation could complete.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """In what a generation of models differs.

    Parameters
    ----------
    mark : str
        What its models' names contain.
    needs_realtime : bool
        Whether it answers ``clientContent`` only once some realtime input has come, as pipecat found of 3.x.
    waits_for_tools : bool
        Whether it is silent until a function has answered; others talk on.
    tells_status : bool
        Whether ``interactionStatus`` comes with ``turnComplete``, which then does not mean that it is idle.
    """

    mark: str
    needs_realtime: bool = True
    waits_for_tools: bool = True
    tells_status: bool = False


# The last one also stands for names that nobody knows.
PROFILES: Final = (
    Profile(mark="2.5", needs_realtime=False),
    Profile(mark="3.1"),
    Profile(mark="extended-thinking", waits_for_tools=False, tells_status=True),
    Profile(mark="3.8", waits_for_tools=False),
)


def profile_of(model: str) -> Profile:
    """Return how a model behaves."""
    return next((profile for profile in PROFILES if profile.mark in model), PROFILES[-1])


@dataclass(slots=True)
class GeminiService(Service):
    """The server side of one connection to Gemini Live."""

    number: int = 1
    _setup: Mapping[str, Any] | None = None
    _profile: Profile = PROFILES[-1]
    _asked: bool = False
    _speech: Speech | None = None
    _waiting: tuple[str, Reply, Pcm] | None = None
    _heard_s: float = 0.0
    _context: dict[str, int] = field(default_factory=lambda: {"TEXT": 0, "AUDIO": 0})

    def greet(self, now_s: float) -> list[Action]:  # noqa: ARG002 - other providers speak first
        """Return nothing: the client speaks first."""
        return []

    def broken(self, what: str, now_s: float) -> list[Action]:  # noqa: ARG002 - the reason is the service's own
        """Return that the connection closes."""
        return [INVALID]

    def take(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        """Return what is done about a message: the first must be the setup."""
        actions = self._taken(message, now_s) if self._setup is not None else self._set_up(message, now_s)
        if "snake-keys" in self.faults:
            return [self._snaked(action) for action in actions]
        return actions

    def advance(self, now_s: float) -> list[Action]:
        """Return what is due by now."""
        actions = self.agenda.due(now_s)
        return [self._snaked(action) for action in actions] if "snake-keys" in self.faults else actions

    def user_started(self, heard: Heard, now_s: float) -> list[Action]:  # noqa: ARG002 - it tells no place in the sound
        """Return that the reply is interrupted, and that a call of a function is not waited for any more."""
        if look(self._setup, "realtimeInputConfig", "activityHandling") == "NO_INTERRUPTION":
            return []
        cancelled: list[Action] = []
        if self._waiting and self._waiting[1].tool is not NOBODYS_TOOL:
            cancelled = [Send(message=say.tool_call_cancellation([self._waiting[0]]))]
            self._waiting = None
        return [*cancelled, *self._interrupted()]

    def user_stopped(self, heard: Heard, now_s: float) -> list[Action]:  # noqa: ARG002 - as above
        """Return what comes at once of the end of a user's turn: its transcript, later."""
        return self._answer(now_s, spoken_to=True)

    def _set_up(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        setup = look(message, "setup")
        model = text_of(look(setup, "model"))
        if not model:
            return [INVALID]
        self._setup, self._profile = setup, profile_of(model)
        self._context["TEXT"] += _tokens(str(look(setup, "systemInstruction") or ""))
        if taken_up := HANDLE.fullmatch(text_of(look(setup, "sessionResumption", "handle"))):
            self.turns = int(taken_up[1])
        away_s = self.faults.seconds("goaway")
        if away_s is not None:
            self.agenda.add(now_s + away_s, lambda _: [Send(message=say.go_away(LEFT_S))])
            self.agenda.add(now_s + away_s + LEFT_S, lambda _: [GONE])
        return [Send(message=say.setup_complete(f"emulated-{self.number}")), *self._handle()]

    def _taken(self, message: Mapping[str, Any], now_s: float) -> list[Action]:
        actions: list[Action] = []
        if (content := look(message, "clientContent")) is not None:
            actions += self._content(content, now_s)
        if (given := look(message, "realtimeInput")) is not None:
            actions += self._realtime(message, given, now_s)
        for result in entries(look(message, "toolResponse", "functionResponses")):
            actions += self._tool_answered(text_of(result.get("id")), now_s)
        return actions

    def _content(self, content: object, now_s: float) -> list[Action]:
        self._context["TEXT"] += _tokens(str(look(content, "turns") or ""))
        if look(content, "turnComplete") is not True:
            return []
        if self._profile.needs_realtime:
            self._asked = True
            return []
        return [*self._interrupted(), *self._answer(now_s)]

    def _realtime(self, message: Mapping[str, Any], given: object, now_s: float) -> list[Action]:
        actions: list[Action] = []
        text = text_of(look(given, "text"))
        if text.strip() or self._asked:
            self._asked = False
            self._context["TEXT"] += _tokens(text)
            actions += [*self._interrupted(), *self._answer(now_s)]
        for sound in GeminiLive().receive("up", message):
            if isinstance(sound, Audio):
                actions += self._sound(sound, now_s)
        if look(given, "audioStreamEnd") is True and self.gate:
            actions += self.heard(self.gate.end(), now_s)
        if look(given, "activityStart") is not None:
            actions += self._interrupted()
        if look(given, "activityEnd") is not None:
            actions += self._answer(now_s, spoken_to=True)
        return actions

    def _sound(self, sound: Audio, now_s: float) -> list[Action]:
        self._heard_s += sound.frames / sound.rate_hz
        if look(self._setup, "realtimeInputConfig", "automaticActivityDetection", "disabled") is True:
            return []
        return self.hear(decode(sound.payload, sound.encoding), rate_hz=sound.rate_hz, vad=self._vad(), now_s=now_s)

    def _vad(self) -> Vad:
        asked = look(self._setup, "realtimeInputConfig", "automaticActivityDetection", "silenceDurationMs")
        silence_ms = number_of(asked)
        vad = self.script.scenario.vad
        return vad if silence_ms is None else replace(vad, silence_ms=int(silence_ms))

    def _answer(self, now_s: float, *, spoken_to: bool = False) -> list[Action]:
        """Prepare the next reply; return what comes before it."""
        if self._waiting or self._speech:
            return []
        reply, pcm = self.next_reply()
        begins_s = now_s + reply.delay_s
        self._context["AUDIO"] += round(self._heard_s * AUDIO_TOKENS_A_SECOND)
        self._heard_s = 0.0
        if spoken_to and reply.heard and look(self._setup, "inputAudioTranscription") is not None:
            self.agenda.add(now_s + reply.delay_s / 2, lambda _: [Send(message=say.user_words(reply.heard))])
        if reply.tool is None:
            self._speak(reply, pcm, begins_s)
        else:
            self.agenda.add(begins_s, lambda at_s: self._call(reply, pcm, at_s))
        return []

    def _call(self, reply: Reply, pcm: Pcm, now_s: float) -> list[Action]:
        """Return the call of a function; a model that does not wait for it talks meanwhile."""
        if reply.tool is None:
            return []
        call_id = f"call_{self.turns}"
        self._waiting = (call_id, reply, pcm)
        if not self._profile.waits_for_tools and reply.tool is not NOBODYS_TOOL:
            self._waiting = None
            self._speak(reply, pcm, now_s)
        return [Send(message=say.tool_call(call_id, reply.tool.name, reply.tool.args))]

    def _tool_answered(self, call_id: str, now_s: float) -> list[Action]:
        if self._waiting and self._waiting[0] == call_id:
            _, reply, pcm = self._waiting
            self._waiting = None
            self._speak(reply, pcm, now_s + reply.delay_s)
        return []

    def _speak(self, reply: Reply, pcm: Pcm, begins_s: float) -> None:
        speech = self._speech = self.rehearse(reply, pcm, begins_s)
        for chunk in speech.chunks:
            self.agenda.add(begins_s + chunk.after_s, lambda _: [Send(message=self._sounding(speech))], spoken=True)
        if look(self._setup, "outputAudioTranscription") is not None:
            for after_s, words in speech.pieces:
                message = say.agent_words(words)
                self.agenda.add(begins_s + after_s, lambda _, m=message: [Send(message=m)], spoken=True)  # type: ignore[misc]
        sent_s = begins_s + speech.duration_s
        self.agenda.add(sent_s, lambda _: [Send(message=say.content(generationComplete=True))], spoken=True)
        # The service waits until what it sent has been played.
        played_s = max(sent_s, begins_s + pcm.size / RATE_HZ)
        self.agenda.add(played_s, lambda _: [*self._turn_complete(), *self._handle()], spoken=True)

    def _sounding(self, speech: Speech, chunks: int = 1) -> dict[str, Any]:
        sound = b"".join(encoded(speech.next_chunk(), "pcm_16") for _ in range(min(chunks, len(speech.chunks))))
        return say.sound(base64.b64encode(sound).decode())

    def _interrupted(self) -> list[Action]:
        """Return that the user broke in, if there is something to break into."""
        speech = self._speech
        if speech is None:
            return []
        self.agenda.hush()
        message = say.content(interrupted=True)
        if "interrupted-with-audio" in self.faults and speech.chunks:
            message["serverContent"] |= self._sounding(speech, STALE_CHUNKS)["serverContent"]
        return [Send(message=message), *self._turn_complete()]

    def _turn_complete(self) -> list[Action]:
        tokens = round(self._speech.sent_s * AUDIO_TOKENS_A_SECOND) if self._speech else 0
        self._speech = None
        message = say.content(turnComplete=True)
        if self._profile.tells_status:
            message["serverContent"]["interactionStatus"] = "IDLE"
        message |= say.usage(prompt=self._context, response={"AUDIO": tokens})
        # What was said is part of the next turn's prompt, and billed again.
        self._context["AUDIO"] += tokens
        return [Send(message=message)]

    def _handle(self) -> list[Action]:
        if look(self._setup, "sessionResumption") is None:
            return []
        return [Send(message=say.resumption(f"emulated-{self.number}-{self.turns}"))]

    @staticmethod
    def _snaked(action: Action) -> Action:
        return Send(message=say.snake(action.message)) if isinstance(action, Send) else action


def _tokens(text: str) -> int:
    return -(-len(text) // LETTERS_A_TOKEN)
