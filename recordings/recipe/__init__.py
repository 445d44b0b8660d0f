"""How the recordings are made: voices in rooms, a provider's messages around them, and faults of known size."""
