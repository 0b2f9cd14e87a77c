"""docs/pdo-audit.md says what the code does: its table of rules, and its code, which runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deltaq_master.audit.rules import RULES

PAGE = (Path(__file__).parents[3] / "docs" / "pdo-audit.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(rule.id, rule.severity.value, rule.checks, rule.source) for rule in RULES]


def test_ids_are_readable_and_differ() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|disabled", each) for each in ids)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is(rule: object) -> None:
    checks, remedy = getattr(rule, "checks", ""), getattr(rule, "remedy", "")
    assert re.fullmatch(r"[A-Z].*\.", checks)
    # A remedy goes into sentences, so it is none itself.
    assert re.fullmatch(r"[a-z].*[^.]", remedy)
