"""What python-can's own settings say on this computer, and where they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import can.util

from deltaq_master.errors import UsageError
from deltaq_master.link.bus.causes import words_of

VARIABLES = ("CAN_INTERFACE", "CAN_CHANNEL", "CAN_BITRATE", "CAN_CONFIG")
SHOWN = ("interface", "channel", "bitrate")


def own_settings() -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Interface, channel and bit rate as python-can would choose them, and the files and variables that say so.

    Raises UsageError for a file that cannot be read.
    """
    files = [Path(name).expanduser() for name in can.util.CONFIG_FILES]
    sources = [str(path) for path in files if path.exists()]
    sources += [name for name in VARIABLES if os.environ.get(name)]
    try:
        read = {**can.util.load_file_config(), **can.util.load_environment_config()}
    except Exception as error:  # a file of anybody's making may fail in any way
        raise UsageError(
            f"python-can's settings cannot be read: {words_of(error)}", "correct them"
        ) from error
    return {key: str(read[key]) for key in SHOWN if read.get(key) is not None}, tuple(sources)
