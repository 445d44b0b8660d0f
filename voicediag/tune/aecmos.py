"""How people would rate what a canceller left, as Microsoft's AECMOS guesses it.

What is measured
    Two mean opinion scores of 1 to 5 by a network that was trained on listeners (Purin et al., "AECMOS: A Speech
    Quality Assessment Metric for Echo Impairment", ICASSP 2022): how little echo is heard, and how little else is
    spoilt.
Conventions
    16 kHz, at most `EXCERPT_S`: the network reads no more. It is told whether the user speaks in what it reads.
Limits
    Silence has the best echo score that there is. So a score is given only where the user is alone for long enough to
    see that the voice came through, and not where that voice fell by `LOST`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicediag.errors import InputError
from voicediag.limits import Limit
from voicediag.measure.near_end import LEAST_S
from voicediag.session import Samples
from voicediag.spans import Span
from voicediag.tune.canceller import TryOut
from voicediag.tune.cancellers import RATE_HZ

EXCERPT_S = 20.0
LOST = Limit(6.0, "dB", "house rule: half of the voice's amplitude, and nobody would ship that, whatever its score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What AECMOS says of a canceller.

    Attributes
    ----------
    span : Span or None
        What it read, on the session's clock.
    echo_before, echo_after : float or None
        1 to 5 without and with the canceller; the more, the less echo. None where a score would mislead.
    voice_before, voice_after : float or None
        The same of everything else that is spoilt; None too where the user does not speak in what it read.
    reason : str
        Why there is no score; empty where there is one.
    """

    span: Span | None = None
    echo_before: float | None = None
    echo_after: float | None = None
    voice_before: float | None = None
    voice_after: float | None = None
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What it says, in words."""
        if self.echo_before is None or self.echo_after is None:
            return f"AECMOS is not asked: {self.reason}."
        voice = ""
        if self.voice_before is not None and self.voice_after is not None:
            voice = f", for the rest {self.voice_before:.1f} to {self.voice_after:.1f}"
        echo = f"{self.echo_before:.1f} to {self.echo_after:.1f} of 5 for the echo"
        return f"AECMOS guesses that listeners would go from {echo}{voice}."


def rating(tried: TryOut) -> Rating:
    """Return what AECMOS says of a try-out.

    Parameters
    ----------
    tried : TryOut

    Raises
    ------
    InputError
        Where the package is not installed.
    """
    if reason := _misled_by(tried):
        return Rating(reason=reason)
    begin_s, both = _excerpt(tried)
    # A track may end a frame before the other, and the network wants them alike.
    end = min(tried.before.size, tried.reference.size, round((begin_s + EXCERPT_S) * RATE_HZ))
    mic, reference, after = (
        sound[round(begin_s * RATE_HZ) : end] for sound in (tried.before, tried.reference, tried.after)
    )
    echo_before, voice_before = scores(mic, reference, mic, both=both)
    echo_after, voice_after = scores(mic, reference, after, both=both)
    start_s = tried.span.start_s + begin_s
    return Rating(
        span=Span(start_s, start_s + mic.size / RATE_HZ),
        echo_before=echo_before,
        echo_after=echo_after,
        voice_before=voice_before if both else None,
        voice_after=voice_after if both else None,
    )


def _misled_by(tried: TryOut) -> str:
    """Return why a score would say nothing or lie, or nothing."""
    if tried.echo.verdict != "echo":
        return f"{tried.mic} holds no echo that could be told"
    if tried.near is None:
        return f"the user is alone for less than {LEAST_S:g} s, and silence would have the best score"
    if tried.near.level_db < -LOST.value:
        return f"the user's voice falls by {-tried.near.level_db:.0f} dB, and silence would have the best score"
    return ""


def _excerpt(tried: TryOut) -> tuple[float, bool]:
    """Return where the excerpt begins that holds most of both voices, and whether it holds both."""
    windows = round(EXCERPT_S / tried.talk.window_s)
    agent, user = (_sums(alone, windows) for alone in (tried.talk.agent, tried.talk.user))
    both = np.minimum(agent, user)
    at = int(np.argmax(both if both.any() else agent))
    return at * tried.talk.window_s, bool(both[at])


def _sums(alone: NDArray[np.bool_], windows: int) -> NDArray[np.int64]:
    """Return how many windows of each excerpt are so."""
    return np.convolve(alone.astype(np.int64), np.ones(min(windows, alone.size), np.int64), "valid")


def scores(mic: Samples, reference: Samples, out: Samples, *, both: bool) -> tuple[float, float]:
    """Return the score for the echo and the one for the rest."""
    try:
        from speechmos import aecmos
    except ImportError as error:
        raise InputError(
            expected="the package speechmos and onnxruntime, which AECMOS runs on",
            got=f"none ({error})",
            likely="they come with an extra: pip install 'voicediag[aecmos]'",
        ) from error
    # Its sound must lie within full scale, and a canceller may overshoot.
    sounds = {"lpb": reference, "mic": mic, "enh": out}
    told = aecmos.run({name: np.clip(sound, -1, 1) for name, sound in sounds.items()}, RATE_HZ, "dt" if both else "st")
    return float(told["echo_mos"]), float(told["deg_mos"])
