"""A client's simulated room and player, with what is wrong with them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from voicediag.live.client.dialogue import SLIPS
from voicediag.live.client.player import CUSHION_S, Player
from voicediag.live.client.room import Echo, Room
from voicediag.live.client.sender import Sender
from voicediag.live.emulator.clips import resampled
from voicediag.live.emulator.faults import BOTH, Faults, Kind
from voicediag.spans import Span

if TYPE_CHECKING:
    from pathlib import Path

    from voicediag.protocols.dialect import Dialect
    from voicediag.session import Samples

CLIENT_FAULTS: Final[dict[str, Kind]] = {
    "speaker-echo": Kind(
        says="The microphone hears the loudspeaker =0.12 seconds late and 14 dB weaker.", providers=BOTH, usual_s=0.12
    ),
    "mic-tenth": Kind(says="The microphone gives a tenth of its level, its noise too."),
    "no-flush": Kind(says="The player is not told of interruptions and plays on."),
    "flush-first": Kind(
        says="On an interruption the player is flushed before the sound of the same message is queued, and plays that."
    ),
    "no-tool-answer": Kind(says="Calls of functions are never answered."),
    "sleeping-sender": Kind(
        says="After each chunk of the microphone the sender sleeps as long as it lasts, and =0.002 seconds more.",
        providers=BOTH,
        usual_s=0.002,
    ),
    "small-queue": Kind(
        says="The player's queue holds =0.4 seconds, and drops what comes when it is full.", providers=BOTH, usual_s=0.4
    ),
    "player-stalls": Kind(says="Every 3 seconds the player is not fed for =0.4 seconds.", usual_s=0.4),
}
TENTH = 0.1
STALLS_EVERY_S = 3.0
# Where the demo session's user speaks alone, and how loud the question is in the room.
ASKED: Final = Span(0.95, 1.95)
LOUDEST = 0.5
# The second question falls into the answer to the first.
ASKS_AT_S: Final = (2.25, 4.6)
ROUND_S, ROUNDS = 9.0, 8
FASTER = 0.01
THINKS_AT, THINKS_S = 0.5, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What a client hears with and plays with."""

    room: Room
    player: Player
    stalls: Callable[[float], bool]
    slips: frozenset[str]
    sender: Sender


def equip(dialect: Dialect, *, faults: Faults, wav: Path | None = None, cushion_s: float = CUSHION_S) -> Equipment:
    """Return a room in which the user says what is in a file, or asks the demo's question again and again.

    Parameters
    ----------
    faults : Faults
        Some of `CLIENT_FAULTS`.

    Raises
    ------
    InputError
        Where the file cannot be read.
    """
    delay_s, stall_s = faults.seconds("speaker-echo"), faults.seconds("player-stalls")
    room = Room(
        mic_hz=dialect.up_rate_hz,
        speaker_hz=dialect.down_rate_hz,
        user=_asking(dialect.up_rate_hz) if wav is None else _said(wav, dialect.up_rate_hz),
        repeats=wav is None,
        echo=None if delay_s is None else Echo(delay_ms=delay_s * 1_000),
        gain=TENTH if "mic-tenth" in faults else 1.0,
    )
    held_s = faults.seconds("small-queue")
    player = Player(dialect.down_rate_hz, cushion_s=cushion_s, flushes="no-flush" not in faults)
    if held_s is not None:
        player.most_queued_s, player.drops_newest = held_s, True
    return Equipment(
        room=room,
        player=player,
        slips=SLIPS & faults.chosen.keys(),
        sender=Sender(faults.seconds("sleeping-sender")),
        stalls=lambda at_s: stall_s is not None and at_s % STALLS_EVERY_S >= STALLS_EVERY_S - stall_s,
    )


def _said(wav: Path, rate_hz: int) -> Samples:
    """Return a sound file, its channels mixed to one."""
    from voicediag.formats.sound_file import open_sound

    sound = open_sound(wav)
    return resampled(np.asarray(sound.read(0, sound.frames).mean(axis=1), np.float32), sound.rate_hz, rate_hz)


def _asking(rate_hz: int) -> Samples:
    """Return rounds of a question and of one that breaks into its answer, no two of them alike.

    Sound that repeats to the sample is no voice: each is said a little faster than the one before.
    """
    from voicediag.formats.demo import load_demo

    track = load_demo().tracks["user-sent"]
    asked = track.read(ASKED)
    asked *= LOUDEST / float(np.abs(asked).max())
    # One who thinks in mid-sentence: no reason yet to answer.
    pause = np.zeros(round(THINKS_S * track.rate_hz), np.float32)
    half = round(asked.size * THINKS_AT)
    asked = np.concatenate((asked[:half], pause, asked[half:]))
    said = np.zeros(round(ROUNDS * ROUND_S * rate_hz), np.float32)
    for number in range(ROUNDS):
        for turn, at_s in enumerate(ASKS_AT_S):
            pace = 1 + FASTER * (number * len(ASKS_AT_S) + turn)
            piece = resampled(asked, round(track.rate_hz * pace), rate_hz)
            said[round((number * ROUND_S + at_s) * rate_hz) :][: piece.size] = piece
    return said
