"""Fixtures for a simulated charger on a wire in virtual time."""

from __future__ import annotations

import pytest

from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path
from tests.unit.simulator.virtual_wire import Make, Wire


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    """The shipped EDS, for node 10."""
    return load(eds_path(), 10)


@pytest.fixture
def wire(dictionary: Dictionary) -> Make:
    """Makes a wire with a charger; options are those of the command line, with `_` for `-`."""

    def make(**options: str) -> Wire:
        return Wire(dictionary, options)

    return make
