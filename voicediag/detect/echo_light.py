"""The light of a call that is under way, from a session folder that is still being written.

Whoever reads the folder is another process than the one that holds the call, so that nothing here can disturb it. Each
look takes what has come since the last one; a light is told when it changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.measure.echo_stream import EchoMeter, EchoNow
from voicediag.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicediag.session import Session

# What the recorder has taken is on the disk a twentieth of a second later, and the player's log comes in pieces.
SETTLED_S = 0.5
BLOCK_S = 10.0
# A look reads the whole log again: so many times as long nothing is looked at.
REST = 9.0
LEAST_PAUSE_S = 0.5
# House rule: what is told later than this warns nobody; a busy machine makes a look long.
MOST_PAUSE_S = 3.0
# A recorder that was killed never closes its folder.
STILL_S = 30.0


class EchoLight:
    """Follows a session as it grows."""

    def __init__(self) -> None:
        self._meter: EchoMeter | None = None
        self._rates: tuple[int, int] | None = None
        self.until_s = 0.0

    def look(self, session: Session) -> EchoNow | None:
        """Return what the last seconds say; None while one of the two tracks is missing."""
        mic, speaker = session.heard, session.spoken
        if mic is None or speaker is None:
            return None
        if self._meter is None or self._rates != (mic.rate_hz, speaker.rate_hz):
            self._rates = (mic.rate_hz, speaker.rate_hz)
            self._meter = EchoMeter(*self._rates)
        # A microphone is sent all the time; an agent that is silent sends nothing.
        end_s = mic.span.end_s - SETTLED_S
        while self.until_s < end_s:
            block = Span(self.until_s, min(end_s, self.until_s + BLOCK_S))
            self._meter.push(mic.read(block), speaker.read(block))
            self.until_s = block.end_s
        return self._meter.now


def lights(
    load: Callable[[], Session | None],
    *,
    is_closed: Callable[[Session], bool],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[EchoNow]:
    """Yield the light each time that it changes, until the session is closed or nothing comes any more.

    Parameters
    ----------
    load : callable
        Returns the session as far as it has been written; None where there is nothing to read yet.
    is_closed : callable
        Whether the recorder has finished.
    clock, sleep : callable
        In seconds.
    """
    light, shown, grew_s = EchoLight(), None, clock()
    while True:
        began_s, until_s = clock(), light.until_s
        session = load()
        now = light.look(session) if session else None
        if now and now.verdict != shown:
            shown = now.verdict
            yield now
        if session and is_closed(session):
            return
        ended_s = clock()
        grew_s = ended_s if light.until_s > until_s else grew_s
        if session and ended_s - grew_s > STILL_S:
            return
        sleep(min(MOST_PAUSE_S, max(LEAST_PAUSE_S, REST * (ended_s - began_s))))
