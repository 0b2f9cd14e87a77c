"""Where the files that ship with the package are: the EDS, and profiles of PDO layouts."""

from __future__ import annotations

from pathlib import Path

from deltaq_master.errors import UsageError

EDS_NAME = "ICL1500-85.eds"
PROFILES = "pdo"
"""Folder of the PDO profiles, beside the EDS."""


def eds_path() -> Path:
    """Path of the shipped EDS of the ICL1500-85.

    An installed wheel has it inside the package, a checkout (and so an editable install) beside it.
    Raises UsageError where neither has it.
    """
    package = Path(__file__).resolve().parent.parent
    folders = (package / "eds", package.parent / "eds")
    for folder in folders:
        if (folder / EDS_NAME).is_file():
            return folder / EDS_NAME
    raise UsageError(
        f"{EDS_NAME} is neither in {folders[0]} nor in {folders[1]}: the installation is not complete",
        "name an EDS file with --eds",
    )


def profile_paths() -> dict[str, Path]:
    """The shipped PDO profiles of the ICL1500-85 by their names, sorted. Raises UsageError as `eds_path`."""
    return {path.stem: path for path in sorted((eds_path().parent / PROFILES).glob("*.toml"))}
