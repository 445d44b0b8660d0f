"""A conversation from a browser's page: its microphone up to a provider, the agent's sound down to it, all recorded."""
