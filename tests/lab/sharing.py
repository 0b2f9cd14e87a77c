"""One run of pytest in several guests: each takes the next file that none of them has taken.

The guests see the same tests in the same order, and a folder of this computer's. Whoever can make a folder in it with
the name of a file runs that file's tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shared", type=Path, required=True, help="the folder in which guests share out files")


def taken(items: list[pytest.Item], folder: Path) -> Iterator[pytest.Item]:
    """The tests of the files that this guest takes; the next file is taken when the last test of one begins."""
    for path, of_file in itertools.groupby(items, lambda item: item.path):
        try:
            (folder / f"{path.parent.name}-{path.stem}").mkdir()
        except FileExistsError:
            continue
        yield from of_file


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run them, as pytest's own loop does."""
    if session.config.option.collectonly or session.testsfailed:
        return None
    items = sorted(session.items, key=lambda item: item.path)
    ours = taken(items, session.config.option.shared)
    item = next(ours, None)
    while item is not None:
        following = next(ours, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True
