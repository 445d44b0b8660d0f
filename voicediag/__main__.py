"""``python -m voicediag``."""

from voicediag.cli import main

main()
