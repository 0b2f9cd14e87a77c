"""Putting back what a change has written, as far as the device lets it be put back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.ordering import Step
from deltaq_master.errors import DeltaqError, NodeError, SdoError, SdoTimeoutError
from deltaq_master.link.sdo.reading import MOST_SILENT

if TYPE_CHECKING:
    from deltaq_master.link.sdo.worker import TransferClient


def put_back(client: TransferClient, steps: Iterable[Step], refused: dict[Address, str]) -> None:
    """Make these writes; of a PDO all, or it stays disabled, and one that is refused keeps no other back.

    `refused` takes the reasons, and loses them for what is written after all. Ends early where the device has
    stopped answering, or the bus is lost.
    """
    spoilt: dict[int, str] = {}
    silent = 0
    for step in steps:
        if step.group in spoilt:
            refused.setdefault(step.address, spoilt[step.group])
            continue
        try:
            client.download(step.address.index, step.address.sub, step.data)
        except SdoError as error:
            refused[step.address] = f"writing it: {said(error)}"
            if not step.spare:
                spoilt[step.group] = f"left as it is, because {step.address} could not be written"
            silent = silent + 1 if isinstance(error, SdoTimeoutError) else 0
            if silent >= MOST_SILENT:
                return
        except DeltaqError:
            return  # the next look at the device says what is wrong
        else:
            silent = 0
            refused.pop(step.address, None)


def said(error: BaseException) -> str:
    """An error in words, without the node that a report names anyhow."""
    text = error.problem if isinstance(error, NodeError) else str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
    return text or type(error).__name__
