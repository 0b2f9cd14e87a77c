"""Small EDS files, written where a test needs them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from deltaq_master.dictionary.eds import Dictionary, load

Write = Callable[[str | bytes], Path]
Build = Callable[[str], Dictionary]

HEAD = """\
[DeviceInfo]
VendorName=Example
[MandatoryObjects]
SupportedObjects=1
1=0x1000
[1000]
ParameterName=Device Type
ObjectType=0x7
DataType=0x0007
AccessType=ro
DefaultValue=0x000001A3
PDOMapping=0
"""
# Behind the objects, so that the first of them begins on line 13.
LIST = """
[OptionalObjects]
SupportedObjects={count}
{listed}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and returns its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "device.eds"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def complete() -> Callable[[str], str]:
    """The text of a complete EDS with the objects of `body`, all listed."""

    def complete(body: str) -> str:
        indices = re.findall(r"^\[([0-9A-F]{4})\]", body, re.MULTILINE)
        listed = "\n".join(f"{number}=0x{index}" for number, index in enumerate(indices, 1))
        return HEAD + body + LIST.format(count=len(indices), listed=listed)

    return complete


@pytest.fixture
def build(write: Write, complete: Callable[[str], str]) -> Build:
    """The dictionary of an EDS with the objects of `body`, for node-ID 10."""

    def build(body: str) -> Dictionary:
        return load(write(complete(body)), 10)

    return build
