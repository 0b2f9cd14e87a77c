"""Simulated serial CAN adapters on one simulated wire, behind the kernel's own slcan driver.

    python adapters.py can0 can1 can2        as root; the modules can-dev and slcan are loaded

Each adapter is a pty that is bound to the slcan line discipline, so each name is a network interface of type
`can`, down at first, that `ip link set can0 up type can bitrate 500000` configures for real. What an adapter
does follows a CAN controller as far as a serial line lets it:

- it hears the others that are up at its own bit rate, and nobody else;
- a frame that nobody acknowledges stays in the adapter, and the kernel's queue fills up behind it. Listen-only
  adapters, closed ones, those at another bit rate and those without a cable acknowledge nothing.

Commands, one per line on standard input, each answered by a line (`done`, or `error` and a sentence); at the end
of the input everything is taken away:

    cable-off NAME / cable-on NAME       pull the plug out of the bus
    hold NAME / go-on NAME               get nothing onto the bus, as if others had it all the time, and hear everything
    out NAME / in NAME                   pull the adapter out of the computer: its interface goes and comes
    state NAME active|warning|passive|off RX TX
                                         report an error state with these counters, as the controller would

Not simulated: bit timing, arbitration, error frames by themselves. This file imports the standard library alone:
it must start fast, and on any Python.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import socket
import struct
import subprocess
import sys
import termios
import tty
from collections import deque
from pathlib import Path

TIOCSETD, N_SLCAN = 0x5423, 17
SIOCGIFNAME, SIOCSIFNAME = 0x8910, 0x8923
OWN_NAMESPACE, FIRST_NAMESPACE = Path("/proc/self/ns/net"), Path("/proc/1/ns/net")
LOOK = 0.02
"""How often to look whether the driver wants something of an adapter whose frame waits [s]."""
STATES = {"active": b"a", "warning": b"w", "passive": b"p", "off": b"b"}
"""Letters of the slcan protocol for error states."""


def claim(given: str, name: str) -> None:
    """Give a new interface its name, and move it into our network namespace: slcan makes it in the first one."""
    if OWN_NAMESPACE.readlink() != FIRST_NAMESPACE.readlink():
        move = ["ip", "link", "set", given, "netns", str(os.getpid()), "name", name]
        subprocess.run(["nsenter", f"--net={FIRST_NAMESPACE}", *move], check=True)
    elif given != name:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFNAME, struct.pack("16s16s8x", given.encode(), name.encode()))


class Adapter:
    """One adapter: its end of the serial line, and what the driver has told it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.line: int | None = None
        """Our end of the pty; None while the adapter is out of the computer."""
        self.cable = True
        self.held = False
        self._driver_end = -1
        self._buffer = b""
        self._rate = b""
        self._mode = b""
        self._unread = 0
        self.waiting: deque[bytes] = deque()
        """Frames that nobody has acknowledged yet."""
        self.put_in()

    def put_in(self) -> None:
        """Come up as a new network interface, as a USB adapter does when it is plugged in."""
        ours, drivers = pty.openpty()
        tty.setraw(ours)
        tty.setraw(drivers)
        os.set_blocking(ours, False)
        fcntl.ioctl(drivers, TIOCSETD, struct.pack("i", N_SLCAN))
        given = fcntl.ioctl(drivers, SIOCGIFNAME, bytes(40)).split(b"\0")[0].decode()
        claim(given, self.name)
        self.line, self._driver_end = ours, drivers
        self._buffer = self._rate = self._mode = b""

    def pull_out(self) -> None:
        """Go, and the network interface with us."""
        if self.line is not None:
            os.close(self.line)
            os.close(self._driver_end)
            self.line = None
            self.waiting.clear()

    def hears(self, other: Adapter) -> bool:
        """Whether a frame of the other one gets here."""
        linked = self.cable and other.cable and self is not other and self.line is not None
        return linked and bool(self._mode) and bool(other._mode) and self._rate == other._rate

    def acknowledges(self, other: Adapter) -> bool:
        """Whether it confirms a frame of the other one on the wire."""
        return self.hears(other) and self._mode == b"O"

    def write(self, text: bytes) -> None:
        """Send a line to the driver; lost when it does not read, as with a receiver overrun."""
        if self.line is not None:
            try:
                os.write(self.line, text + b"\r")
            except BlockingIOError:
                return

    def commanded(self) -> bool:
        """Whether the driver has sent a command behind the frame that it could still send.

        It sends no second frame before we have read the first, so whatever comes after one is a command.
        """
        assert self.line is not None
        unread: int = struct.unpack("i", fcntl.ioctl(self.line, termios.FIONREAD, bytes(4)))[0]
        grown = 0 < self._unread < unread
        self._unread = unread
        return grown

    def read(self) -> None:
        """Take what the driver wrote: commands are carried out, frames wait for the wire."""
        assert self.line is not None
        self._unread = 0
        try:
            self._buffer += os.read(self.line, 65536)
        except (BlockingIOError, OSError):
            return
        *lines, self._buffer = self._buffer.split(b"\r")
        for text in lines:
            self._take(text)

    def _take(self, text: bytes) -> None:
        kind = text[:1]
        if kind in (b"t", b"T", b"r", b"R"):
            self.waiting.append(text)
            return
        if kind in (b"S", b"s"):
            self._rate = text
        elif kind in (b"O", b"L"):
            self._mode = kind
        elif kind == b"C":
            self._mode = b""
            self.waiting.clear()
        self.write(b"")


