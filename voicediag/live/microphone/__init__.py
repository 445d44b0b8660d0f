"""A browser's microphone, and beside it what the browser plays, on one clock."""
