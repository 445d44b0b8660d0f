"""Where the echo says that the microphone lost sound: the falls of its delay, and no rise that something else makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicediag.measure.echo_motion import lost
from voicediag.session.layout import PlacedSource
from voicediag.spans import Span

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination, Leak
    from voicediag.measure.echo_track import Jump
    from voicediag.measure.staircase import Staircase
    from voicediag.session import Track

MS = 1_000.0
# A hole is where the log says; a jump is known to lie there as well as the sound around it bears out.
AT_A_HOLE_S = 2.5
JUST_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSteps:
    """What an echo's delay says of a microphone.

    Attributes
    ----------
    leak : Leak
    jumps : tuple of Jump
        Those that nothing else makes.
    staircase : Staircase or None
        What was lost; None where the falls do not bear out a loss.
    """

    leak: Leak
    jumps: tuple[Jump, ...]
    staircase: Staircase | None

    @property
    def falls(self) -> tuple[Jump, ...]:
        """The jumps at which sound may have been lost."""
        return tuple(jump for jump in self.jumps if jump.size_ms < 0)


def lost_steps(exam: Examination) -> LostSteps | None:
    """Return what the echo says of the microphone's losses; None without an echo that could be followed."""
    leak = exam.leak
    if leak is None or leak.echo.motion is None:
        return None
    motion, mic = leak.echo.motion, exam.session.tracks[leak.mic]
    jumps = _but_for_holes(_borne_out(exam, leak), mic)
    whole = len(jumps) == len(motion.jumps)
    staircase = motion.mic_lost if whole else lost(jumps, rate_hz=mic.rate_hz)[0]
    return LostSteps(leak=leak, jumps=jumps, staircase=staircase)


def _borne_out(exam: Examination, leak: Leak) -> tuple[Jump, ...]:
    """Return the jumps that no player's queue makes: where only what came is known, those within the agent's speech."""
    motion = leak.echo.motion
    jumps = motion.jumps if motion else ()
    if leak.speaker == "agent-played":
        return jumps
    late_s = (leak.echo.delay_ms or 0.0) / MS
    heard = [Span(span.start_s + late_s, span.end_s + late_s) for span in exam.speech(leak.speaker)]
    return tuple(jump for jump in jumps if any(span.start_s < jump.at_s < span.end_s for span in heard))


def _but_for_holes(jumps: tuple[Jump, ...], mic: Track) -> tuple[Jump, ...]:
    """Return jumps without the rises at holes of the track's layout: there sound was sent late, and none was lost."""
    source = mic.source
    if not isinstance(source, PlacedSource):
        return jumps
    layout, rate_hz = source.layout, mic.rate_hz
    ends = [begin + count for begin, count in zip(layout.begins, layout.counts, strict=True)]
    edges = zip(ends, layout.begins[1:], strict=False)
    holes = [mic.clock.span_of((low, high), rate_hz) for low, high in edges if high > low]
    return tuple(jump for jump in jumps if not any(_is_of(jump, hole) for hole in holes))


def _is_of(jump: Jump, hole: Span) -> bool:
    """Whether a rise is a hole's, less what was lost close to it."""
    near = hole.padded(AT_A_HOLE_S).overlap(jump.between)
    return near is not None and hole.duration_s / 2 <= jump.size_ms / MS <= hole.duration_s + JUST_S
