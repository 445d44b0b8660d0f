"""How long people waited: a session and where its voices sound go in, times come out. Nothing here judges.

The true response time is heard: from the last sound of the user's turn to the first sound of the agent. The logged one
is what a client's own log says: from the provider's end of the turn to the first message that holds sound. What lies
between the two, the VAD's wait before and the player's cushion after, the user hears too.
"""

from voicediag.latency.answers import Answer
from voicediag.latency.bargein import BargeIn
from voicediag.latency.of_session import Latency, measure
from voicediag.latency.parts import PARTS
from voicediag.latency.percentiles import Percentiles, percentiles

__all__ = ["PARTS", "Answer", "BargeIn", "Latency", "Percentiles", "measure", "percentiles"]
