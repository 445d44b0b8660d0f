"""The key or the token is of the wrong form for where it is taken.

Ephemeral tokens and keys go to different methods, in different versions of an API, under different names. A mix-up is
answered by a close or by nothing. And a key that never expires, in a page that anybody can open, works only too well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.detect import slips
from voicediag.detect.detector import Detector
from voicediag.detect.finding import Cause

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.detect.finding import Verdict

ID = "token-form"
NO_OPENING = "the wire log has no line that says how a connection to a provider was opened"


def examine(exam: Examination) -> Verdict:
    """Answer with the keys and tokens that are of the wrong form."""
    return slips.judged(exam.session, ID, nothing_held=NO_OPENING)


DETECTOR = Detector(id=ID, cause=Cause.WIRE, question="Do key and address belong together?", examine=examine)
