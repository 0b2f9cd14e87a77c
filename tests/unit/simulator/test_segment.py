"""Several devices on one simulated bus: who hears whom, two with one node-ID, and 127 of them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from deltaq_master.dictionary.eds import load
from deltaq_master.dictionary.shipped import eds_path
from deltaq_master.errors import FileError, UsageError
from deltaq_master.protocol.events import Frame
from deltaq_master.simulator import assembly
from deltaq_master.simulator.assembly import assemble
from deltaq_master.simulator.device import SimulatedDevice
from deltaq_master.simulator.model import Model, Mould
from deltaq_master.simulator.options import Options
from deltaq_master.simulator.segment import Segment
from tests.unit.simulator.generic_wire import GAUGE, IO, Bus, device


def _bus(**options: str) -> Bus:
    return Bus(assemble(Options.parse(options), 0.0))


def test_charger_and_others_share_the_bus() -> None:
    bus = _bus(device=f"{IO}@5,{GAUGE}@6")
    bus.run(0.3)
    assert [(frame.cob_id, frame.data) for frame in bus.heard] == [
        (0x70A, b"\0"),
        (0x705, b"\0"),
        (0x706, b"\0"),
    ]
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == ["58A 43 00 10 00 A3 01 00 00"]
    assert bus.send(0x605, "40 00 10 00 00 00 00 00") == ["585 43 00 10 00 91 01 0F 00"]
    assert bus.send(0x606, "40 00 10 00 00 00 00 00") == ["586 43 00 10 00 94 01 02 00"]
    assert bus.send(0x607, "40 00 10 00 00 00 00 00") == []


def test_nmt_to_all() -> None:
    bus = _bus(device=f"{IO}@5,{GAUGE}@6")
    bus.run(0.3)
    bus.send(0, "01 00")
    bus.heard.clear()
    bus.run(1.0)
    assert {frame.cob_id for frame in bus.heard if frame.cob_id < 0x700} == {
        *(0x18A, 0x28A, 0x38A),
        *(0x185, 0x285),
        *(0x186, 0x286),
    }


def test_without_the_charger() -> None:
    bus = _bus(charger="no", device=f"{IO}@10")
    bus.run(1.3)
    assert {frame.cob_id for frame in bus.heard} == {0x70A}
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == ["58A 43 00 10 00 91 01 0F 00"]


def test_nobody_at_all() -> None:
    bus = _bus(charger="no")
    assert bus.device.deadline == math.inf
    assert bus.send(0, "01 00") == []
    assert bus.run(100) == []


def test_devices_hear_each_other() -> None:
    """Node 6 watches node 5's heartbeat, and takes node 5's TPDO1 in its RPDO1; nobody else is on the bus."""
    bus = Bus(Segment((device(node_id=5), device(node_id=6))))
    bus.run(0.3)
    assert bus.send(0x606, "23 16 10 01 DC 05 05 00") == ["586 60 16 10 01 00 00 00 00"]
    assert bus.send(0x606, "23 00 14 01 06 02 00 80") == ["586 60 00 14 01 00 00 00 00"]
    assert bus.send(0x606, "2F 00 16 00 00 00 00 00") == ["586 60 00 16 00 00 00 00 00"]
    assert bus.send(0x606, "23 00 16 02 08 02 00 62") == ["586 60 00 16 02 00 00 00 00"]
    assert bus.send(0x606, "2F 00 16 00 02 00 00 00") == ["586 60 00 16 00 00 00 00 00"]
    assert bus.send(0x606, "23 00 14 01 85 01 00 00") == ["586 60 00 14 01 00 00 00 00"]
    # Node 5 sends its supply voltage alone.
    assert bus.send(0x605, "23 00 18 01 85 01 00 C0") == ["585 60 00 18 01 00 00 00 00"]
    assert bus.send(0x605, "2F 00 1A 00 00 00 00 00") == ["585 60 00 1A 00 00 00 00 00"]
    assert bus.send(0x605, "23 00 1A 01 10 00 02 20") == ["585 60 00 1A 01 00 00 00 00"]
    assert bus.send(0x605, "2F 00 1A 00 01 00 00 00") == ["585 60 00 1A 00 00 00 00 00"]
    assert bus.send(0x605, "23 00 18 01 85 01 00 40") == ["585 60 00 18 01 00 00 00 00"]
    bus.send(0, "01 00")
    bus.run(1.5)
    # 2002h is 24.00 V, 0960h: the upper byte lands in outputs 2 of node 6.
    assert bus.send(0x606, "40 00 62 02 00 00 00 00") == ["586 4F 00 62 02 09 00 00 00"]
    # Node 5 falls silent: node 6 notices 1.5 s later, and is pre-operational.
    bus.send(0x605, "2B 17 10 00 00 00 00 00")
    bus.heard.clear()
    bus.run(3.0)
    assert [frame.data for frame in bus.heard if frame.cob_id == 0x706] == [b"\x05", b"\x7f", b"\x7f"]


def test_two_devices_with_one_node_id() -> None:
    """Each answers: a choice, on a real bus their frames would also destroy each other."""
    bus = _bus(charger="no", device=f"{IO}@5,{GAUGE}@5,{IO}@5")
    bus.run(0.3)
    assert [frame.data for frame in bus.heard] == [b"\0"] * 3
    assert bus.send(0x605, "40 18 10 02 00 00 00 00") == [
        "585 43 18 10 02 01 04 00 00",
        "585 43 18 10 02 04 04 00 00",
        "585 43 18 10 02 01 04 00 00",
    ]
    assert bus.send(0x605, "40 18 10 04 00 00 00 00") == [
        "585 43 18 10 04 01 00 00 00",
        "585 43 18 10 04 02 00 00 00",
        "585 43 18 10 04 03 00 00 00",
    ]


def test_each_has_its_own_trouble() -> None:
    bus = _bus(charger="no", device=f"{IO}@1-2,{IO}@3-5/sdo-abort,{IO}@6/sdo-slow:400/wrong-vendor:7")
    bus.run(0.3)
    answers = [answer for node in range(1, 8) for answer in bus.send(0x600 + node, "40 18 10 01 00 00 00 00")]
    assert answers == [
        "581 43 18 10 01 F1 07 00 00",
        "582 43 18 10 01 F1 07 00 00",
        "583 80 18 10 01 00 00 00 08",
        "584 80 18 10 01 00 00 00 08",
        "585 80 18 10 01 00 00 00 08",
    ]
    assert [(frame.cob_id, frame.data.hex()) for frame in bus.run(0.4)] == [(0x586, "4318100107000000")]


def test_lost_answers_differ_from_device_to_device() -> None:
    """The seed of the bus and the place of the device: not all lose the same ones."""
    bus = _bus(charger="no", device=f"{IO}@1-8/sdo-lossy:50")
    bus.run(0.3)
    rounds = [
        tuple(len(bus.send(0x600 + node, "40 00 10 00 00 00 00 00")) for node in range(1, 9))
        for _ in range(8)
    ]
    assert len(set(zip(*rounds, strict=True))) > 2


def test_foreign_frames_of_one_device_reach_the_others() -> None:
    """The second master of the fault script is heard by everybody: node 5 watches it, too."""
    bus = _bus(device=f"{IO}@5", fault="second-master:heartbeat@boot+1")
    bus.run(0.3)
    bus.send(0x605, "23 16 10 01 C8 00 01 00")
    bus.send(0x605, "2F 29 10 01 02 00 00 00")
    bus.send(0, "01 05")
    bus.run(1.5)
    assert [frame.data for frame in bus.heard if frame.cob_id == 0x705][-1] == b"\x05"


def test_frames_keep_their_order_and_their_times() -> None:
    bus = _bus(device=f"{IO}@5,{GAUGE}@6")
    bus.run(0.1)
    bus.send(0, "01 00")
    frames = bus.run(10)
    assert [frame.time for frame in frames] == sorted(frame.time for frame in frames)
    assert bus.device.deadline > 10


def test_extended_frames_are_no_sdo_requests() -> None:
    bus = Bus(Segment((device(),)))
    bus.run(0.3)
    bus.device.receive(Frame(0x605, bytes.fromhex("4000100000000000"), 0.3, extended=True), 0.3)
    assert bus.run(0.1) == []


def test_measure() -> None:
    charged = assemble(Options(), 0.0)
    assert charged.measure(1.0).soc == 20
    # What came due on the way there waits to be fetched.
    assert charged.deadline == 1.0
    assert [frame.cob_id for frame in charged.advance(1.0)] == [0x70A]
    with pytest.raises(UsageError, match="this simulated bus has no charger; leave charger=no out"):
        assemble(Options.parse({"charger": "no"}), 0.0).measure(1.0)


def test_several_chargers() -> None:
    """Each with its own node-ID and serial number; the fault script is the first one's."""
    bus = _bus(chargers="3", node="20", device=f"{IO}@5", fault="wrong-vendor:7")
    bus.run(0.3)
    assert [frame.cob_id for frame in bus.heard] == [0x714, 0x715, 0x716, 0x705]
    assert [bus.send(0x600 + node, "40 18 10 04 00 00 00 00")[0] for node in (20, 21, 22)] == [
        "594 43 18 10 04 01 00 00 00",
        "595 43 18 10 04 02 00 00 00",
        "596 43 18 10 04 03 00 00 00",
    ]
    assert [bus.send(0x600 + node, "40 18 10 01 00 00 00 00")[0] for node in (20, 21, 22)] == [
        "594 43 18 10 01 07 00 00 00",
        "595 43 18 10 01 10 01 00 00",
        "596 43 18 10 01 10 01 00 00",
    ]
    assert bus.send(0x616, "40 00 14 01 00 00 00 00") == ["596 43 00 14 01 16 02 00 00"]


