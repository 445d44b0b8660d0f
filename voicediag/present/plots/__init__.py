"""Pictures: compute, then draw. matplotlib lives here, and is imported when the first picture is asked for."""

from voicediag.present.plots.around import evidence
from voicediag.present.plots.columns import Envelope, envelope
from voicediag.present.plots.cushion_curve import cushion, cushion_of
from voicediag.present.plots.echo_course import echo
from voicediag.present.plots.gaps import gaps
from voicediag.present.plots.lanes import lag, level, samples, wave
from voicediag.present.plots.overview import session
from voicediag.present.plots.picture import Picture
from voicediag.present.plots.resampler import resampler

__all__ = [
    "Envelope",
    "Picture",
    "cushion",
    "cushion_of",
    "echo",
    "envelope",
    "evidence",
    "gaps",
    "lag",
    "level",
    "resampler",
    "samples",
    "session",
    "wave",
]
