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
        ({"channel": "can0", "at_the_end": AtTheEnd.HOLD}, "--hold is about a charge"),
    ],
)
def test_words_that_nothing_can_be_done_with(words: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Request(**words)  # type: ignore[arg-type]


def test_how_long_frames_wait_in_a_queue() -> None:
    # 65536 frames of 130 bits at 500 kbit/s.
    assert Request("can0", queue=65536).queue_time == pytest.approx(17.04, abs=0.01)