def test_each_charger_has_a_pack_of_its_own() -> None:
    """Only the second of two is asked to charge, with 82.0 V and 10.0 A; ready 0 comes first."""
    segment = assemble(Options.parse({"chargers": "2"}), 0.0)
    bus = Bus(segment)
    bus.run(0.3)
    bus.send(0x701, "05")
    bus.send(0, "01 00")
    for ready in ("00", *("01",) * 20):
        bus.send(0x701, "05")
        bus.send(0x20B, f"00 4C 00 00 52 A0 00 {ready}")
        bus.run(0.1)
    assert segment.measure(bus.now).current == segment.measure(bus.now, 10).current == 0
    assert segment.measure(bus.now, 11).current == 10
    with pytest.raises(UsageError, match="this simulated bus has no charger at node 5; there are: 10 to 11"):
        segment.measure(bus.now, 5)


def test_no_room_for_so_many_chargers() -> None:
    with pytest.raises(UsageError, match="would end at node 129; node-IDs are 1 to 127: use fewer chargers"):
        Options.parse({"chargers": "30", "node": "100"})
    assert Options.parse({"chargers": "28", "node": "100"}).nodes == range(100, 128)


def test_chargers_over_an_eds_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.eds"
    mine.write_bytes(eds_path().read_bytes().replace(b"DefaultValue=0x000001A3", b"DefaultValue=0x000101A3"))
    assert mine.read_bytes() != eds_path().read_bytes()
    bus = Bus(assemble(Options.parse({"chargers": "2"}), 0.0, mine))
    bus.run(0.3)
    assert bus.send(0x60A, "40 00 10 00 00 00 00 00") == ["58A 43 00 10 00 A3 01 01 00"]
    assert bus.send(0x60B, "40 00 10 00 00 00 00 00") == ["58B 43 00 10 00 A3 01 01 00"]


