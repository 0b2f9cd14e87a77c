"""SDO abort codes (CiA 301): what each one means, and what a technician can do about it.

The words are ours. The standard reserves every code that is not listed; devices send such codes all the same.
"""

from __future__ import annotations

from enum import IntEnum


class AbortCode(IntEnum):
    """An abort code that CiA 301 defines, with its meaning and what to do."""

    meaning: str
    """What went wrong, as the end of a sentence: 'the device has no such object'."""
    advice: str
    """What a technician can do about it."""

    def __new__(cls, code: int, meaning: str, advice: str) -> AbortCode:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.advice = advice
        return member

    TOGGLE = (
        0x0503_0000,
        "the toggle bit did not alternate",
        "a segment was lost or doubled: check the bus load and whether a second SDO client is active",
    )
    TIMED_OUT = (
        0x0504_0000,
        "the transfer took too long",
        "check the wiring and the bus load, or allow a longer time-out",
    )
    COMMAND = (
        0x0504_0001,
        "the SDO command is unknown or not supported",
        "the device may not know block transfer: use a normal transfer",
    )
    BLOCK_SIZE = (
        0x0504_0002,
        "the block size is not valid",
        "use a normal transfer",
    )
    SEQUENCE = (
        0x0504_0003,
        "a block arrived out of sequence",
        "a frame was lost: check the bus load, or use a normal transfer",
    )
    CRC = (
        0x0504_0004,
        "the checksum of the block transfer is wrong",
        "a frame was lost or changed: repeat the transfer and check the bus",
    )
    MEMORY = (
        0x0504_0005,
        "out of memory",
        "send less at a time, or restart the device",
    )
    ACCESS = (
        0x0601_0000,
        "this kind of access is not supported",
        "check the access type in the EDS; a PDO must be disabled before its mapping is written",
    )
    WRITE_ONLY = (
        0x0601_0001,
        "the object can only be written",
        "check the access type in the EDS",
    )
    READ_ONLY = (
        0x0601_0002,
        "the object can only be read",
        "check the access type in the EDS",
    )
    NO_OBJECT = (
        0x0602_0000,
        "the device has no such object",
        "check whether the EDS belongs to this device and its firmware",
    )
    NOT_MAPPABLE = (
        0x0604_0041,
        "the object cannot be mapped into this PDO",
        "check PDOMapping and the access type in the EDS",
    )
    PDO_LENGTH = (
        0x0604_0042,
        "the mapped objects are too many or too long for the PDO",
        "map at most 64 bits",
    )
    PARAMETERS = (
        0x0604_0043,
        "the value does not go together with another parameter",
        "disable the PDO before its parameters are changed; check the objects that belong together",
    )
    INTERNAL = (
        0x0604_0047,
        "the device is incompatible with itself",
        "restart the device, and report it to its maker",
    )
    HARDWARE = (
        0x0606_0000,
        "the access failed for a hardware error",
        "read 1001h and 1003h for the error, and restart the device",
    )
    LENGTH = (
        0x0607_0010,
        "the length does not fit the object's type",
        "check the data type in the EDS",
    )
    TOO_LONG = (
        0x0607_0012,
        "too many bytes for the object's type",
        "check the data type in the EDS",
    )
    TOO_SHORT = (
        0x0607_0013,
        "too few bytes for the object's type",
        "check the data type in the EDS",
    )
    NO_SUB_INDEX = (
        0x0609_0011,
        "the object has no such sub-index",
        "check whether the EDS belongs to this device and its firmware",
    )
    VALUE = (
        0x0609_0030,
        "the value is not allowed",
        "check the limits of the object in the EDS and the device's manual",
    )
    TOO_HIGH = (
        0x0609_0031,
        "the value is too high",
        "check the limits of the object in the EDS and the device's manual",
    )
    TOO_LOW = (
        0x0609_0032,
        "the value is too low",
        "check the limits of the object in the EDS and the device's manual",
    )
    MAXIMUM_BELOW_MINIMUM = (
        0x0609_0036,
        "the maximum would lie below the minimum",
        "write the two limits in the other order",
    )
    NO_RESOURCE = (
        0x060A_0023,
        "a resource is missing, or there is no SDO connection",
        "check 1200h and whether the service is set up",
    )
    GENERAL = (
        0x0800_0000,
        "general error",
        "read 1001h and 1003h for the error",
    )
    NOT_STORED = (
        0x0800_0020,
        "the application could not take or give the data",
        "try again, and check what state the device is in",
    )
    LOCAL_CONTROL = (
        0x0800_0021,
        "the device is under local control",
        "take it into remote mode first",
    )
    DEVICE_STATE = (
        0x0800_0022,
        "not possible in the device's present state",
        "check its NMT state, and whether it wants the master's heartbeat first",
    )
    NO_DICTIONARY = (
        0x0800_0023,
        "the device has no object dictionary, or could not build it",
        "restart the device, and check its configuration file",
    )
    NO_DATA = (
        0x0800_0024,
        "there is no data",
        "the device has nothing to give yet: try again later",
    )


_BY_NUMBER = {int(code): code for code in AbortCode}


def meaning(code: int) -> str:
    """What an abort code means, as the end of a sentence; a code that CiA 301 does not define says so."""
    known = _BY_NUMBER.get(code)
    return known.meaning if known else "a code that CiA 301 does not define"


def advice(code: int) -> str:
    """What a technician can do about an abort code."""
    known = _BY_NUMBER.get(code)
    return known.advice if known else "look it up in the device's manual"
