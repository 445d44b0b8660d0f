"""The resampler bench: hand over anything that resamples, get a verdict for voice.

`evaluate` sends tones of exact phase, chirps, impulses, silence and full-scale squares through it, whole and in chunks
of many sizes, and holds every number against limits for voice. Each number stands beside its own floor, which is what
a perfect resampler would have measured, and none is told below it.
"""

from voicediag.resampling.bench import evaluate, judged_output
from voicediag.resampling.browser import in_browser
from voicediag.resampling.commands import named
from voicediag.resampling.measured import Part
from voicediag.resampling.plan import Plan, plan
from voicediag.resampling.report import Report

__all__ = ["Part", "Plan", "Report", "evaluate", "in_browser", "judged_output", "named", "plan"]
