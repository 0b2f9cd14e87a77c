"""`deltaq` in processes of its own, started at once: forked from one that has loaded what it needs.

In the guest a Python program takes seconds to start. The two ends of a socket pair are `Forks`, in the process of the
tests, and `serve`, in the one that is forked. What is forked becomes a child of the process of the tests.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NoReturn

ROOT: Final = Path(__file__).resolve().parents[2]
MOST: Final = 65536
"""Bytes of a request."""
CHILD_SUBREAPER: Final = 36
"""prctl(2): children of children that have lost their parent become ours."""
LOOK: Final = 0.01
LOADED: Final = (
    "can.interfaces.socketcan",
    "deltaq_master.cli.app",
    "deltaq_master.cli.charge_run",
    "deltaq_master.cli.charge_show",
    "deltaq_master.cli.explain_charge",
    "deltaq_master.cli.explain_show",
    "deltaq_master.charger.traffic",
    "deltaq_master.link.bus.opening",
    "deltaq_master.link.bus.silence",
    "deltaq_master.link.record.recorder",
    "deltaq_master.master",
    "deltaq_master.simulator.assembly",
    "deltaq_master.simulator.bus",
)
"""What most commands import."""


class Fork:
    """A process as `subprocess.Popen` has one, as far as it is needed here."""

    def __init__(self, pid: int, stdin: IO[bytes]) -> None:
        self.pid = pid
        self.stdin = stdin
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status, None while it runs; that of a signal is negative."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait until it has ended. Raises TimeoutExpired."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("deltaq", timeout)
            time.sleep(LOOK)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it by force."""
        self.send_signal(signal.SIGKILL)


class Forks:
    """The process that is forked, from outside."""

    def __init__(self) -> None:
        ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)
        self._control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-W", "error", "-m", "tests.lab.forks", str(far.fileno())]
        # Ctrl-C is for the tests; this process goes when they have gone.
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=(far.fileno(),), start_new_session=True)
        far.close()
        self._lock = threading.Lock()
        atexit.register(self.close)

    def start(self, words: Sequence[str], folder: Path, out: int, err: int) -> Fork:
        """Run `deltaq` with these words, in a folder, and with these files for what it says."""
        theirs, ours = os.pipe()
        environment = dict(os.environ)
        request = json.dumps({"words": list(words), "folder": str(folder), "environment": environment})
        try:
            with self._lock:
                socket.send_fds(self._control, [request.encode()], [theirs, out, err])
                answer = self._control.recv(MOST)
        finally:
            os.close(theirs)
        assert answer, "the process that is forked has ended"
        return Fork(int(answer), os.fdopen(ours, "wb"))

    def close(self) -> None:
        """End it; what it has started goes on."""
        self._control.close()
        self._process.wait()


@functools.cache
def forks() -> Forks:
    """The one of this process, made when it is first needed."""
    return Forks()


def serve(control: socket.socket) -> None:
    """Fork for each request, and answer with the process's number, until nobody can ask any more."""
    while True:
        text, descriptors, _, _ = socket.recv_fds(control, MOST, 3)
        if not text:
            return
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:
            pid = os.fork()
            if pid == 0:
                control.close()
                os.close(reading)
                os.close(writing)
                become(json.loads(text), descriptors)
            os.write(writing, str(pid).encode())
            os._exit(0)
        for each in (writing, *descriptors):
            os.close(each)
        number = os.read(reading, MOST)
        os.close(reading)
        os.waitpid(between, 0)  # from now on the other one is a child of the tests
        control.send(number)


def become(asked: Mapping[str, object], descriptors: Sequence[int]) -> NoReturn:
    """Be `deltaq`."""
    from deltaq_master.cli import main

    words, folder, environment = asked["words"], asked["folder"], asked["environment"]
    assert isinstance(words, list)
    assert isinstance(environment, dict)
    for number, each in enumerate(descriptors):
        os.dup2(each, number)
        os.close(each)
    os.chdir(str(folder))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["deltaq", *words]
    sys.exit(main(words))


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    with suppress(BrokenPipeError), socket.socket(fileno=int(sys.argv[1])) as tests:
        serve(tests)
