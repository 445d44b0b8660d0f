"""What a session cost: what the provider says was used goes in, at prices that have a date, and dollars come out.

Nothing is estimated where the wire has counts, and what has no price has no cost: None, and never 0.
"""

from voicediag.cost.elsewhere import Elsewhere
from voicediag.cost.of_session import Billed, Cost, bill
from voicediag.cost.prices import Note, Price, PriceList, price_list

__all__ = ["Billed", "Cost", "Elsewhere", "Note", "Price", "PriceList", "bill", "price_list"]
