"""What was heard of an agent, run by run, against what came down the wire."""

import numpy as np
import soxr
from heard import lag_of

from voicediag.spans import Span, SpanSet

SLACK_S = 0.03


def played_runs(session):
    """How alike what was played and what was received are, for each run of the log that is long enough.

    What was received lies on the session's clock where the log says that it was heard, give or take the slack of a
    player's callbacks.
    """
    received, played = session.tracks["agent-received"], session.tracks["agent-played"]
    events = [event for event in session.playback if event.event == "played"]
    heard = SpanSet(Span(event.t_ns / 1e9, event.t_ns / 1e9 + event.frames / received.rate_hz) for event in events)
    for run in heard.padded(0.001).longer_than(0.5):
        wanted = soxr.resample(received.read(run), received.rate_hz, played.rate_hz)
        around = played.read(run.padded(SLACK_S))
        at = lag_of(wanted, around)
        yield np.corrcoef(around[at : at + wanted.size], wanted)[0, 1]
