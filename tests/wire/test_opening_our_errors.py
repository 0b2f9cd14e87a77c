"""An interface of ours that refuses its options keeps its own sentence and kind."""

from __future__ import annotations

import pytest

from deltaq_master.errors import BusError, UsageError
from deltaq_master.link.bus.network import open_network


def test_a_wrong_option_of_the_simulated_bus_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="sped") as caught:
        open_network("deltaq_sim", "wrong option", sped=400)
    assert not isinstance(caught.value, BusError)
