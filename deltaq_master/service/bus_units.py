"""Texts that bring a CAN interface up by itself: for systemd-networkd, or as a template unit that uses `ip link`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deltaq_master.service.request import ACCEPTED_QUEUE, RESTART_MS, Request, bus_unit
from deltaq_master.service.sandbox import BRING_UP

HEAD = "# Written by: deltaq service install"
"""First words of every file of ours: what lacks them is somebody else's, and is never touched."""
PREFIX = "70-deltaq-"
TEMPLATE = "/etc/systemd/system/can-up@.service"


def head(words: tuple[str, ...]) -> str:
    """The first lines of a file."""
    return f"{' '.join((HEAD, *words))}\n# deltaq service uninstall takes it away; install again to change it.\n\n"


def without_head(text: str) -> str:
    """The text of a file without our first lines, if it has them: an installed profile may be given again."""
    return text.partition("\n\n")[2] if text.startswith(HEAD) else text


def options_in(files: Mapping[str, str]) -> dict[str, int]:
    """Bit rate and queue length that were asked for, by the first lines of files of ours."""
    heads = " ".join(text.partition("\n")[0] for text in files.values() if text.startswith(HEAD))
    return {key: int(value) for key, value in re.findall(r"--(bitrate|txqueuelen) (\d+)", heads)}


def network_path(channel: str) -> str:
    """Where networkd looks for it."""
    return f"/etc/systemd/network/{PREFIX}{channel}.network"


def link_path(channel: str) -> str:
    """Where udev looks for it."""
    return f"/etc/systemd/network/{PREFIX}{channel}.link"


def drop_in_path(channel: str) -> str:
    """Where the settings of one instance of the template are."""
    return f"/etc/systemd/system/{bus_unit(channel)}.d/deltaq.conf"


def network_text(request: Request, restart: bool) -> str:
    """The .network file; with `restart` the controller is started again after bus-off."""
    lines = [
        "[Match]",
        f"Name={request.channel}",
        "",
        "[Link]",
        "# A bus is no way to the Internet: the boot does not wait for it.",
        "RequiredForOnline=no",
        "",
        "[CAN]",
        f"BitRate={request.bitrate}",
    ]
    if restart:
        lines.append(f"RestartSec={RESTART_MS}ms")
    return head(request.words) + "\n".join(lines) + "\n"


def link_text(request: Request, queue: int) -> str:
    """The .link file, which is there for the queue length alone."""
    lines = ["[Match]", f"OriginalName={request.channel}", "", "[Link]", f"TransmitQueueLength={queue}"]
    return head(request.words) + "\n".join(lines) + "\n"


def template_text(ip: str) -> str:
    """The template unit; what differs between interfaces is in a drop-in of each.

    What a driver or a kernel may refuse has a `-` before it, so that it never takes the bring-up down. WantedBy= the
    device starts it when an adapter comes back, provided that it is not active then: so it does not remain active, and
    is not bound to the device. A loose plug would be back before such a unit has stopped, and the interface stay down.
    """
    device = "sys-subsystem-net-devices-%i.device"
    lines = [
        "[Unit]",
        "Description=CAN interface %I",
        f"After={device}",
        "ConditionPathExists=/sys/class/net/%I",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=oneshot",
        "# The adapter may go while it is set up.",
        "Restart=on-failure",
        "RestartSec=5",
        "# An interface that is up takes no settings.",
        f'ExecStart=-{ip} link set "%I" down',
        f'ExecStart=-{ip} link set "%I" type can restart-ms ${{RESTART_MS}}',
        f'ExecStart={ip} link set "%I" up type can bitrate ${{BITRATE}}',
        "# Root, with one capability.",
        *BRING_UP,
        "",
        "[Install]",
        f"WantedBy={device}",
    ]
    return head(()) + "\n".join(lines) + "\n"


def drop_in_text(request: Request, ip: str) -> str:
    """The settings of one interface; a queue that the kernel refuses is tried again with the longest it takes."""
    lines = ["[Service]", f"Environment=BITRATE={request.bitrate} RESTART_MS={RESTART_MS}"]
    if request.queue is not None:
        tried = [min(request.queue, ACCEPTED_QUEUE), request.queue]
        lines.append("# The second is refused by current kernels; then the first stands.")
        lines += [f'ExecStart=-{ip} link set "%I" txqueuelen {length}' for length in dict.fromkeys(tried)]
    return head(request.words) + "\n".join(lines) + "\n"


def naming_rule(serial: str, name: str = "charger0") -> str:
    """A udev rule that gives one USB adapter a name of its own, whichever comes first at boot."""
    quoted = serial.replace('"', "?")
    return f'SUBSYSTEM=="net", ACTION=="add", ATTRS{{serial}}=="{quoted}", NAME="{name}"'
