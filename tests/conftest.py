"""What every test may ask for: a seeded random generator, and other people's recordings where they are at hand."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# A shared machine is slow at times, which says nothing about the code; a red CI run must be red again when repeated.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# A shell that starts the tests in the background has them ignore Ctrl-C; so would the commands that they stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recordings that are not ours to publish: beside the clone, or where VOICEDIAG_DATA points."""
    named = os.environ.get("VOICEDIAG_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}; VOICEDIAG_DATA names the folder that has them")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """The same random numbers in every test, whichever tests run beside it."""
    return np.random.default_rng(20_261_121)
