"""What other settings would have done to a session that is already recorded."""

from voicediag.tune import canceller, cushion

__all__ = ["canceller", "cushion"]