def test_an_eds_that_is_not_there() -> None:
    with pytest.raises(FileError, match=r"nowhere\.eds"):
        assemble(Options.parse({"device": "nowhere.eds@5"}), 0.0)


# --- many ----------------------------------------------------------------------------------------------------


def test_127_devices_are_two_readings_of_their_eds(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(path: Path, node_id: int) -> object:
        read.append(node_id)
        return load(path, node_id)

    monkeypatch.setattr(assembly, "load", counted)
    bus = _bus(charger="no", device=f"{IO}@1-127")
    assert read == [1, 2]
    bus.run(0.3)
    assert [frame.cob_id for frame in bus.heard] == list(range(0x701, 0x780))
    assert bus.send(0x67F, "40 00 14 01 00 00 00 00") == ["5FF 43 00 14 01 7F 02 00 00"]
    bus.send(0, "01 00")
    bus.run(0.15)
    assert len({frame.cob_id for frame in bus.heard if 0x180 < frame.cob_id < 0x200}) == 127


@pytest.mark.parametrize("path", [IO, GAUGE, eds_path()], ids=lambda path: path.name)
@pytest.mark.parametrize("node_id", [1, 2, 3, 64, 127])
def test_a_copy_is_what_its_eds_would_have_been(path: Path, node_id: int) -> None:
    mould = Mould(Model.of(load(path, 1)), Model.of(load(path, 2)))
    assert mould.model(node_id) == Model.of(load(path, node_id))


def test_a_model_may_be_given_itself() -> None:
    model = Model.of(load(IO, 7))
    assert Model.of(model) is model
    assert SimulatedDevice(model, 0.0).id == 7
    assert model.dummies == {2, 3, 5, 6, 7}
