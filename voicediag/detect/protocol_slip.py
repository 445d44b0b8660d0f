"""A message breaks a rule of the provider that it was sent to.

Most of these raise nothing in the app: the provider refuses a part, closes, or goes on at less than its best. The rules
and their sources stand with each provider's protocol; here they become findings, one a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicediag.detect import slips
from voicediag.detect.detector import Detector
from voicediag.detect.finding import Cause

if TYPE_CHECKING:
    from voicediag.detect.examination import Examination
    from voicediag.detect.finding import Verdict

ID = "protocol-slip"
NO_RULES = "no rules are known of what passed on this wire"


def examine(exam: Examination) -> Verdict:
    """Answer with the rules that were broken."""
    return slips.judged(exam.session, ID, nothing_held=NO_RULES)


DETECTOR = Detector(id=ID, cause=Cause.WIRE, question="Does every message keep the provider's rules?", examine=examine)
