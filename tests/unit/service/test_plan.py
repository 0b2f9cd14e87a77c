"""What an installation decides, on computers of every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deltaq_master.errors import RefusedError
from deltaq_master.service.machine import Machine
from deltaq_master.service.plan import Plan, install, paths, uninstall
from deltaq_master.service.request import AtTheEnd, Job, Request, Way
from tests.unit.service.controller import CAN0

NETWORK = "/etc/systemd/network/70-deltaq-can0.network"
LINK = "/etc/systemd/network/70-deltaq-can0.link"
TEMPLATE = "/etc/systemd/system/can-up@.service"
DROP_IN = "/etc/systemd/system/can-up@can0.service.d/deltaq.conf"
WATCH = "/etc/systemd/system/deltaq-watch-can0.service"
CHARGE = "/etc/systemd/system/deltaq-charge-can0.service"
PROFILE = "/etc/deltaq/can0.toml"
EDS = "/etc/deltaq/can0.eds"

UP = CAN0
DOWN = replace(CAN0, up=False, bitrate=None, state="STOPPED")
NETWORKD = Machine(networkd=True, interface=DOWN, restart=True)
PLAIN = Machine(networkd=False, interface=DOWN, restart=True)


def commands(plan: Plan) -> list[str]:
    return [" ".join(step.words) for step in plan.after]


def installed(plan: Plan, machine: Machine) -> Machine:
    """The computer after a plan was carried out."""
    files = {path: text for path, text in machine.files.items() if path not in plan.remove} | plan.write
    return replace(machine, files=files, interface=UP, restart=None)


@pytest.mark.parametrize(
    ("machine", "way"),
    [
        (Machine(networkd=True, systemd=252), Way.NETWORKD),
        (Machine(networkd=True, systemd=248), Way.NETWORKD),
        (Machine(networkd=True, systemd=247), Way.TEMPLATE),
        (Machine(networkd=False, systemd=252), Way.TEMPLATE),
        (Machine(networkd=False, systemd=None), Way.TEMPLATE),
    ],
)
def test_what_the_computer_runs_decides(machine: Machine, way: Way) -> None:
    assert install(Request("can0"), machine).way is way
    assert install(Request("can0", way=Way.NETWORKD), machine).way is Way.NETWORKD


def test_by_networkd() -> None:
    plan = install(Request("can0", queue=65536), replace(NETWORKD, queue=65536))
    assert set(plan.write) == {NETWORK, LINK}
    assert "TransmitQueueLength=65536\n" in plan.write[LINK]
    assert commands(plan) == ["udevadm control --reload", "networkctl reload", "networkctl reconfigure can0"]


def test_by_a_template_unit() -> None:
    plan = install(Request("can0"), PLAIN)
    assert set(plan.write) == {TEMPLATE, DROP_IN}
    assert commands(plan) == [
        "systemctl daemon-reload",
        "systemctl enable can-up@can0.service",
        "systemctl restart can-up@can0.service",
    ]


def test_an_interface_that_is_not_there_is_not_waited_for() -> None:
    plan = install(Request("can0"), replace(PLAIN, interface=None))
    assert commands(plan) == ["systemctl daemon-reload", "systemctl enable can-up@can0.service"]
    assert "there is no can0 now: it comes up" in plan.notes[0]
    mistyped = install(Request("can7"), replace(PLAIN, interface=None, present=("can0", "can1")))
    assert "there is no can7 now (here: can0, can1): it comes up" in mistyped.notes[0]
    plan = install(Request("can0"), replace(NETWORKD, interface=None, restart=None))
    assert commands(plan) == ["networkctl reload"]


@pytest.mark.parametrize("machine", [NETWORKD, PLAIN, replace(NETWORKD, restart=False)])
@pytest.mark.parametrize(
    "request_", [Request("can0", queue=1000), Request("can0", job=Job.WATCH), Request("can0")]
)
def test_the_second_time_there_is_nothing_to_do(machine: Machine, request_: Request) -> None:
    first = install(request_, machine)
    again = install(request_, installed(first, replace(machine, queue=request_.queue)))
    assert again.nothing
    assert set(again.unchanged) == set(first.write)


def test_an_interface_that_went_down_is_brought_up_without_new_files() -> None:
    machine = installed(install(Request("can0"), PLAIN), PLAIN)
    plan = install(Request("can0"), replace(machine, interface=DOWN, restart=True))
    assert not plan.write
    assert commands(plan) == ["systemctl restart can-up@can0.service"]


@pytest.mark.parametrize(("taken", "written"), [(65536, 65536), (32767, 32767), (None, 32767)])
def test_a_queue_that_the_kernel_refuses_is_not_written(taken: int | None, written: int) -> None:
    plan = install(Request("can0", queue=65536), replace(NETWORKD, queue=taken))
    assert f"TransmitQueueLength={written}\n" in plan.write[LINK]
    said = "\n".join(plan.notes)
    assert ("65536 is refused by current kernels: 32767 is used" in said) is (written != 65536)
    assert "holds 17.0 s" in said


def test_the_kernels_own_queue_is_left_alone_and_not_spoken_of() -> None:
    for machine in (NETWORKD, PLAIN):
        plan = install(Request("can0"), machine)
        assert not any("queue" in text.lower() for text in (*plan.write.values(), *plan.notes))


@pytest.mark.parametrize(
    ("restart", "why"), [(False, "its driver cannot restart"), (None, "could not be tried")]
)
def test_a_driver_that_cannot_restart_is_not_asked_to(restart: bool | None, why: str) -> None:
    plan = install(Request("can0"), replace(NETWORKD, restart=restart))
    assert "RestartSec" not in plan.write[NETWORK]
    assert any(why in note for note in plan.notes)
    able = install(Request("can0"), NETWORKD)
    assert "RestartSec=100ms" in able.write[NETWORK]
    assert not able.notes


@pytest.mark.parametrize("machine", [NETWORKD, PLAIN])
def test_the_installed_bit_rate_is_known(machine: Machine) -> None:
    assert machine.bitrate is None
    assert installed(install(Request("can0", bitrate=250_000), machine), machine).bitrate == 250_000
    assert replace(machine, files={DROP_IN: "# mine: --bitrate 125000\n"}).bitrate is None


def test_a_restart_that_was_tried_once_is_remembered() -> None:
    machine = installed(install(Request("can0"), NETWORKD), NETWORKD)
    assert "RestartSec" in install(Request("can0", bitrate=250_000), machine).write[NETWORK]


def test_a_service_that_charges_waits_for_a_word() -> None:
    plan = install(Request("can0", job=Job.CHARGE, profile="[charge]\n"), PLAIN)
    assert {CHARGE, PROFILE} <= set(plan.write)
    assert plan.write[PROFILE].endswith("\n\n[charge]\n")
    assert "systemctl enable deltaq-charge-can0.service" in commands(plan)
    assert not any("start deltaq-charge" in text for text in commands(plan))
    said = "\n".join(plan.notes)
    assert "systemctl start deltaq-charge-can0.service" in said
    assert "say --hold or --release-to-local" in said
    held = install(Request("can0", job=Job.CHARGE, at_the_end=AtTheEnd.HOLD), PLAIN)
    assert "local algorithm" not in "\n".join(held.notes)


def test_a_service_that_watches_begins_at_once() -> None:
    plan = install(Request("can0", job=Job.WATCH), PLAIN)
    assert commands(plan)[-1] == "systemctl restart --no-block deltaq-watch-can0.service"


def test_an_eds_is_copied_and_taken_away_with_the_service() -> None:
    request = Request("can0", job=Job.WATCH, eds="[FileInfo]\n")
    plan = install(request, PLAIN)
    assert plan.write[EDS].endswith("\n\n[FileInfo]\n")
    machine = installed(plan, PLAIN)
    assert install(request, machine).nothing
    # What runs has read the one before.
    other = install(replace(request, eds="[DeviceInfo]\n"), machine)
    assert commands(other)[-1] == "systemctl restart --no-block deltaq-watch-can0.service"
    shipped = install(Request("can0", job=Job.WATCH), machine)
    assert shipped.remove == (EDS,)
    assert EDS in uninstall("can0", machine).remove


def test_another_job_ends_the_one_before() -> None:
    machine = installed(install(Request("can0", job=Job.CHARGE), PLAIN), PLAIN)
    plan = install(Request("can0", job=Job.WATCH), machine)
    assert set(plan.remove) == {CHARGE, PROFILE}
    assert [step.words[1:] for step in plan.before] == [("disable", "--now", "deltaq-charge-can0.service")]


def test_another_way_ends_the_one_before() -> None:
    machine = installed(install(Request("can0"), PLAIN), replace(PLAIN, networkd=True))
    plan = install(Request("can0"), machine)
    assert set(plan.remove) == {TEMPLATE, DROP_IN}
    assert [step.words for step in plan.before] == [("systemctl", "disable", "--now", "can-up@can0.service")]


@pytest.mark.parametrize("path", [TEMPLATE, DROP_IN])
def test_a_file_of_somebody_else_is_refused(path: str) -> None:
    with pytest.raises(RefusedError, match=r"is not ours"):
        install(Request("can0"), replace(PLAIN, files={path: "[Service]\n"}))


def test_a_virtual_interface_is_refused() -> None:
    with pytest.raises(RefusedError, match="virtual interface"):
        install(Request("vcan0"), replace(PLAIN, interface=replace(CAN0, name="vcan0", kind="vcan")))


@pytest.mark.parametrize(
    "machine",
    [
        replace(PLAIN, places=("/home/u/.venv/bin/python3",), readable=False),
        replace(PLAIN, places=("/tmp/venv/bin/python3",)),
    ],
)
def test_a_command_that_the_service_cannot_read_is_refused(machine: Machine) -> None:
    with pytest.raises(RefusedError, match="python3 -m venv /opt/deltaq"):
        install(Request("can0", job=Job.WATCH), machine)
    install(Request("can0"), machine)  # the bus itself needs no command of ours


def test_a_command_in_a_readable_home_is_shown_to_the_service() -> None:
    machine = replace(PLAIN, places=("/home/u/.venv/bin/python3",))
    assert "ProtectHome=read-only" in install(Request("can0", job=Job.WATCH), machine).write[WATCH]
    assert "ProtectHome=read-only" not in install(Request("can0", job=Job.WATCH), PLAIN).write[WATCH]


def test_an_adapter_with_a_serial_number_gets_a_hint() -> None:
    plan = install(Request("can0"), replace(NETWORKD, usb_serial="0042"))
    assert 'ATTRS{serial}=="0042"' in plan.notes[-1]


@pytest.mark.parametrize("machine", [NETWORKD, PLAIN])
def test_uninstall_takes_away_all_that_install_brought(machine: Machine) -> None:
    request = Request("can0", queue=1000, job=Job.CHARGE)
    first = install(request, replace(machine, queue=1000))
    here = installed(first, machine)
    plan = uninstall("can0", replace(here, interface=replace(UP, queue=1000)))
    assert set(plan.remove) == set(first.write)
    assert not plan.write
    before = [" ".join(step.words) for step in plan.before]
    assert (
        before[0] == "systemctl disable --now deltaq-charge-can0.service"
    )  # by the safe order, before the bus
    done = commands(plan)
    assert done[0] == "systemctl daemon-reload"
    assert "/usr/sbin/ip link set can0 down" in done
    assert done[-1] == "/usr/sbin/ip link set can0 txqueuelen 10"
    assert uninstall("can0", replace(machine, files={})).nothing


def test_uninstall_leaves_what_others_need() -> None:
    machine = installed(install(Request("can0"), PLAIN), PLAIN)
    plan = uninstall("can0", replace(machine, others=("can-up@can1.service",)))
    assert plan.remove == (DROP_IN,)
    plan = uninstall("can0", replace(PLAIN, files={WATCH: "[Service]\n"}))
    assert plan.nothing
    assert plan.notes == (f"{WATCH} is not ours, and stays",)


def test_a_queue_that_was_not_asked_for_is_not_put_back() -> None:
    machine = installed(install(Request("can0"), PLAIN), PLAIN)
    plan = uninstall("can0", replace(machine, interface=replace(UP, queue=500)))
    assert not any("txqueuelen" in text for text in commands(plan))


def test_an_interface_that_is_gone_is_not_taken_down() -> None:
    machine = installed(install(Request("can0"), NETWORKD), NETWORKD)
    assert commands(uninstall("can0", replace(machine, interface=None))) == [
        "systemctl daemon-reload",
        "networkctl reload",
    ]


def test_networkd_that_does_not_run_is_enabled_and_said() -> None:
    plan = install(Request("can0", way=Way.NETWORKD), PLAIN)
    assert commands(plan)[0] == "systemctl enable --now systemd-networkd.service"
    assert any("uninstall leaves it so" in note for note in plan.notes)


def test_every_file_has_a_place() -> None:
    assert set(paths("can0")) == {NETWORK, LINK, TEMPLATE, DROP_IN, WATCH, CHARGE, PROFILE, EDS}
