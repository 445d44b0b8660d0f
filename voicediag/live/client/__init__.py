"""Clients: an app's side of a live session, recorded as it is held.

`Caller` holds one over the network, `imagine` one with an emulated service on a clock that runs as fast as it can.
"""

from voicediag.live.client.player import Player
from voicediag.live.client.room import Echo, Room

__all__ = ["Echo", "Player", "Room"]
