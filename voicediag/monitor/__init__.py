"""What a conversation shows while it goes on: levels, the echo's light, captions, turns, cost; in constant memory.

It judges nothing for good: a recording is judged by `check`, once it is closed.
"""

from voicediag.monitor.monitor import Monitor, warm_up

__all__ = ["Monitor", "warm_up"]
