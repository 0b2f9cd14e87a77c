"""A remap over a real SDO channel: planned by reads alone, refused before a write, made whole or undone."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import can
import pytest

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.ordering import PDO_PARAMETERS, Difference
from deltaq_master.dictionary.pdo_profile import PdoProfile, profile_of, read_profile, values_of
from deltaq_master.dictionary.shipped import eds_path, profile_paths
from deltaq_master.errors import CallError, ChangeError, RefusedError, SdoTimeoutError
from deltaq_master.link.bus.network import Network
from deltaq_master.link.device import transaction
from deltaq_master.link.device.device import Device, on_bus
from deltaq_master.link.device.remap import RemapPlan
from deltaq_master.link.device.reported import ReportedNmt
from deltaq_master.link.device.restarts import Restarts
from deltaq_master.link.device.transaction import Handling, Progress
from deltaq_master.link.pdo.maps import plan_remap, read_dump, remap
from deltaq_master.protocol.guard import Policy
from deltaq_master.protocol.nmt import NmtCommand, NmtState
from tests.wire.conftest import ScriptedBus, message

NUMBERS = itertools.count(1)
HASTY = 0.06
"""Time-out of one SDO request while a fault is awaited [s]; the simulated device answers before `send` returns."""
PATIENT = 0.5
"""The same where an answer is awaited, however busy the machine."""


@functools.cache
def eds() -> Dictionary:
    return load(eds_path(), 10)


@functools.cache
def shipped(name: str) -> PdoProfile:
    return read_profile(profile_paths()[name], eds())


def profile(text: str) -> PdoProfile:
    return profile_of(text, "a.toml", eds())


class Seen(NamedTuple):
    """A device, and what is sent to it."""

    device: Device
    sent: list[bytes]
    """SDO requests and all else that we send."""

    def plan(self, wanted: PdoProfile, *, force: bool = True, **options: object) -> RemapPlan:
        return plan_remap(self.device.node, wanted, nmt=self.device.nmt, force=force, **options)  # type: ignore[arg-type]

    def writes(self) -> list[bytes]:
        return [data for data in self.sent if data[0] >> 5 == 1]

    def words(self) -> dict[Address, bytes]:
        """All PDO parameters, read plainly."""
        upload = self.device.node.sdo.upload
        return {
            e.address: upload(e.address.index, e.address.sub)
            for e in eds()
            if e.address.index in PDO_PARAMETERS
        }


@contextmanager
def charger(dictionary: Dictionary | None = None, **options: str) -> Iterator[Seen]:
    channel = f"remap {next(NUMBERS)}"
    bus = can.Bus(interface="deltaq_sim", channel=channel, **options)  # type: ignore[arg-type]
    network = Network(bus)
    network.NOTIFIER_CYCLE = 0.005
    network.connect()
    sent: list[bytes] = []
    network.gate.subscribe_frames(lambda frame: sent.append(frame.data) if frame.sent else None)
    try:
        with on_bus(network, dictionary or eds()) as device:
            device.node.sdo.RESPONSE_TIMEOUT = PATIENT
            if options.get("charger") != "no":
                started(device)
            sent.clear()
            yield Seen(device, sent)
    finally:
        network.disconnect()
        bus.shutdown()


def started(device: Device) -> None:
    """Wait until a device that was just switched on answers."""
    for _ in range(100):
        try:
            device.node.sdo.upload(0x1001, 0)
        except SdoTimeoutError:
            continue
        return


# --- planned ----------------------------------------------------------------------------------------------


def test_a_plan_is_made_by_reads_alone() -> None:
    with charger() as seen:
        plan = seen.plan(shipped("ennoid-bms"))
        assert plan.refusals == ()
        assert [step.why for step in plan.steps] == [
            "disable RPDO1",
            "disable RPDO2",
            "RPDO3 slot 1",
            "RPDO3 slot 2",
            "RPDO3 slot 3",
            "RPDO3 number of slots",
            "enable RPDO3",
        ]
        assert all(data[0] >> 5 == 2 for data in seen.sent)
        assert plan.dump.rpdo(1).enabled
        assert not plan.after.rpdo(1).enabled
        assert plan.after.rpdo(3).mapping.length == 7


def test_a_device_that_is_as_wanted_needs_nothing() -> None:
    with charger() as seen:
        plan = seen.plan(shipped("icl1500-85"), force=False)
        assert (plan.steps, plan.refusals) == ((), ())
        dump = remap(seen.device.node, plan)
        assert dump.rpdo(1).complete
        assert seen.writes() == []


def test_a_profile_of_part_of_a_pdo_leaves_the_rest() -> None:
    with charger() as seen:
        plan = seen.plan(profile("[TPDO1]\nevent_timer_ms = 100"))
        remap(seen.device.node, plan)
        after = plan.dump.tpdo(1)
        assert read_dump(seen.device.node).tpdo(1) == replace(after, event_timer_ms=100)


# --- made -------------------------------------------------------------------------------------------------


def test_afterwards_the_maps_of_the_node_are_the_devices() -> None:
    with charger() as seen:
        node = seen.device.node
        node.install(read_dump(node))
        assert node.tpdo.numbered(1).on_message in node.network.subscribers[0x18A]
        dump = remap(node, seen.plan(profile('[TPDO1]\ncob_id = 0x1AA\nmap = ["0x2101", "0x2002"]')))
        assert [slot.name for slot in node.tpdo.numbered(1)] == ["Battery Voltage Q8.8", "Charging Current"]
        assert node.tpdo.numbered(1).on_message in node.network.subscribers[0x1AA]
        assert node.tpdo.numbered(1).on_message not in node.network.subscribers.get(0x18A, [])
        assert dump.tpdo(1).cob_id == 0x1AA


@pytest.mark.parametrize("name", ["cia-419", "davewl", "delta-q-standard", "ennoid-bms"])
def test_there_and_back(name: str) -> None:
    with charger() as seen:
        before = seen.words()
        remap(seen.device.node, seen.plan(shipped(name)))
        assert seen.words() != before
        remap(seen.device.node, seen.plan(shipped("icl1500-85")))
        used = {a: data for a, data in seen.words().items() if data != before[a]}
        # What lies beyond the number of slots, and where disabled PDOs would be, nobody asked to be put back.
        known = values_of(shipped("icl1500-85"), before)
        assert not used.keys() & known.keys()


def test_a_device_with_a_fixed_number_of_slots() -> None:
    with charger(fault="fixed-counts") as seen:
        node = seen.device.node
        before = seen.words()
        # That it is fixed is found out by trying; slots that are too many are mapped to nothing.
        dump = remap(node, seen.plan(shipped("davewl")))
        assert dump.rpdo(1).words == (*(shipped("davewl").pdos[0].words or ()), 0, 0)
        assert seen.plan(shipped("davewl")).steps == ()
        fewer = profile('[RPDO1]\nmap = ["0x6000"]')
        assert remap(node, seen.plan(fewer)).rpdo(1).words == (0x60000008, *[0] * 7)
        remap(node, seen.plan(shipped("icl1500-85")))
        assert seen.words() == before


def other_eds(folder: Path, old: str, new: str) -> Dictionary:
    text = eds_path().read_text()
    assert old in text
    path = folder / "other.eds"
    path.write_text(text.replace(old, new))
    return load(path, 10)


COUNT = "[1600sub0]\nParameterName=NrOfMappedObjects\nObjectType=0x7\nDataType=0x0005\nAccessType="


def test_a_number_of_slots_that_is_read_only_in_the_eds(tmp_path: Path) -> None:
    fixed = other_eds(tmp_path, COUNT + "rw", COUNT + "ro")
    with charger(fixed, fault="fixed-counts") as seen:
        plan = seen.plan(shipped("davewl"))
        assert plan.fixed == {0x1600}
        assert not any(step.address == Address(0x1600) for step in plan.steps)
        remap(seen.device.node, plan, Handling(restarts=lambda: 0))
        assert seen.writes()[0].hex(" ").upper() == "23 00 14 01 0A 02 00 80"
        assert len(seen.writes()) == len(plan.steps)
    with charger(fixed) as seen:
        eight = ", ".join(f'"5h #{number}"' for number in range(1, 9))
        assert seen.plan(profile(f"[RPDO1]\nmap = [{eight}]")).refusals[0] == (
            "RPDO1 is to map 8 objects, and its device has 6 fixed slots"
        )


def test_a_parameter_that_is_not_in_the_eds_is_not_written(tmp_path: Path) -> None:
    smaller = other_eds(tmp_path, "[1400sub5]", "[1400sub6]")
    with charger(smaller) as seen:
        wanted = profile("[RPDO1]\nevent_timer_ms = 500")
        assert seen.plan(wanted).refusals == ("1400h:05 is not in other.eds",)


def test_two_pdos_exchange_their_cob_ids() -> None:
    with charger() as seen:
        remap(seen.device.node, seen.plan(profile("[RPDO1]\ncob_id = 0x30A\n[RPDO2]\ncob_id = 0x20A")))
        dump = read_dump(seen.device.node)
        assert (dump.rpdo(1).cob_word, dump.rpdo(2).cob_word) == (0x30A, 0x20A)


def test_the_order_of_cia_301_on_the_wire() -> None:
    with charger() as seen:
        plan = seen.plan(profile('[RPDO2]\nmap = ["0x6000", "0x6070"]\nevent_timer_ms = 500'))
        remap(seen.device.node, plan)
        assert [data.hex(" ").upper() for data in seen.writes()] == [
            "23 01 14 01 0A 03 00 80",
            "2F 01 16 00 00 00 00 00",
            "23 01 16 01 08 00 00 60",
            "23 01 16 02 10 00 70 60",
            "2F 01 16 00 02 00 00 00",
            "2B 01 14 05 F4 01 00 00",
            "23 01 14 01 0A 03 00 00",
        ]


# --- refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[RPDO1]\nmap = ["0x6001"]', "its access is ro in the EDS"),
        ('[RPDO1]\nmap = ["0x1017"]', "cannot be mapped"),
        ("[RPDO1]\ncob_id = 0x30A", "RPDO1 and RPDO2 would both have COB-ID 30Ah"),
        ("[RPDO1]\ncob_id = 0x8A", "COB-ID 08Ah is the device's EMCY"),
        ("[RPDO1]\ncob_id = 0x60A", "is kept for other services"),
    ],
)
def test_what_must_not_be_mapped_is_refused_with_nothing_written(text: str, reason: str) -> None:
    with charger() as seen:
        plan = seen.plan(profile(text))
        assert any(reason in refusal for refusal in plan.refusals)
        with pytest.raises(RefusedError, match="the remap of node 10 refused: "):
            remap(seen.device.node, plan)
        assert seen.writes() == []


def test_the_watch_over_the_master_is_not_weakened_unless_named() -> None:
    with charger() as seen:
        node = seen.device.node
        remap(node, seen.plan(profile("[RPDO1]\nevent_timer_ms = 500")))
        weaker = profile("[RPDO1]\nevent_timer_ms = 900")
        (refusal,) = seen.plan(weaker).refusals
        assert "it would switch off or lengthen the device's own watch" in refusal
        assert "--allow 0x1400:05" in refusal
        plan = seen.plan(weaker, allow=[Address(0x1400, 5)])
        assert plan.refusals == ()
        remap(node, plan)
        assert node.sdo.upload(0x1400, 5) == bytes.fromhex("84 03")


def test_an_operational_device_is_refused_unless_forced() -> None:
    with charger() as seen:
        seen.device.nmt.command(NmtCommand.START)
        assert seen.device.nmt.wait_for(frozenset((NmtState.OPERATIONAL,)), 3.0)
        (refusal,) = seen.plan(shipped("cia-419"), force=False).refusals
        assert refusal.startswith("it is operational, and PDOs are changed in pre-operational; send it there")
        forced = seen.plan(shipped("cia-419"))
        assert forced.refusals == ()
        assert forced.warnings[0] == refusal


def test_a_device_of_unknown_state_is_refused_unless_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltaq_master.link.device.remap.HEARTBEAT_WAIT", 0.01)
    with charger(fault="heartbeat-stop") as seen:
        # The boot-up message was heard by the one before.
        late = seen._replace(device=seen.device._replace(nmt=ReportedNmt(seen.device.network, 10)))
        (refusal,) = late.plan(shipped("cia-419"), force=False).refusals
        assert refusal == (
            "its NMT state is not known: it sent no heartbeat within 0.01 s; see 1017h, or force it"
        )
        remap(seen.device.node, seen.plan(shipped("cia-419")))


def test_a_busy_device_is_refused_unless_forced() -> None:
    policy = Policy(status=(Address(0x2006),), busy=lambda found: "it is at work" if found else "")
    with charger() as seen:
        assert seen.device.nmt.wait_heard(3.0)
        (refusal,) = seen.plan(shipped("cia-419"), force=False, policy=policy).refusals
        assert refusal == "it is at work; end that first, or force it"
        assert seen.plan(shipped("cia-419"), policy=policy).warnings == (refusal,)
        # Nothing to do is nothing to refuse.
        assert seen.plan(shipped("icl1500-85"), force=False, policy=policy).refusals == ()


def test_a_pdo_that_somebody_sends_is_not_changed() -> None:
    with charger() as seen:
        node = seen.device.node
        plan = seen.plan(shipped("davewl"))
        node.rpdo.numbered(1).claim("the charge")
        for call in (lambda: seen.plan(shipped("davewl")), lambda: remap(node, plan)):
            with pytest.raises(CallError, match="cannot remap RxPDO1_node10: the charge sends it"):
                call()
        node.rpdo.numbered(1).release()
        node.install(read_dump(node))
        node.rpdo.numbered(1).start(5.0)
        with pytest.raises(CallError, match=r"start\(\) sends it; stop\(\) it first"):
            remap(node, plan)
        node.rpdo.numbered(1).stop()
        # Another one is free.
        node.rpdo.numbered(2).claim("the charge")
        remap(node, plan)


def test_a_device_that_has_changed_since_is_planned_again() -> None:
    with charger() as seen:
        plan = seen.plan(shipped("davewl"))
        seen.device.node.sdo.download(0x1400, 5, b"\xf4\x01")
        with pytest.raises(RefusedError, match="1400h:05 has changed since the plan was made; plan it again"):
            remap(seen.device.node, plan)


def test_what_cannot_be_read_is_not_changed() -> None:
    with charger(fault="sdo-dead:0x1600") as seen:
        plan = seen.plan(shipped("davewl"))
        assert any(
            refusal.startswith("1600h:00 could not be read: not answered") for refusal in plan.refusals
        )
        assert plan.steps == ()
    with charger(fault="no-object:0x1400") as seen:
        refusals = seen.plan(profile("[RPDO1]\nenabled = false")).refusals
        assert refusals[0] == "1400h:01 is not known"


def test_a_device_that_is_not_there() -> None:
    with charger(charger="no") as seen, pytest.raises(SdoTimeoutError):
        seen.plan(shipped("davewl"))


def test_a_device_that_refuses_its_device_type_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with charger(fault="no-object:0x1000") as seen:
        assert seen.plan(shipped("davewl")).steps


def test_a_pdo_that_the_eds_does_not_have(tmp_path: Path) -> None:
    wanted = profile("[RPDO1]\nenabled = true")
    ninth = PdoProfile("x", "", (replace(wanted.pdos[0], number=9, cob_id=0x222, rtr=True, words=()),))
    with charger() as seen:
        plan = seen.plan(ninth)
        assert plan.refusals == (
            "1408h:01 could not be read: aborted: the device has no such object (0602 0000h)",
            "1608h:00 could not be read: aborted: the device has no such object (0602 0000h)",
        )


# --- every fault at every write ---------------------------------------------------------------------------

LAYOUT = """
[RPDO1]
cob_id = 0x30A
map = ["0x6000", "0x6070"]
event_timer_ms = 500
[RPDO2]
cob_id = 0x20A
[TPDO4]
enabled = true
transmission_type = 254
"""
FAULTS = ("abort", "lost", "unanswered", "wrong", "reboot", "silence", "interrupt")


def positions() -> int:
    with charger() as seen:
        return len(seen.plan(profile(LAYOUT)).steps)


@pytest.mark.long
@pytest.mark.parametrize("position", range(1, 12))
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_write(monkeypatch: pytest.MonkeyPatch, position: int, fault: str) -> None:
    one_fault(monkeypatch, position, fault)


@pytest.mark.parametrize(
    ("position", "fault"), random.Random(301).sample([*product(range(1, 12), FAULTS)], 14)
)
def test_some_faults_at_some_writes(monkeypatch: pytest.MonkeyPatch, position: int, fault: str) -> None:
    """A part of the proof above; `test_transaction.py` has all of it without a bus."""
    one_fault(monkeypatch, position, fault)


def one_fault(monkeypatch: pytest.MonkeyPatch, position: int, fault: str) -> None:
    """The device ends as it began, or the report says exactly what differs and why it was not undone."""
    monkeypatch.setattr(transaction, "WAIT", 0.01)
    options = {} if fault == "interrupt" else {"fault": f"write-{fault}-at:{position}"}
    told: list[Progress] = []
    with charger(None, **options) as seen:
        node = seen.device.node
        before = seen.words()
        plan = seen.plan(profile(LAYOUT))
        assert position <= len(plan.steps)
        handling = Handling(
            watch=told.append,
            stop=(lambda: len(told) >= position) if fault == "interrupt" else None,
            patience=0.2 if fault == "silence" else 10.0,
        )
        outcome: BaseException | None = None
        node.sdo.RESPONSE_TIMEOUT = HASTY
        try:
            remap(node, plan, handling)
        except (KeyboardInterrupt, ChangeError) as error:
            outcome = error
        node.sdo.RESPONSE_TIMEOUT = PATIENT
        assert isinstance(outcome, KeyboardInterrupt) == (fault == "interrupt")
        if fault == "silence":
            assert isinstance(outcome, ChangeError)
            left = [d for d in outcome.differences if isinstance(d, Difference)]
            assert {d.address for d in left} == {step.address for step in plan.steps[:position]}
            assert all(d.found is None and d.reason for d in left)
        elif outcome is None:
            # A word that is written twice may be wrong the first time, and a request is repeated.
            assert fault in ("wrong", "unanswered", "lost", "reboot")
            assert seen.words() == {**before, **plan.wanted}
        else:
            assert not isinstance(outcome, ChangeError) or outcome.undone
            assert seen.words() == before


def test_the_positions_above_are_all_that_there_are() -> None:
    assert positions() == 11


def test_a_device_that_could_not_be_undone_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with charger() as seen:
        node = seen.device.node
        plan = seen.plan(shipped("davewl"))
        left = ChangeError(10, "it failed", (Difference(Address(0x1400, 1), b"\0", b"\1"),))

        def half(*_: object) -> None:
            node.sdo.download(0x1400, 1, bytes.fromhex("0A 02 00 80"))
            raise left

        monkeypatch.setattr("deltaq_master.link.device.remap.change", half)
        with pytest.raises(ChangeError):
            remap(node, plan)
        assert not node.rpdo.numbered(1).enabled
        assert len(node.rpdo.numbered(1)) == 6


def test_restarts_are_counted_by_boot_up_messages(bus: ScriptedBus, network: Network) -> None:
    with Restarts(network, 10) as restarts:
        for cob_id, data in (
            (0x70A, "7F"),
            (0x70A, "00"),
            (0x70B, "00"),
            (0x70A, "05"),
            (0x70A, "00"),
            (0x70A, ""),
        ):
            bus.hear(cob_id, data)
        bus.hear(0x70A, "00", is_remote_frame=True)
        bus.settle()
        assert restarts() == restarts.count == 2
    bus.hear(0x70A, "00")
    bus.settle()
    assert restarts() == 2


def test_a_restart_that_is_heard_while_it_is_checked_is_looked_at_again() -> None:
    with charger() as seen:
        gate = seen.device.network.gate
        read: list[int] = []
        heard = False

        def watch(progress: Progress) -> None:
            nonlocal heard
            if progress.stage == "check":
                read.append(progress.done)
                if not heard and progress.done == progress.total - 1:
                    heard = True
                    gate.on_message_received(message(0x70A, "00"))

        remap(seen.device.node, seen.plan(profile("[TPDO1]\nevent_timer_ms = 100")), Handling(watch=watch))
        assert heard
        # Read back twice, because the device may have lost it all after the first look.
        assert read == [*range(len(read) // 2)] * 2
