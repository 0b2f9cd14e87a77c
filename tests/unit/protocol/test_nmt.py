"""Network management: what a node reports, and what we command (CiA 301)."""

from __future__ import annotations

import pytest

from deltaq_master.protocol.nmt import (
    HEARTBEAT_BASE,
    NMT_COB_ID,
    NmtCommand,
    NmtState,
    command_data,
    heartbeat_state,
)


def test_identifiers_of_the_predefined_connection_set() -> None:
    assert NMT_COB_ID == 0x000
    assert HEARTBEAT_BASE + 10 == 0x70A


@pytest.mark.parametrize(
    ("command", "node_id", "data"),
    [
        (NmtCommand.START, 10, "01 0A"),  # as it stands in the first capture
        (NmtCommand.STOP, 10, "02 0A"),
        (NmtCommand.PRE_OPERATIONAL, 127, "80 7F"),
        (NmtCommand.RESET_NODE, 10, "81 0A"),
        (NmtCommand.RESET_COMMUNICATION, 0, "82 00"),
    ],
)
def test_commands(command: NmtCommand, node_id: int, data: str) -> None:
    assert command_data(command, node_id) == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("data", "state", "word"),
    [
        ("00", NmtState.INITIALISING, "initialising"),
        ("04", NmtState.STOPPED, "stopped"),
        ("05", NmtState.OPERATIONAL, "operational"),
        ("7F", NmtState.PRE_OPERATIONAL, "pre-operational"),
    ],
)
def test_states(data: str, state: NmtState, word: str) -> None:
    assert heartbeat_state(bytes.fromhex(data)) is state
    assert state.word == word


@pytest.mark.parametrize(("data", "state"), [("85", 0x05), ("84", 0x04), ("FF", 0x7F)])
def test_the_toggle_bit_of_node_guarding_is_no_part_of_the_state(data: str, state: int) -> None:
    assert heartbeat_state(bytes.fromhex(data)) == state


@pytest.mark.parametrize("data", ["", "05 00", "01", "06", "7E", "86"])
def test_what_is_no_heartbeat(data: str) -> None:
    assert heartbeat_state(bytes.fromhex(data)) is None
