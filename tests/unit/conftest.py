"""What the unit tests share: the shipped EDS, loaded once."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    """The shipped EDS for node 10."""
    return load(eds_path(), 10)