class Wire:
    """Adapters on one bus."""

    def __init__(self, names: list[str]) -> None:
        self.adapters = {name: Adapter(name) for name in names}

    def carry(self) -> None:
        """Deliver the frames that somebody acknowledges."""
        for sender in self.adapters.values():
            while not sender.held and sender.waiting and self._acknowledged(sender):
                text = sender.waiting.popleft()
                for other in self.adapters.values():
                    if other.hears(sender):
                        other.write(text)
                sender.write(b"z" if text[:1] in (b"t", b"r") else b"Z")

    def _acknowledged(self, sender: Adapter) -> bool:
        return any(other.acknowledges(sender) for other in self.adapters.values())

    def obey(self, command: str) -> None:
        """Carry out a command; raises KeyError or ValueError for one that is not known."""
        what, name, *rest = command.split()
        adapter = self.adapters[name]
        if what in ("cable-off", "cable-on"):
            adapter.cable = what == "cable-on"
        elif what in ("hold", "go-on"):
            adapter.held = what == "hold"
        elif what == "out":
            adapter.pull_out()
        elif what == "in":
            adapter.put_in()
        elif what == "state":
            state, received, transmitted = rest
            adapter.write(b"s%b%03d%03d" % (STATES[state], int(received), int(transmitted)))
        else:
            raise ValueError(f"{what} is no command")

    def serve(self) -> None:
        """Run until standard input ends."""
        print("ready", flush=True)
        typed = b""
        while True:
            # An adapter with a frame that waits is not read, so the driver holds back what it has further.
            present = [adapter for adapter in self.adapters.values() if adapter.line is not None]
            waiting = [adapter for adapter in present if adapter.waiting]
            lines = {a.line: a for a in present if a.line is not None and not a.waiting}
            ready, _, _ = select.select([0, *lines], [], [], LOOK if waiting else None)
            for adapter in [lines[line] for line in ready if line != 0] + waiting:
                if not adapter.waiting or adapter.commanded():
                    adapter.read()
            self.carry()
            if 0 in ready:
                new = os.read(0, 4096)
                if not new:
                    return
                *commands, typed = (typed + new).split(b"\n")
                for command in commands:
                    print(self.answer(command.decode()), flush=True)
                self.carry()

    def answer(self, command: str) -> str:
        """Carry out a command and say how it went."""
        try:
            self.obey(command)
        except (KeyError, ValueError, OSError, subprocess.CalledProcessError) as error:
            return f"error {type(error).__name__}: {error}"
        return "done"


if __name__ == "__main__":
    Wire(sys.argv[1:]).serve()
