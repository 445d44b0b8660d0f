"""The scene on the session clock: who speaks when, what the player plays and what the microphone gets."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from recipe import hardships, places, sound, voices
from recipe.script import Agent, Echo, Ghost, Moments, Scene, User
from voicediag.signals import leak
from voicediag.spans import Span

if TYPE_CHECKING:
    from recipe.sound import Samples

AGENT_HZ = voices.AGENT_HZ
AGENT_DB = -25.0
# How soon a barge-in reaches the player: the provider's detection and the way back.
BARGE_IN_S = 0.42


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What the stage must know of a provider: rates, the length of its chunks and how fast they come."""

    user_hz: int
    up_s: float
    down_s: float
    down_speed: float


DIALECTS = {
    "gemini-live": Dialect(user_hz=16_000, up_s=0.04, down_s=0.08, down_speed=2.0),
    "openai-realtime": Dialect(user_hz=24_000, up_s=0.04, down_s=0.2, down_speed=4.0),
}


@dataclass(kw_only=True)
class Heard:
    """What the provider took for a user's turn, and when it was spoken into the microphone."""

    text: str
    start_s: float
    end_s: float
    over_agent: bool = False
    silence_s: float = 0.5
    echo: bool = False


@dataclass(kw_only=True)
class Reply:
    """A turn of the agent: when each chunk arrived, and what the player made of it."""

    text: str
    samples: Samples
    first_s: float
    frame: int = 0
    chunks: list[tuple[float, int, int]] = field(default_factory=list)
    play_frame: int = 0
    played: int = 0
    stale: int = 0
    flush_s: float = 0.0
    stop_s: float | None = None
    prompted: bool = False
    gaps: list[tuple[int, int]] = field(default_factory=list)
    seams: list[int] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)

    @property
    def play_s(self) -> float:
        """When the player began."""
        return self.play_frame / AGENT_HZ

    @property
    def end_s(self) -> float:
        """When the player ended or was stopped."""
        return (self.place_of(self.played - 1) + 1) / AGENT_HZ

    def place_of(self, frame: int) -> int:
        """Return the frame of the session at which a frame of the turn is played."""
        return self.play_frame + frame + sum(silent for before, silent in self.gaps if before <= frame)


@dataclass(kw_only=True)
class Staged:
    """A scene with a time for everything."""

    turns: list[Heard | Reply] = field(default_factory=list)
    spoken: list[tuple[int, Samples]] = field(default_factory=list)
    user_spans: list[Span] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)
    ghosts: list[Span] = field(default_factory=list)
    duration_s: float = 0.0

    @property
    def replies(self) -> list[Reply]:
        """The agent's turns."""
        return [turn for turn in self.turns if isinstance(turn, Reply)]

    @property
    def moments(self) -> Moments:
        """Where people and agent speak."""
        spans = tuple(Span(reply.play_s, reply.end_s) for reply in self.replies)
        return Moments(duration_s=self.duration_s, user=tuple(self.user_spans), agent=spans, pauses=tuple(self.pauses))


def stage(scene: Scene) -> Staged:
    """Return the scene with a time for everything."""
    staged = Staged()
    for line in scene.lines:
        match line:
            case User():
                _speak(scene, staged, line)
            case Agent():
                _answer(scene, staged, line)
            case Echo():
                _return(scene, staged, line)
            case Ghost():
                _haunt(staged, line)
    ends = [span.end_s for span in staged.user_spans] + [reply.end_s for reply in staged.replies]
    # Whole chunks of either provider.
    staged.duration_s = round(np.ceil((max(ends) + scene.tail_s) / 0.04) * 0.04, 3)
    _number(staged)
    return staged


def _speak(scene: Scene, staged: Staged, line: User) -> None:
    rate_hz = DIALECTS[scene.provider].user_hz
    voice, pause = _said(line, rate_hz)
    last = staged.replies[-1] if staged.replies else None
    if line.during_s is None:
        start_s = _silence_from(staged) + line.after_s if staged.turns or staged.user_spans else scene.first_s
    else:
        start_s = (last.play_s if last else 0.0) + line.during_s
    start = round(start_s * rate_hz)
    span = Span(start / rate_hz, (start + voice.size) / rate_hz)
    if line.barges_in and last:
        _stop(last, span.start_s + BARGE_IN_S, late_s=scene.unflushed_s)
    staged.spoken.append((start, voice))
    staged.user_spans.append(span)
    staged.pauses += [pause.shifted(span.start_s)] if pause else []
    if line.heard and not scene.deaf:
        over = line.during_s is not None
        where = {"start_s": span.start_s, "end_s": span.end_s, "silence_s": scene.silence_s}
        staged.turns.append(Heard(text=line.heard, over_agent=over, **where))


def _said(line: User, rate_hz: int) -> tuple[Samples, Span | None]:
    """Return what a person says, and where in it they stop to think."""
    if line.pause is None:
        return voices.person(line.say, rate_hz), None
    before, silence_s = line.pause
    first, rest = voices.person(line.say[:before], rate_hz), voices.person(line.say[before:], rate_hz)
    silence = np.zeros(round(silence_s * rate_hz), np.float32)
    pause = Span(first.size / rate_hz, (first.size + silence.size) / rate_hz)
    return np.concatenate([first, silence, rest]), pause


