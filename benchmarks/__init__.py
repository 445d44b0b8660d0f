"""Numbers that the project claims, each printed by one command: ``python -m benchmarks.NAME``."""
