"""Who said what: transcripts and turn-taking become turns while the messages pass by.

Neither provider promises an order: the words of a user come seconds after they were said and often while the agent
answers already, and an agent's words come before, with or after their sound. So a turn of the agent ends where the
provider says so, and one of the user where the provider says so or, where it says nothing, once the agent has answered
and no word has come for `LATE_WORDS_S`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicediag.session.events import CueKind
    from voicediag.session.track import Role

# Pieces of one transcript come within a few hundred ms of each other; people take longer to speak again.
LATE_WORDS_S = 1.0


@dataclass(slots=True)
class Utterance:
    """What one side said, and what is known of where.

    Attributes
    ----------
    first_s, last_s : float
        When its first and its last words came.
    first_frame, end_frame : int
        For the agent: the frames of the stream that carried it.
    speech_ms : tuple of float, optional
        For the user: the provider's last start and stop of speech before the words came, in the sound that was sent.
    answered : bool
        Whether the agent has said something since.
    """

    role: Role
    first_s: float
    last_s: float
    first_frame: int = 0
    end_frame: int = 0
    text: str = ""
    speech_ms: tuple[float, float] | None = None
    answered: bool = False


@dataclass(slots=True)
class TurnTaker:
    """Puts words together to utterances.

    Attributes
    ----------
    cues : list of (kind, session seconds, milliseconds of the sound that was sent or None)
    """

    cues: list[tuple[CueKind, float, float | None]] = field(default_factory=list)
    _closed: list[Utterance] = field(default_factory=list)
    _open: dict[Role, Utterance] = field(default_factory=dict)
    _received: int = 0
    _agent_from: int = 0
    _started_ms: float | None = None
    _speech_ms: tuple[float, float] | None = None

    @property
    def utterances(self) -> list[Utterance]:
        """What was said so far, in no order."""
        return [said for said in (*self._closed, *self._open.values()) if said.text.strip()]

    def words(self, role: Role, text: str, at_s: float, *, done: bool = False) -> None:
        """Take words of a transcript that came at `at_s`; `done` ends the utterance."""
        if text:
            self._add(role, text, at_s)
        if done:
            self._close(role)

    def sound(self, received: int) -> None:
        """Take note that the agent's stream is now `received` frames long."""
        self._received = received
        self._answer()
        if agent := self._open.get("agent"):
            agent.end_frame = received

    def cue(self, kind: CueKind, at_s: float, audio_ms: float | None) -> None:
        """Take what the provider said about turn-taking."""
        self.cues.append((kind, at_s, audio_ms))
        if kind == "speech-started":
            self._started_ms = audio_ms
        elif kind == "speech-stopped":
            if self._started_ms is not None and audio_ms is not None and audio_ms >= self._started_ms:
                self._speech_ms = (self._started_ms, audio_ms)
        else:
            self._close("agent")
            self._agent_from = self._received

    def _add(self, role: Role, text: str, at_s: float) -> None:
        said = self._open.get(role)
        if said and said.answered and at_s - said.last_s > LATE_WORDS_S:
            self._close(role)
            said = None
        if said is None:
            said = self._open[role] = Utterance(role, at_s, at_s, self._agent_from, self._received)
        said.text += text
        said.last_s = at_s
        if role == "agent":
            self._answer()
        else:
            said.speech_ms = self._speech_ms

    def _answer(self) -> None:
        if user := self._open.get("user"):
            user.answered = True

    def _close(self, role: Role) -> None:
        if said := self._open.pop(role, None):
            self._closed.append(said)
