"""The sandbox of our services: what a program that talks to a CAN bus, and to systemd, does without."""

from __future__ import annotations

from deltaq_master.link.pump.priority import PRIORITY


def _folders(*names: str) -> tuple[str, ...]:
    return tuple(f"/{name}/" for name in names)


REPLACED = _folders("tmp", "var/tmp")
"""Folders of which a service has others of its own (systemd.exec(5), PrivateTmp=)."""
HOMES = _folders("home", "root", "run/user")
"""Folders that a service finds empty (ProtectHome=)."""
UNSEEN = (*REPLACED, *HOMES, *_folders("dev"))
"""Where a service sees nothing that another program has put there; the last one by PrivateDevices=."""

COMMON = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "ProtectProc=invisible",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "RestrictNamespaces=yes",
    "RestrictSUIDSGID=yes",
    "RemoveIPC=yes",
    "KeyringMode=private",
    "UMask=0077",
    "SystemCallArchitectures=native",
    "IPAddressDeny=any",
)
"""For every unit of ours. IPAddressDeny: CAN is no IP, and nothing here needs any."""

PROGRAM = (
    "DynamicUser=yes",
    *COMMON,
    # SocketCAN needs no capability; a PrivateNetwork= or PrivateUsers= of its own would have no can0.
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "PrivateDevices=yes",
    "DevicePolicy=closed",
    # No ProcSubset=pid: what the interface has sent is read from /proc/net/dev.
    # The bus, and systemd with its journal.
    "RestrictAddressFamilies=AF_CAN AF_UNIX",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "SystemCallErrorNumber=EPERM",
)
"""For a service that watches or charges."""

WATCHING = (*PROGRAM, "RestrictRealtime=yes")
"""For a service that watches: it has no pump."""

CHARGING = (
    *PROGRAM,
    # The pump asks for it (link/pump/priority.py); of @resources this call alone.
    f"LimitRTPRIO={PRIORITY}",
    "SystemCallFilter=sched_setscheduler",
)
"""For a service that charges: its pump may run before ordinary programs."""


def reaching(host: str) -> tuple[str, ...]:
    """What a service that gets readings over TCP has besides: this address, and no other."""
    return ("RestrictAddressFamilies=AF_INET AF_INET6", f"IPAddressAllow={host}")


BRING_UP = (
    *COMMON,
    "RestrictRealtime=yes",
    "CapabilityBoundingSet=CAP_NET_ADMIN",
    "PrivateDevices=yes",
    "RestrictAddressFamilies=AF_NETLINK AF_UNIX AF_INET",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
)
"""For the unit that brings the interface up, which is root with one capability."""
