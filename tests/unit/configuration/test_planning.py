"""Plans against a device that is a table: what is planned, refused, passed over and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deltaq_master.configuration.identity import Identity
from deltaq_master.configuration.planning import Plan, Rules, plan
from deltaq_master.configuration.sources import Source, with_words
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.errors import RefusedError, SdoAbortError
from deltaq_master.link.device.node import Node
from deltaq_master.protocol.guard import Policy
from deltaq_master.protocol.nmt import NmtState

HEARTBEAT = Address(0x1017)
WATCH = Address(0x1016, 1)
PROTECTED = Address(0x4208)
COMMAND = Address(0x6000)
COB_ID, TYPE, COUNT, SLOT = Address(0x1400, 1), Address(0x1400, 2), Address(0x1600), Address(0x1600, 1)
HELD = {
    HEARTBEAT: b"\xe8\x03",
    WATCH: bytes.fromhex("D0 07 01 00"),
    PROTECTED: b"\0\0",
    COMMAND: b"\0",
    COB_ID: bytes.fromhex("0A 02 00 00"),
    TYPE: b"\xff",
    COUNT: b"\x01",
    SLOT: bytes.fromhex("10 00 70 60"),
    Address(0x1029, 1): b"\0",
}
THIS = Identity(0x1A3, 0x110, 5, 7, 9, "ICL", None, "1.0")
POLICY = Policy(commands=frozenset({COMMAND}))


class Client:
    """The device: what it holds, and what it aborts."""

    def __init__(self, held: Mapping[Address, bytes], failing: Mapping[Address, int] | None = None) -> None:
        self.held = dict(held)
        self.failing = failing or {}
        self.asked: list[Address] = []

    def upload(self, index: int, sub: int) -> bytes:
        address = Address(index, sub)
        self.asked.append(address)
        code = self.failing.get(address, 0x06020000 if address not in self.held else 0)
        if code:
            raise SdoAbortError(10, index, sub, code, "of the test")
        return self.held[address]


def planned(
    dictionary: Dictionary,
    values: Mapping[Address, bytes] | Source,
    rules: Rules | None = None,
    *,
    client: Client | None = None,
    state: NmtState | None = None,
    identity: Identity = THIS,
) -> Plan:
    node = cast("Node", SimpleNamespace(id=10, dictionary=dictionary, sdo=client or Client(HELD)))
    source = values if isinstance(values, Source) else Source("a.dcf", values)
    return plan(node, source, identity, rules or Rules(POLICY), lambda: state)


def test_only_what_differs_is_written(dictionary: Dictionary) -> None:
    found = planned(dictionary, {HEARTBEAT: b"\xf4\x01", WATCH: HELD[WATCH], Address(0x1029, 1): b"\x01"})
    assert [(step.address, step.data) for step in found.steps] == [
        (HEARTBEAT, b"\xf4\x01"),
        (Address(0x1029, 1), b"\x01"),
    ]
    assert (found.unchanged, found.refusals, found.notes) == (1, (), ())
    assert found.before == {HEARTBEAT: HELD[HEARTBEAT], Address(0x1029, 1): b"\0"}
    found.check()


def test_a_pdo_is_known_whole_before_it_is_changed(dictionary: Dictionary) -> None:
    found = planned(dictionary, {COUNT: b"\x01", SLOT: bytes.fromhex("08 00 81 60")})
    assert found.before == {COB_ID: HELD[COB_ID], COUNT: b"\x01", SLOT: HELD[SLOT]}
    assert [step.why for step in found.steps] == [
        *("disable RPDO1", "RPDO1 without slots", "RPDO1 slot 1", "RPDO1 number of slots", "enable RPDO1")
    ]
    blind = planned(dictionary, {TYPE: b"\xfe"}, client=Client(HELD, {COB_ID: 0x08000000}))
    assert blind.steps == ()
    assert "1400h:01 belongs to a PDO that would change, and cannot be read: aborted" in blind.refusals[0]


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({PROTECTED: b"\x01\x00"}, "4208h:00 Max Charger Voltage U16 Q8: the EDS forbids it"),
        (
            {WATCH: bytes(4)},
            "watch over its master; if you are sure, name it: --allow 0x1016:01, or leave it out",
        ),
        ({COMMAND: b"\x01"}, "it is a command object, which belongs to the charge cycle; leave it out with"),
        ({Address(0x1029, 1): b"\x07"}, "7 raw is not at most 2 raw (limit of 1029h:01 in the EDS)"),
        (
            {HEARTBEAT: b"\x01"},
            "is UNSIGNED16 of 2 bytes, not of 1: 01; leave it out with --except 0x1017:00",
        ),
        (
            {Address(0x5FFF): b"\0"},
            "5FFFh:00 is not in ICL1500-85.eds; leave it out with --except 0x5FFF:00 or add",
        ),
        (
            {Address(0x2302): b"\0\0"},
            "node 10 does not have 2302h:00 Amp-hour Return Target; leave it out with",
        ),
    ],
)
def test_refused(dictionary: Dictionary, values: dict[Address, bytes], refusal: str) -> None:
    found = planned(dictionary, values)
    assert len(found.refusals) == 1
    assert refusal in found.refusals[0]
    with pytest.raises(RefusedError, match="changing node 10 refused: "):
        found.check()
    # What is asked to be left out is, and said.
    (address,) = values
    without = planned(dictionary, values, Rules(POLICY, left_out={address}))
    assert (without.refusals, without.steps) == ((), ())
    assert without.notes == (f"{address} is left out, as asked",)


def test_what_cannot_be_read_could_not_be_undone(dictionary: Dictionary) -> None:
    found = planned(dictionary, {HEARTBEAT: b"\xf4\x01"}, client=Client(HELD, {HEARTBEAT: 0x08000000}))
    assert "it cannot be read, and so not be undone: aborted: of the test" in found.refusals[0]


def test_what_is_as_it_is_to_be_is_no_refusal(dictionary: Dictionary) -> None:
    same = {PROTECTED: b"\0\0", WATCH: HELD[WATCH], COMMAND: b"\0"}
    found = planned(dictionary, same)
    assert (found.refusals, found.steps, found.unchanged) == ((), (), 3)


def test_what_is_named_may_be_written_but_for_commands(dictionary: Dictionary) -> None:
    values = {PROTECTED: b"\x01\x00", WATCH: bytes(4)}
    found = planned(dictionary, values, Rules(POLICY, allow=set(values)))
    assert (found.refusals, len(found.steps)) == ((), 2)
    found = planned(dictionary, {COMMAND: b"\x01"}, Rules(POLICY, allow={COMMAND}, force=True))
    assert len(found.refusals) == 1


def test_what_is_no_configuration_is_passed_over_in_files_and_refused_by_name(dictionary: Dictionary) -> None:
    values = {
        Address(0x6081): b"\x01",  # process data
        Address(0x1001): b"\x01",  # read-only
        Address(0x1018, 1): b"\x10\x01\0\0",  # says whose it is
        Address(0x1003): b"\0",  # an action
    }
    found = planned(dictionary, values)
    assert (found.refusals, found.steps) == ((), ())
    assert found.notes == (
        "3 objects of a.dcf are no configuration (read-only, process data or programs) and are passed over",
    )
    named = planned(dictionary, with_words(None, values.items()))
    assert [text.split(": ", 1)[1] for text in named.refusals] == [
        "it is ro in the EDS, no configuration",
        "it is its error history, no configuration",
        "it is ro in the EDS, no configuration",
        "it is process data (PDOMapping=1), no configuration",
    ]


def test_what_is_absent_can_be_left_out(dictionary: Dictionary) -> None:
    values = {Address(0x5FFF): b"\0", Address(0x2302): b"\0\0", HEARTBEAT: b"\xf4\x01"}
    found = planned(dictionary, values, Rules(POLICY, skip_absent=True))
    assert (found.refusals, len(found.steps), len(found.notes)) == ((), 1, 2)


def test_limits_do_not_hold_for_what_was_there(dictionary: Dictionary) -> None:
    values = {Address(0x1029, 1): b"\x07"}
    found = planned(dictionary, values, Rules(POLICY, restoring=True))
    assert (found.refusals, len(found.steps)) == ((), 1)
    # Nor for what is there already: a second apply of what was restored is none.
    odd = Client({**HELD, Address(0x1029, 1): b"\x07"})
    assert planned(dictionary, values, client=odd).refusals == ()
    # Its watch over the master is another matter.
    assert planned(dictionary, {WATCH: bytes(4)}, Rules(POLICY, restoring=True)).refusals


@pytest.mark.parametrize(
    ("change", "refused", "said"),
    [
        ({"vendor": 0x111}, True, "vendor (1018h:01) is 110h, and 111h is expected"),
        ({"product": 6}, True, "product (1018h:02) is 5h, and 6h is expected"),
        ({"device_type": 401}, True, "device type (1000h) is 1A3h, and 191h is expected"),
        ({"revision": 8}, False, "note that revision (1018h:03) is 7h, and 8h is expected"),
        ({"serial": 8}, False, "note that serial number (1018h:04) is 9h, and 8h is expected"),
        ({"software": "2.0"}, False, "note that software (100Ah) is '1.0', and '2.0' is expected"),
        ({"device_type": 0x00FF01A3}, False, ""),
    ],
)
def test_whose_values_they_are(
    dictionary: Dictionary, change: dict[str, Any], refused: bool, said: str
) -> None:
    source = Source("a.dcf", {HEARTBEAT: b"\xf4\x01"}, replace(THIS, **change), 10)
    found = planned(dictionary, source)
    assert bool(found.refusals) is refused
    assert said in "; ".join(found.refusals + found.notes)
    if refused:
        allowed = planned(dictionary, source, Rules(POLICY, other_device=True))
        assert (allowed.refusals, said in allowed.notes[0]) == ((), True)
    # A snapshot goes back into the very device.
    restored = planned(dictionary, source, Rules(POLICY, restoring=True))
    assert bool(restored.refusals) is (refused or "serial" in change)


def test_cob_ids_are_of_one_node(dictionary: Dictionary) -> None:
    found = planned(dictionary, Source("a.dcf", {HEARTBEAT: b"\xf4\x01"}, THIS, 11))
    assert "a.dcf is for node 11: its COB-IDs are that one's" in found.refusals[0]


def test_a_device_that_does_not_say_who_it_is_is_another(dictionary: Dictionary) -> None:
    source = Source("a.dcf", {HEARTBEAT: b"\xf4\x01"}, THIS, 10)
    found = planned(dictionary, source, identity=Identity())
    assert "vendor (1018h:01) is not known, and 110h is expected" in "; ".join(found.refusals)


def test_a_device_at_work_is_left_alone_if_there_is_something_to_write(dictionary: Dictionary) -> None:
    status = Address(0x2006)
    policy = Policy(status=(status,), busy=lambda found: "it works" if found[status] else "")
    client = Client({**HELD, status: b"\x01"})
    values = {HEARTBEAT: b"\xf4\x01"}
    found = planned(dictionary, values, Rules(policy), client=client)
    assert found.refusals == ("it works; end that first, or add --force",)
    assert planned(dictionary, values, Rules(policy, force=True), client=client).refusals == ()
    assert planned(dictionary, {HEARTBEAT: HELD[HEARTBEAT]}, Rules(policy), client=client).refusals == ()
    assert status not in found.before, "it changes by itself, and is not read back"


def test_pdos_do_not_change_while_it_is_operational(dictionary: Dictionary) -> None:
    values = {TYPE: b"\xfe"}
    found = planned(dictionary, values, state=NmtState.OPERATIONAL)
    assert "it is operational, and PDOs would change" in found.refusals[0]
    assert planned(dictionary, values, Rules(POLICY, force=True), state=NmtState.OPERATIONAL).refusals == ()
    assert planned(dictionary, values, state=NmtState.PRE_OPERATIONAL).refusals == ()
    assert planned(dictionary, {HEARTBEAT: b"\xf4\x01"}, state=NmtState.OPERATIONAL).refusals == ()
