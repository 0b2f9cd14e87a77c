"""Dictionaries for the audit's tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deltaq_master.dictionary.eds import Dictionary, load
from deltaq_master.dictionary.shipped import eds_path


@pytest.fixture(scope="session")
def fixed_counts(tmp_path_factory: pytest.TempPathFactory) -> Dictionary:
    """The shipped EDS of a device that does not let the number of its slots change."""
    text = eds_path().read_text(encoding="ascii")
    changed = re.sub(r"(\[1[6A]0[0-9]sub0\][^\[]*AccessType=)rw", r"\1ro", text)
    assert changed != text
    path = Path(tmp_path_factory.mktemp("eds")) / "fixed.eds"
    path.write_text(changed, encoding="ascii")
    return load(path, 10)
