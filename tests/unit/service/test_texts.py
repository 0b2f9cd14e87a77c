"""The texts of units: what networkd, udev and systemd are told, by their own manuals."""

from __future__ import annotations

import configparser
import re

import pytest

from deltaq_master.errors import UsageError
from deltaq_master.service import bus_units, program_unit
from deltaq_master.service.request import AtTheEnd, Job, Request, bus_unit, device_unit, escaped, job_unit

COMMAND = ("/opt/deltaq/bin/python", "-m", "deltaq_master")


def lines(text: str) -> list[str]:
    """The lines of a unit without comments."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_networkd_is_told_bit_rate_and_restart() -> None:
    text = bus_units.network_text(Request("can0", 250_000), restart=True)
    assert lines(text) == [
        "[Match]",
        "Name=can0",
        "[Link]",
        "RequiredForOnline=no",
        "[CAN]",
        "BitRate=250000",
        "RestartSec=100ms",
    ]
    assert "RestartSec" not in bus_units.network_text(Request("can0"), restart=False)


def test_udev_is_told_the_queue() -> None:
    text = bus_units.link_text(Request("can0", queue=65536), 32767)
    assert lines(text) == ["[Match]", "OriginalName=can0", "[Link]", "TransmitQueueLength=32767"]


def test_the_template_lets_nothing_but_the_bring_up_itself_fail() -> None:
    text = bus_units.template_text("/usr/sbin/ip")
    assert [line for line in lines(text) if "ip link" in line] == [
        'ExecStart=-/usr/sbin/ip link set "%I" down',
        'ExecStart=-/usr/sbin/ip link set "%I" type can restart-ms ${RESTART_MS}',
        'ExecStart=/usr/sbin/ip link set "%I" up type can bitrate ${BITRATE}',
    ]
    # What remains active, or is being stopped, is not started by a device that is back at once.
    assert "RemainAfterExit" not in text
    assert "BindsTo" not in text
    assert "WantedBy=sys-subsystem-net-devices-%i.device" in text


def test_a_queue_is_tried_after_the_longest_that_every_kernel_takes() -> None:
    text = bus_units.drop_in_text(Request("can0", 500_000, 65536), "/sbin/ip")
    assert lines(text) == [
        "[Service]",
        "Environment=BITRATE=500000 RESTART_MS=100",
        'ExecStart=-/sbin/ip link set "%I" txqueuelen 32767',
        'ExecStart=-/sbin/ip link set "%I" txqueuelen 65536',
    ]
    short = lines(bus_units.drop_in_text(Request("can0", queue=100), "/sbin/ip"))
    assert short[2:] == ['ExecStart=-/sbin/ip link set "%I" txqueuelen 100']
    assert len(lines(bus_units.drop_in_text(Request("can0"), "/sbin/ip"))) == 2


def test_a_charging_unit() -> None:
    request = Request("can0", job=Job.CHARGE, at_the_end=AtTheEnd.HOLD, node_id=11, master_id=2)
    text = program_unit.program_text(request, COMMAND)
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    service = parser["Service"]
    assert service["ExecStart"] == (
        "/opt/deltaq/bin/python -m deltaq_master -i socketcan -c can0 -n 11 --master-id 2 "
        "service charge --battery /etc/deltaq/can0.toml --hold"
    )
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 2
    assert int(service["RestartSec"]) >= 5
    assert int(service["TimeoutStopSec"]) > 6
    # A charge that ended, however it ended, is never begun again by systemd.
    assert set(service["RestartPreventExitStatus"].split()) == {"1", "2", "4", "5", "130"}
    assert service["Restart"] == "on-failure"
    assert service["RuntimeDirectoryPreserve"] == "restart"
    assert service["DynamicUser"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert service["RestrictAddressFamilies"] == "AF_CAN AF_UNIX"
    assert parser["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize(
    ("end", "word"),
    [(AtTheEnd.REFUSE, "can0.toml"), (AtTheEnd.RELEASE, "--release-to-local"), (AtTheEnd.HOLD, "--hold")],
)
def test_the_word_about_a_local_algorithm_is_in_the_unit(end: AtTheEnd, word: str) -> None:
    text = program_unit.program_text(Request("can0", job=Job.CHARGE, at_the_end=end), COMMAND)
    (start,) = re.findall("^ExecStart=(.*)$", text, re.MULTILINE)
    assert start.endswith(word)


def test_a_watching_unit_is_started_again_and_leaves_no_mark() -> None:
    text = program_unit.program_text(Request("can0", job=Job.WATCH), COMMAND)
    assert "service watch" in text
    assert "RuntimeDirectory" not in text
    assert "RestartPreventExitStatus=2\n" in text


def sandbox(request: Request) -> list[str]:
    return lines(program_unit.program_text(request, COMMAND))


def test_the_pump_of_a_charge_may_have_real_time_priority_and_a_watch_may_not() -> None:
    charge, watch = sandbox(Request("can0", job=Job.CHARGE)), sandbox(Request("can0", job=Job.WATCH))
    assert "LimitRTPRIO=1" in charge
    assert not any("RestrictRealtime" in line for line in charge)
    # Of the calls that alter resources this one alone is given back, after all of them were taken away.
    taken, given = "SystemCallFilter=~@privileged @resources", "SystemCallFilter=sched_setscheduler"
    assert charge.index(given) > charge.index(taken)
    assert "RestrictRealtime=yes" in watch
    assert taken in watch
    assert not {given, "LimitRTPRIO=1"} & set(watch)
    assert "RestrictRealtime=yes" in lines(bus_units.template_text("/sbin/ip"))


@pytest.mark.parametrize(
    ("source", "host"),
    [
        ("/run/bms/readings", ""),
        ("localhost:29000", "localhost"),
        ("127.0.0.1:29000", "127.0.0.1"),
        ("[::1]:29000", "::1"),
    ],
)
def test_readings_of_a_battery(source: str, host: str) -> None:
    request = Request("can0", job=Job.CHARGE, bms=source, at_the_end=AtTheEnd.HOLD)
    unit = sandbox(request)
    (start,) = (line for line in unit if line.startswith("ExecStart="))
    assert start.endswith(f"service charge --battery /etc/deltaq/can0.toml --bms {source} --hold")
    assert request.words[-3:] == ("--bms", source, "--hold")
    reached = [line for line in unit if "AF_INET" in line or "IPAddressAllow" in line]
    expected = ["RestrictAddressFamilies=AF_INET AF_INET6", f"IPAddressAllow={host}"]
    assert reached == (expected if host else [])
    assert "IPAddressDeny=any" in unit


@pytest.mark.parametrize("job", [Job.CHARGE, Job.WATCH])
def test_another_eds(job: Job) -> None:
    request = Request("can0", job=job, eds="[FileInfo]\n")
    (start,) = (line for line in sandbox(request) if line.startswith("ExecStart="))
    assert f"--master-id 1 --eds /etc/deltaq/can0.eds service {job.value}" in start
    assert request.words[-2:] == ("--eds", "/etc/deltaq/can0.eds")


def test_an_installed_profile_may_be_given_again() -> None:
    text = '# a comment of mine\n\nname = "pack"\n'
    installed = bus_units.head(("--channel", "can0")) + text
    assert bus_units.without_head(installed) == text
    assert bus_units.without_head(text) == text


def test_a_command_in_a_home_can_be_seen() -> None:
    text = program_unit.program_text(Request("can0", job=Job.WATCH), COMMAND, home=True)
    assert lines(text).index("ProtectHome=read-only") > lines(text).index("ProtectHome=yes")


def test_signs_of_systemd_in_a_path_are_doubled() -> None:
    command = ("/opt/50% $more/python",)
    text = program_unit.program_text(Request("can0", job=Job.WATCH), command)
    assert 'ExecStart="/opt/50%% $$more/python" -i socketcan' in text


def test_names_are_escaped_as_systemd_does() -> None:
    # systemd-escape can-a gives can\x2da; a dot in front is escaped, a later one is not.
    assert escaped("can-a") == r"can\x2da"
    assert escaped(".a.b") == r"\x2ea.b"
    assert device_unit("can-a") == r"sys-subsystem-net-devices-can\x2da.device"
    assert bus_unit("can0") == "can-up@can0.service"
    assert job_unit("can0", Job.WATCH) == "deltaq-watch-can0.service"


def test_a_naming_rule() -> None:
    assert bus_units.naming_rule("0042") == (
        'SUBSYSTEM=="net", ACTION=="add", ATTRS{serial}=="0042", NAME="charger0"'
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"channel": "can 0"}, "no name of a network interface"),
        ({"channel": "../x"}, "no name of a network interface"),
        ({"channel": ".."}, "no name of a network interface"),
        ({"channel": "a-name-too-long0"}, "no name of a network interface"),
        ({"channel": "can0", "bitrate": 0}, "no bit rate of classic CAN"),
        ({"channel": "can0", "bitrate": 2_000_000}, "no bit rate of classic CAN"),
        ({"channel": "can0", "queue": 0}, "no length of a queue"),
        ({"channel": "can0", "queue": 0x8000_0000}, "no length of a queue"),  # more than ip takes
        ({"channel": "can0", "at_the_end": AtTheEnd.HOLD}, "--hold is about a charge"),
        ({"channel": "can0", "eds": "[FileInfo]\n"}, "--eds is about a service"),
        ({"channel": "can0", "job": Job.WATCH, "bms": "/run/x"}, "--bms is about a charge"),
        ({"channel": "can0", "job": Job.CHARGE, "bms": "-"}, "a service cannot read that"),
        ({"channel": "can0", "job": Job.CHARGE, "bms": "readings"}, "a service cannot read that"),
        ({"channel": "can0", "job": Job.CHARGE, "bms": "/run/a\nUser=root"}, "a service cannot read that"),
        ({"channel": "can0", "job": Job.CHARGE, "bms": "bms.example:29000"}, "a service cannot read that"),
        ({"channel": "can0", "job": Job.CHARGE, "bms": "1.2.3:29000"}, "a service cannot read that"),
        ({"channel": "can0", "job": Job.CHARGE, "bms": "/tmp/readings"}, "does not see that folder"),
    ],
)
def test_words_that_nothing_can_be_done_with(words: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Request(**words)  # type: ignore[arg-type]


def test_how_long_frames_wait_in_a_queue() -> None:
    # 65536 frames of 130 bits at 500 kbit/s.
    assert Request("can0", queue=65536).queue_time == pytest.approx(17.04, abs=0.01)
