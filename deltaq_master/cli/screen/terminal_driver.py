"""Textual's driver for the controlling terminal, made to bear a terminal that goes away or goes to another job."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any, cast

from textual.drivers.linux_driver import LinuxDriver

from deltaq_master.cli.screen.terminal import CONTROLLING, in_foreground

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App


class _Output:
    """A terminal to write to: one that has gone away takes what is written without a word.

    Textual's writer thread would die of the error, and the screen then wait for it for ever.
    """

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal

    def fileno(self) -> int:
        return self._terminal

    def write(self, text: str) -> int:
        data = text.encode("utf-8", "replace")
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._terminal, data) :]
        return len(text)

    def flush(self) -> None:
        pass


class TerminalDriver(LinuxDriver):
    """Reads keys from the controlling terminal and draws on it, whatever stdin and stderr are."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        """Open the terminal. Raises OSError where there is none."""
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.fileno = os.open(CONTROLLING, os.O_RDWR | os.O_NOCTTY)
        self.input_tty = True
        self._file = cast("TextIOWrapper", _Output(self.fileno))
        self._given_back = False
        """True while the terminal is another job's."""

    # A signal comes in the middle of anything, so that its work is put into the loop.

    def _sigtstp_application(self, *_: Any) -> None:
        self._loop.call_soon_threadsafe(self._stop_process)

    def _sigcont_application(self, *_: Any) -> None:
        self._loop.call_soon_threadsafe(self._continued)

    def _stop_process(self) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continued(self) -> None:
        # After a SIGSTOP, of which nothing was heard, the terminal was not given back.
        self._give_back()
        self.look_again()

    def _give_back(self) -> None:
        if not self._given_back:
            self.suspend_application_mode()
            self._given_back = True

    def look_again(self) -> None:
        """Take the terminal again if the job is in the foreground: in the background it would only stop us."""
        if self._given_back and in_foreground(self.fileno):
            self._given_back = False
            self._must_signal_resume = True
            self.resume_application_mode()

    def write(self, data: str) -> None:
        """Write, if the terminal is ours."""
        if not self._given_back:
            super().write(data)

    def stop_application_mode(self) -> None:
        """Give the terminal back, if it is ours."""
        if not self._given_back:
            super().stop_application_mode()

    def close(self) -> None:
        """End the writing thread."""
        if not self._given_back:
            super().close()
