"""Emulated providers on one's own machine: the server side of a conversation, with faults by name.

`serving` starts one; `FAULTS` says what it can do wrong.
"""

from voicediag.live.emulator.faults import FAULTS, Faults, parse
from voicediag.live.emulator.scenario import Reply, Scenario, Tool, Vad, read
from voicediag.live.emulator.serving import Emulator, run, serving

__all__ = ["FAULTS", "Emulator", "Faults", "Reply", "Scenario", "Tool", "Vad", "parse", "read", "run", "serving"]
