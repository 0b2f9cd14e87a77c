"""The shipped EDS is found in a wheel, in an editable install and in a plain checkout: all three for real."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from deltaq_master.dictionary import shipped
from deltaq_master.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")
WHERE = ("-P", "-c", "from deltaq_master.dictionary.shipped import eds_path; print(eds_path())")
"""Prints what is found; -P, because the working directory may be a checkout, too."""


def run(*command: str | Path, **variables: str) -> str:
    """Output of a command; the environment's own search path for modules is not handed on."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | variables
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a package is built from, and nothing else of the working copy."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    for name in ("deltaq_master", "eds"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Interpreter of a fresh environment that sees the libraries of this one, hatchling among them."""
    folder = tmp_path / "venv"
    venv.create(folder, symlinks=os.name != "nt")
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    (Path(paths["purelib"]) / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return Path(paths["scripts"]) / f"python{sysconfig.get_config_var('EXE')}"


def install(python: Path, *what: str | Path) -> None:
    # Whatever this environment has installed of us stays what it is: --ignore-installed.
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", "--quiet")
    run(*PIP, "--python", python, "install", *offline, *what)


def test_in_a_plain_checkout(checkout: Path) -> None:
    found = run(sys.executable, *WHERE, PYTHONPATH=str(checkout))
    assert Path(found) == checkout / "eds" / "ICL1500-85.eds"


def test_in_an_editable_install(checkout: Path, python: Path) -> None:
    install(python, "--editable", checkout)
    found = run(python, *WHERE)
    assert Path(found) == checkout / "eds" / "ICL1500-85.eds"


def test_in_a_wheel(checkout: Path, python: Path, tmp_path: Path) -> None:
    run(*PIP, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, checkout)
    (wheel,) = tmp_path.glob("deltaq_master-*.whl")
    install(python, wheel)
    shutil.rmtree(checkout)
    found = Path(run(python, *WHERE))
    assert found.relative_to(python.parent.parent).parts[-3:] == ("deltaq_master", "eds", "ICL1500-85.eds")
    assert found.read_bytes() == (ROOT / "eds" / "ICL1500-85.eds").read_bytes()
    assert (found.parent / "README.md").is_file()


def test_where_neither_place_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shipped.eds_path() == ROOT / "eds" / "ICL1500-85.eds"
    package = tmp_path / "deltaq_master"
    monkeypatch.setattr(shipped, "__file__", str(package / "dictionary" / "shipped.py"))
    with pytest.raises(UsageError, match=r"ICL1500-85\.eds is neither in .*; name an EDS file with --eds"):
        shipped.eds_path()
    for folder in (tmp_path / "eds", package / "eds"):
        folder.mkdir(parents=True)
        (folder / "ICL1500-85.eds").touch()
        assert shipped.eds_path() == folder / "ICL1500-85.eds"
