"""What an emulated service can do wrong, by name.

Several at once compose. A fault that strikes at a moment takes it after its name, in seconds: ``goaway=8``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicediag.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BOTH: Final = ("gemini", "openai")
LINE: Final = ("twilio",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A fault.

    Parameters
    ----------
    says : str
        What it does, in a sentence.
    providers : tuple of str
        Whose service can have it.
    usual_s : float, optional
        Its number where none is given: a moment or a length, as `says` tells; None where it takes none.
    """

    says: str
    providers: tuple[str, ...] = BOTH
    usual_s: float | None = None


FAULTS: Final[dict[str, Kind]] = {
    "silent-setup": Kind(says="The setup is never answered: no setupComplete, no session.created, no error."),
    "snake-keys": Kind(
        says="The protocol's keys come in snake_case, which the official clients do not read.", providers=("gemini",)
    ),
    "interrupted-with-audio": Kind(
        says="When the user interrupts, ten more chunks of the agent's sound come with `interrupted` in one message "
        "(Gemini), or right after the response was cancelled (OpenAI)."
    ),
    "goaway": Kind(
        says="After =8 seconds goAway says that 2 s are left; then the connection closes with 1011.",
        providers=("gemini",),
        usual_s=8.0,
    ),
    "session-expiry": Kind(
        says="After =8 seconds the error session_expired comes, and the connection closes with 1001.",
        providers=("openai",),
        usual_s=8.0,
    ),
    "tcp-abort": Kind(
        says="After =6 seconds the connection breaks without a closing frame.", providers=(*BOTH, *LINE), usual_s=6.0
    ),
    "unanswered-tool-call": Kind(
        says="The first reply begins with a call of a function that no app has, and waits for its result."
    ),
    "slow-answer": Kind(says="Each reply begins =3 seconds later than it would.", usual_s=3.0),
    "late-chunks": Kind(
        says="In each reply the sound stalls for =0.6 seconds; what is late then comes in one burst.", usual_s=0.6
    ),
    "slow-sound": Kind(
        says="Each second of the agent's sound takes =0.25 seconds longer to come than it is heard.", usual_s=0.25
    ),
    "jittery-chunks": Kind(
        says="Sound comes in real time, and each chunk is held up for up to =0.4 seconds, by lot.", usual_s=0.4
    ),
    "never-chunks": Kind(says="In each reply about one chunk in ten never comes; which ones, the seed says."),
    "false-vad-start": Kind(
        says="The service hears the user start =0.6 seconds into its first reply, whatever the microphone sends.",
        usual_s=0.6,
    ),
    "early-endpoint": Kind(says="80 ms of quiet end the user's turn, so that a pause in mid-sentence does."),
    "wrong-rate": Kind(says="The agent's sound has 16000 samples a second and is declared with 24000."),
    "token-wrong-endpoint": Kind(
        says="Tokens are taken on their own endpoint only (v1alpha, Constrained), keys on the other; else 1008.",
        providers=("gemini",),
    ),
    "late-pongs": Kind(says="Each ping is answered =20 seconds late, as in the field.", usual_s=20.0),
    "speaker-echo": Kind(
        says="The caller's line hears the agent =0.16 seconds after it was played, 14 dB weaker.",
        providers=LINE,
        usual_s=0.16,
    ),
    "lost-packets": Kind(
        says="About one frame of the caller in fifty is never sent, and timestamps jump; which ones, the seed says.",
        providers=LINE,
    ),
    "bursty-frames": Kind(
        says="The caller's frames are held back and come in bursts of =0.2 seconds.", providers=LINE, usual_s=0.2
    ),
    "late-marks": Kind(
        says="Marks come back =1 seconds after their sound was played or cleared.", providers=LINE, usual_s=1.0
    ),
}


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one emulator: their names, and the number of each that has one."""

    chosen: dict[str, float | None]

    def __contains__(self, name: str) -> bool:
        """Whether this fault was asked for."""
        return name in self.chosen

    def seconds(self, name: str) -> float | None:
        """Return a fault's number; None where it was not asked for."""
        return self.chosen.get(name)


def parse(names: Iterable[str], *, provider: str, known: Mapping[str, Kind] = FAULTS) -> Faults:
    """Return the faults of these names, for this provider.

    Parameters
    ----------
    known : mapping of name to Kind
        Which there are.

    Raises
    ------
    InputError
        Where there is no such fault, the provider cannot have it, or its number is none.
    """
    chosen: dict[str, float | None] = {}
    for said in names:
        name, _, number = said.partition("=")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                expected=f"a fault of {', '.join(known)}", got=repr(name), likely=near[0] if near else None
            )
        kind = known[name]
        if provider not in kind.providers:
            raise InputError(expected=f"a fault that {provider} can have", got=f"{name}, of {kind.providers[0]}")
        chosen[name] = _number(number, said, kind)
    return Faults(chosen)


def _number(text: str, said: str, kind: Kind) -> float | None:
    if not text:
        return kind.usual_s
    if kind.usual_s is None:
        raise InputError(expected="a fault's name alone", got=said, likely="it takes no number")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 86_400:
        raise InputError(expected="seconds after the fault's name, as goaway=8", got=said)
    return seconds