def _answer(scene: Scene, staged: Staged, line: Agent) -> None:
    dialect = DIALECTS[scene.provider]
    samples = sound.at_level(voices.agent(scene.voice, line.text), AGENT_HZ, AGENT_DB)
    if scene.only_received:
        samples = sound.narrowed(samples, AGENT_HZ)
    speed = 1.0 if scene.in_real_time else dialect.down_speed
    since = _silence_from(staged) if staged.turns or staged.user_spans else 0.0
    first_s = since + line.wait_s
    prompted = line.prompted or not (staged.turns and isinstance(staged.turns[-1], Heard))
    reply = Reply(text=line.text, samples=samples, first_s=first_s, prompted=prompted)
    size = round(dialect.down_s * AGENT_HZ)
    for number, frame in enumerate(range(0, samples.size, size)):
        at_s = first_s + number * dialect.down_s / speed
        reply.chunks.append((at_s, frame, min(size, samples.size - frame)))
    reply.play_frame = round((first_s + scene.cushion_s) * AGENT_HZ)
    hardships.befall(reply, line)
    reply.played = reply.samples.size
    if line.stop_s is not None:
        _stop(reply, reply.play_s + line.stop_s, late_s=scene.unflushed_s)
    staged.turns.append(reply)


def _return(scene: Scene, staged: Staged, line: Echo) -> None:
    last = staged.replies[-1]
    delay_s = scene.path.delay_ms / 1_000 if scene.path else 0.0
    over = last.stop_s is not None
    staged.turns.append(
        Heard(text=line.heard, start_s=last.play_s + delay_s, end_s=last.end_s + delay_s, over_agent=over, echo=True)
    )


def _haunt(staged: Staged, line: Ghost) -> None:
    start_s = staged.replies[-1].play_s + line.during_s
    staged.ghosts.append(Span(start_s, start_s + line.lasts_s))
    staged.turns.append(Heard(text="", start_s=start_s, end_s=start_s + line.lasts_s, over_agent=True))


def _stop(reply: Reply, at_s: float, *, late_s: float) -> None:
    """Interrupt a turn: what was not sent yet never is, what was not played yet is thrown away, now or late."""
    if at_s >= reply.end_s:
        return
    reply.stop_s = at_s
    reply.chunks = [chunk for chunk in reply.chunks if chunk[0] < at_s]
    reply.samples = reply.samples[: reply.chunks[-1][1] + reply.chunks[-1][2]]
    in_time = min(reply.samples.size, round(at_s * AGENT_HZ) - reply.play_frame)
    reply.played = min(reply.samples.size, in_time + round(late_s * AGENT_HZ))
    reply.stale, reply.flush_s = reply.played - in_time, at_s + late_s


def _silence_from(staged: Staged) -> float:
    """Return when the last sound that the provider can have heard ended."""
    ends = [span.end_s for span in staged.user_spans]
    ends += [turn.end_s for turn in staged.turns]
    return max(ends)


def _number(staged: Staged) -> None:
    """Say where each turn begins in the track of what was received."""
    frame = 0
    for reply in staged.replies:
        reply.frame = frame
        frame += reply.samples.size


def received(staged: Staged) -> Samples:
    """Return what came down the wire: the turns end to end, float32, (frames,), 24 kHz."""
    silence = np.zeros(0, np.float32)
    return sound.as_16_bit(np.concatenate([silence, *(reply.samples for reply in staged.replies)]))


def played(staged: Staged, came: Samples) -> Samples:
    """Return what the loudspeaker got of `came`, silence included, float32, (frames,), 24 kHz."""
    speaker = np.zeros(round(staged.duration_s * AGENT_HZ), np.float32)
    for reply in staged.replies:
        edges = [0, *(before for before, _ in reply.gaps), reply.played]
        for start, end in itertools.pairwise(edges):
            sound.add_at(speaker, came[reply.frame + start : reply.frame + end], reply.place_of(start))
    return speaker


def microphone(scene: Scene, staged: Staged, speaker: Samples) -> Samples:
    """Return what the microphone gets: people and loudspeaker in a room, and the room's noise."""
    rate_hz = DIALECTS[scene.provider].user_hz
    mix = places.room_noise(
        kind=scene.noise, duration_s=staged.duration_s, rate_hz=rate_hz, level_db=scene.floor_db, seed=scene.seed
    )
    way = places.response(scene.place, scene.place.talker_m, rate_hz)
    for start, voice in staged.spoken:
        wet = places.heard(voice, way)
        gain_db = scene.speech_db - sound.active_level_db(wet, rate_hz)
        sound.add_at(mix, (wet * 10 ** (gain_db / 20)).astype(np.float32), start)
    if scene.path is not None:
        echo = leak(
            sound.resampled(speaker, AGENT_HZ, rate_hz),
            rate_hz=rate_hz,
            delay_ms=scene.path.delay_ms,
            erl_db=scene.path.erl_db,
            response=places.response(scene.place, scene.place.loudspeaker_m, rate_hz),
        ).echo
        sound.add_at(mix, echo, 0)
    return mix
