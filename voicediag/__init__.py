"""voicediag: the flight recorder and the oscilloscope for realtime voice agents.

>>> import voicediag as vd
>>> session = vd.load_demo()
>>> vd.check(session).root_causes[0].id
'echo-leak'
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicediag import detect, measure, present, resampling, session, signals, tune
    from voicediag.check import check
    from voicediag.detect.echo_report import echo
    from voicediag.detect.gap_report import gaps
    from voicediag.formats import load
    from voicediag.formats.demo import load_demo
    from voicediag.live.microphone.widget import record
    from voicediag.live.talk.widget import studio
    from voicediag.notebook import explore

__all__ = [
    "check",
    "detect",
    "echo",
    "explore",
    "gaps",
    "load",
    "load_demo",
    "measure",
    "present",
    "record",
    "resampling",
    "session",
    "signals",
    "studio",
    "tune",
]
__version__ = "0.1.0"

# Importing voicediag costs next to nothing: numpy and the rooms come when they are first asked for.
_AT = {
    "check": "voicediag.check",
    "echo": "voicediag.detect.echo_report",
    "explore": "voicediag.notebook",
    "gaps": "voicediag.detect.gap_report",
    "load": "voicediag.formats",
    "load_demo": "voicediag.formats.demo",
    "record": "voicediag.live.microphone.widget",
    "studio": "voicediag.live.talk.widget",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is."""
    if name in _AT:
        value = getattr(importlib.import_module(_AT[name]), name)
    elif name in __all__:
        value = importlib.import_module(f"voicediag.{name}")
    else:
        raise AttributeError(f"module 'voicediag' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return what completion offers."""
    return sorted(__all__)


if "IPython" in sys.modules:
    from voicediag import notebook

    notebook.register()
