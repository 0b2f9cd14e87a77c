"""The rules of the house that no other tool checks (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import deltaq_master

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "deltaq_master"
MODULES = sorted(PACKAGE.rglob("*.py"))
TOOLS = sorted((ROOT / "tools").rglob("*.py"))
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for room in ("docs", "eds", "tools", "tests") for page in (ROOT / room).rglob("*.md")),
    ]
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LONGEST = 300
"""Lines of a module: one screen-roll, or it is two things."""
SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "base", "manager", "handler"}
"""Names that do not say what a thing is."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def words(name: str) -> set[str]:
    """Words of a snake_case or CamelCase name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def definitions(path: Path) -> Iterator[tuple[str, Definition]]:
    """Every class, and every function and method that is not nested in a function, with its full name."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, Definition]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Definition):
                yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from walk(child, f"{prefix}{child.name}.")

    return walk(ast.parse(path.read_text(encoding="utf-8")), "")


# --- modules ----------------------------------------------------------------------------------------------


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 50
    assert len(PAGES) > 5


@pytest.mark.parametrize("path", [*MODULES, *TOOLS], ids=name_of)
def test_a_module_is_one_screen_roll(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", [*MODULES, *TOOLS], ids=name_of)
def test_names_say_what_a_thing_is(path: Path) -> None:
    places = [part.removesuffix(".py") for part in path.relative_to(ROOT).parts]
    classes = [name for name, node in definitions(path) if isinstance(node, ast.ClassDef)]
    assert not [name for name in (*places, *classes) if words(name) & SAY_NOTHING]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_everything_public_has_a_docstring(path: Path) -> None:
    def speaks(node: Definition) -> bool:
        # The setter of a property, and the variants of an overloaded function, share one docstring.
        shared = {ast.unparse(each).rpartition(".")[2] for each in node.decorator_list}
        return ast.get_docstring(node) is not None or bool(shared & {"setter", "overload", "override"})

    public = (
        (name, node)
        for name, node in definitions(path)
        if not any(part.startswith("_") for part in name.split("."))
    )
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "the module has none"
    assert not [name for name, node in public if not speaks(node)]


@pytest.mark.parametrize("path", [*MODULES, *TOOLS, *sorted((ROOT / "tests").rglob("*.py"))], ids=name_of)
def test_nothing_is_left_for_later(path: Path) -> None:
    left = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3))
    assert not re.findall(rf"\b({left})\b", path.read_text(encoding="utf-8"))


def test_imports_point_down() -> None:
    # The contracts are in pyproject.toml.
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- the public names -------------------------------------------------------------------------------------


def test_the_public_names_are_these() -> None:
    assert sorted(deltaq_master.__all__) == [
        "Accepted",
        "Battery",
        "BatteryReading",
        "BootError",
        "BusError",
        "CallError",
        "Cause",
        "ChangeError",
        "ChargePlan",
        "ChargeRun",
        "ChargeView",
        "Charger",
        "Chemistry",
        "Consent",
        "DeltaqError",
        "Device",
        "FileError",
        "Knowledge",
        "LimitError",
        "Limits",
        "Master",
        "NodeError",
        "OurError",
        "Outcome",
        "Phase",
        "RefusedError",
        "SdoAbortError",
        "SdoAnswerError",
        "SdoError",
        "SdoTimeoutError",
        "SilentError",
        "Target",
        "TheirError",
        "Timing",
        "UsageError",
        "Window",
        "observe",
        "open_device",
        "read_pdos",
    ]


@pytest.mark.parametrize("name", deltaq_master.__all__)
def test_a_public_name_leads_to_its_class(name: str) -> None:
    assert getattr(deltaq_master, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Chargr"):
        _ = deltaq_master.Chargr
    assert dir(deltaq_master) == deltaq_master.__all__


def test_importing_the_package_imports_no_bus() -> None:
    code = "import sys, deltaq_master; print(*sorted({'can', 'canopen', 'typer', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# --- pages and packages -----------------------------------------------------------------------------------


def requirements() -> list[Requirement]:
    listed = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    return [Requirement(text) for text in listed]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert not [link for link in local if not (page.parent / link).exists()]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_a_library_has_a_range_a_reason_and_an_exact_version(requirement: Requirement) -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    written = re.search(rf"^\| `{requirement.name}` \| `([^`]+)` \|", decisions, re.MULTILINE)
    assert written, "docs/decisions.md says nothing of it"
    assert Requirement(f"{requirement.name}{written[1]}").specifier == requirement.specifier
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    assert requirement.specifier.contains(pins[requirement.name])


def test_constraints_are_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert not [line for line in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line)]
