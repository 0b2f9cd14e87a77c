"""What is found out of this computer without a bus."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from deltaq_master.service import examining


@pytest.mark.parametrize(
    ("capabilities", "limit", "right"),
    [
        ("000001ffffffffff", 0, True),  # root
        ("0000000000800000", 0, True),  # CAP_SYS_NICE alone
        ("00000000a80425fb", 0, False),  # root of a container, by default
        ("0000000000000000", 0, False),
        ("0000000000000000", 1, True),
    ],
)
def test_who_may_ask_for_real_time_priority(
    capabilities: str, limit: int, right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "status"
    status.write_text(
        f"Name:\tpython\nCapPrm:\t0000000000000000\nCapEff:\t{capabilities}\n", encoding="ascii"
    )
    monkeypatch.setattr(examining, "STATUS", status)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    assert examining._realtime() is right
