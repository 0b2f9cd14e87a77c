"""The EDS that canopen cannot misread: same objects, one spelling, nothing that its parser stumbles over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deltaq_master.dictionary.device import DUMMIES, Device
from deltaq_master.dictionary.items import Item
from deltaq_master.dictionary.objects import Object


def canonical(device: Device, objects: Iterable[Object], node_id: int) -> str:
    """Text of the file as canopen gets it: what its objects are. Their values are set on them afterwards."""
    return "\n".join([*_device(device, node_id), *(line for found in objects for line in _object(found))])


def _device(device: Device, node_id: int) -> Iterator[str]:
    yield "[FileInfo]"
    yield from (f"{key}={_plain(text)}" for key, text in device.file_info.items())
    yield "[DeviceInfo]"
    yield from (f"{key}={_plain(text)}" for key, text in device.texts.items())
    yield from (f"{key}={value}" for key, value in device.numbers.items())
    yield "[DummyUsage]"
    yield from (f"Dummy{kind:04d}={int(kind in device.dummies)}" for kind in DUMMIES)
    if device.commissioned:
        yield "[DeviceComissioning]"
        yield f"NodeID={node_id}"
        if device.baud_rate is not None:
            yield f"Baudrate={device.baud_rate}"


def _object(found: Object) -> Iterator[str]:
    section = f"{found.index:04X}"
    if found.plain:
        yield from _item(section, found.items[0])
        yield f"ObjectType={found.kind}"
        return
    yield f"[{section}]"
    yield f"ParameterName={_plain(found.name)}"
    yield f"ObjectType={found.kind}"
    if found.storage:
        yield f"StorageLocation={_plain(found.storage)}"
    for item in found.items:
        yield from _item(f"{section}sub{item.entry.address.sub:X}", item)


def _item(section: str, item: Item) -> Iterator[str]:
    entry = item.entry
    yield f"[{section}]"
    yield f"ParameterName={_plain(entry.name)}"
    yield f"DataType={entry.data_type:d}"
    yield f"AccessType={entry.access}"
    if item.relative is not None:
        yield f"DefaultValue=$NODEID+0x{item.relative:X}"
    if item.storage:
        yield f"StorageLocation={_plain(item.storage)}"


def _plain(text: str) -> str:
    # canopen cuts a text off at a semicolon behind a blank.
    return text.replace(";", ",")
