"""What other settings would have done to a session that is already recorded."""

from voicediag.tune import aecmos, canceller, cushion, vad

__all__ = ["aecmos", "canceller", "cushion", "vad"]
