"""What is said of each fault of pacing, and what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicediag.detect.pacing_kinds import Kind
    from voicediag.measure.pacing import Pacing
    from voicediag.session.events import Direction

_DEADLINES: Final = (
    "Send on absolute deadlines (due += frame; sleep until due), not a frame's length after each send: the work "
    "between two sleeps adds up. No cushion covers a lateness that grows."
)
_STALL_UP: Final = (
    "Find what blocks the sender: a lock, a blocking call on the event loop, a device callback that waits. Give "
    "capture a thread of its own, and let a queue between the two show its depth."
)
_STALL_DOWN: Final = (
    "Nothing came for longer than any cushion hides. See whether the receive loop was blocked (then all of it comes at "
    "once), or a proxy or the network held it; only then is it the provider. Read the socket in a task of its own."
)
_JITTER_UP: Final = (
    "The sender or the network is uneven, and catches up each time. Send small frames from a thread that does nothing "
    "else; nothing is lost, but each answer waits for the latest frame."
)
_CAPTURE: Final = (
    "The sender is in time: it sends what the microphone delivers, and buffers of that are lost. Mend the capture "
    "(see starved-capture); deadlines would send silence in their place."
)
_EITHER: Final = (
    "Count the frames that the capture's callback delivers in a minute. As many as the rate says: send on absolute "
    "deadlines (due += frame; sleep until due). Fewer: buffers of the microphone are lost, so give the capture its own "
    "thread. With user-captured recorded beside user-sent, or the agent audible in the microphone, it can be told."
)
_FRAMING: Final = (
    "Carry the remainder of each message over into the next frame, instead of sending it short and waiting a whole "
    "frame for it."
)
REMEDIES: Final[Mapping[tuple[Kind, Direction], str]] = {
    ("sleep-drift", "up"): _DEADLINES,
    ("sleep-drift", "down"): _DEADLINES,
    ("lost-capture", "up"): _CAPTURE,
    ("falls-behind", "up"): _EITHER,
    ("slow-source", "up"): "The source makes sound more slowly than real time: see what feeds the sender.",
    ("slow-source", "down"): (
        "The sound is made or sent more slowly than it is heard: a longer cushion only puts the gaps off. Choose a "
        "faster voice or region, or begin to play once the rest will keep up (voicediag cushion-sweep). Where a proxy "
        "of yours paces this stream, see that it keeps absolute deadlines."
    ),
    ("framing", "up"): _FRAMING,
    ("framing", "down"): _FRAMING,
    ("stall-and-burst", "up"): _STALL_UP,
    ("stall", "up"): _STALL_UP,
    ("stall-and-burst", "down"): _STALL_DOWN,
    ("stall", "down"): _STALL_DOWN,
    ("jitter", "up"): _JITTER_UP,
    ("jitter", "down"): (
        "The way is uneven and catches up each time: a cushion helps, and voicediag cushion-sweep says how long a one. "
        "Over 150 ms of it are heard as a slow answer, so look for the hop that holds chunks up."
    ),
    ("overflow", "down"): (
        "The player's queue is shorter than an answer's lead, and drops the newest: models send faster than real time. "
        "Let the queue hold a whole answer and empty it on an interruption, or stop reading while it is full."
    ),
}


def summary(kind: Kind, pace: Pacing, *, sender: str) -> str:
    """Return what was found, in a sentence or two."""
    chunk_ms, interval_ms = pace.chunk_s * 1_000, pace.interval_s * 1_000
    behind = f"{pace.slope * 1_000:.0f} ms behind each second ({pace.underfeed * 100:.1f} % too little sound)"
    match kind:
        case "sleep-drift":
            return (
                f"{sender} sends {chunk_ms:g} ms of sound every {interval_ms:.1f} ms and falls {behind}: it sleeps "
                "after each send, and the lateness adds up."
            )
        case "lost-capture":
            return (
                f"{sender} falls {behind}, in steps: the microphone loses as much in the same time, and what it lost "
                "cannot be sent."
            )
        case "falls-behind":
            steps = ", in steps" if pace.growth == "steps" else ""
            return (
                f"{sender} falls {behind}{steps}: either it sends too late, or the microphone loses buffers and it "
                "sends what it gets. This recording does not tell which."
            )
        case "slow-source":
            return f"{sender} falls {behind}: the sound comes more slowly than it is heard."
        case "framing":
            return (
                f"{sender} falls {behind}: what is left over of each message goes out as a short frame, and is waited "
                "for as long as a whole one."
            )
        case "stall-and-burst" | "stall":
            times = "once" if pace.stalls == 1 else f"{pace.stalls} times"
            after = ", and then all of it at once" if kind == "stall-and-burst" else ""
            return f"{sender} stalled {times}: nothing came for up to {pace.longest_stall_s * 1_000:.0f} ms{after}."
    return (
        f"{sender}'s chunks come up to {pace.jitter_p99_s * 1_000:.0f} ms late (99 %) and catch up each time: jitter, "
        "no drift."
    )
