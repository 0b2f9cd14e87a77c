"""The sandbox of our services: what a program that talks to a CAN bus, and to systemd, does without."""

from __future__ import annotations

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
    "RestrictRealtime=yes",
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

BRING_UP = (
    *COMMON,
    "CapabilityBoundingSet=CAP_NET_ADMIN",
    "PrivateDevices=yes",
    "RestrictAddressFamilies=AF_NETLINK AF_UNIX AF_INET",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
)
"""For the unit that brings the interface up, which is root with one capability."""
