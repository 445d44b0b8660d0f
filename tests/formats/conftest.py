"""A folder for every test of the formats."""

import pytest
from folders import recorded

from voicediag.formats import session_folder


@pytest.fixture
def folder(tmp_path, rng):
    """A whole folder, to be broken by a test."""
    session_folder.write(recorded(rng), tmp_path / "call.vds")
    return tmp_path / "call.vds"
