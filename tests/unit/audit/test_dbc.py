"""A PDO dump as a DBC: read by cantools strictly, it decodes and encodes frames typed from documents."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from cantools.database import can, load_string

from deltaq_master.audit.dbc import ENCODING, dbc_of, left_out
from deltaq_master.charger.bit_fields import BIT_FIELDS
from deltaq_master.dictionary.address import Address
from deltaq_master.dictionary.bit_fields import BitField
from deltaq_master.dictionary.eds import Dictionary
from deltaq_master.dictionary.entry import Access, DataType, Entry
from deltaq_master.dictionary.mapping import PdoKind
from deltaq_master.dictionary.pdo_reading import PdoReading, eds_reading
from tests.unit.audit.pdo_readings import Few, few, pdo, reading

RPDO, TPDO = PdoKind.RPDO, PdoKind.TPDO


def loaded(text: str) -> can.Database:
    """The text as cantools takes it, out of bytes as they are in a file."""
    found = load_string(text.encode(ENCODING).decode(ENCODING), "dbc", strict=True)
    assert isinstance(found, can.Database)
    return found


def signals(database: can.Database, message: str) -> dict[str, Any]:
    return {signal.name: signal for signal in database.get_message_by_name(message).signals}


@pytest.fixture(scope="module")
def charger(dictionary: Dictionary) -> can.Database:
    """The known charger's PDOs."""
    return loaded(dbc_of(eds_reading(dictionary, 10), BIT_FIELDS))


# --- the charger: frames of captures and documents -----------------------------------------------------------


def test_tpdo1_of_the_capture(charger: can.Database) -> None:
    decoded = charger.decode_message(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"))
    assert isinstance(decoded, dict)
    assert decoded["Charging_Current"] == pytest.approx(19.484, abs=0.0005)
    assert decoded["Battery_Voltage_Q8_8"] == pytest.approx(78.273, abs=0.0005)
    told = {
        name: str(decoded[name]) for name in ("AC_Connection", "Enabled", "Override", "Charge_Indication")
    }
    assert told == {
        "AC_Connection": "AC detected",
        "Enabled": "enabled",
        "Override": "remote",
        "Charge_Indication": "inactive",
    }


def test_tpdo1_after_the_command_was_lost(charger: can.Database) -> None:
    decoded = charger.decode_message(0x18A, bytes.fromhex("7B 13 46 4E 50 00 00 00"))
    assert isinstance(decoded, dict)
    assert (str(decoded["Enabled"]), str(decoded["Override"])) == ("not enabled", "remote")


def test_tpdo1_while_it_charges(charger: can.Database) -> None:
    decoded = charger.decode_message(0x18A, bytes.fromhex("F7 00 D1 0D 70 12 00 00"))
    assert isinstance(decoded, dict)
    assert decoded["Charging_Current"] == pytest.approx(0.965, abs=0.0005)
    assert decoded["Battery_Voltage_Q8_8"] == pytest.approx(13.816, abs=0.0005)
    told = (str(decoded["Charge_Indication"]), str(decoded["Charge_Cycle_Type"]))
    assert told == ("charging, above 80 %", "charge cycle")


def test_tpdo3_of_the_capture(charger: can.Database) -> None:
    decoded = charger.decode_message(0x38A, bytes.fromhex("00 00 00 00 B1 07 FF 00"))
    assert isinstance(decoded, dict)
    assert str(decoded["Current_Displayed_Error_Fault"]) == "no error"
    assert decoded["AC_Voltage"] == pytest.approx(123.06, abs=0.005)
    assert str(decoded["Charger_State_of_Charge"]) == "no valid value"


def test_rpdo1_as_it_commands(charger: can.Database) -> None:
    asked: dict[str, int | float | str] = {
        "Zero_Filling_ZeroRxFilling": 0,
        "Battery_State_of_Charge": 76,
        "Label_Equalize": 0,
        "Label_Maintenance": 0,
        "Voltage_Request_U16_Q8": 82.0,
        "Charge_Current_Requested": 10.0,
        "Battery_Status": "ready",
    }
    data = charger.encode_message("RPDO1_node10", asked)
    assert data == bytes.fromhex("00 4C 00 00 52 A0 00 01")
    # The limits of the EDS are limits here, too: 85 V.
    with pytest.raises(Exception, match="85"):
        charger.encode_message("RPDO1_node10", asked | {"Voltage_Request_U16_Q8": 86.0})


def test_a_temperature_is_signed(charger: can.Database) -> None:
    # 25 degrees are 200 eighths, FEC0h are -40 degrees (CiA 419), 8000h is no value.
    for text, value in (("C8 00", 25.0), ("C0 FE", -40.0), ("00 80", "no valid value")):
        decoded = charger.decode_message(0x30A, bytes.fromhex(f"00 00 FF FF FF FF {text}"))
        assert isinstance(decoded, dict)
        found = decoded["Temperature"]
        assert (str(found) if isinstance(value, str) else found) == value


def test_who_sends_and_who_receives(charger: can.Database) -> None:
    assert [node.name for node in charger.nodes] == ["Master", "Node10"]
    receive, transmit = (charger.get_message_by_name(f"{name}_node10") for name in ("RPDO1", "TPDO1"))
    assert (receive.frame_id, receive.senders, receive.length) == (0x20A, ["Master"], 8)
    assert (transmit.frame_id, transmit.senders, transmit.length) == (0x18A, ["Node10"], 8)
    assert {tuple(signal.receivers) for signal in receive.signals} == {("Node10",)}
    assert {tuple(signal.receivers) for signal in transmit.signals} == {("Master",)}


def test_signals_lie_where_the_slots_do(charger: can.Database) -> None:
    found = signals(charger, "RPDO1_node10")
    places = {name: (signal.start, signal.length) for name, signal in found.items()}
    assert places == {
        "Zero_Filling_ZeroRxFilling": (0, 8),
        "Battery_State_of_Charge": (8, 8),
        "Label_Equalize": (16, 1),
        "Label_Maintenance": (17, 1),
        "Voltage_Request_U16_Q8": (24, 16),
        "Charge_Current_Requested": (40, 16),
        "Battery_Status": (56, 8),
    }
    assert {signal.byte_order for signal in found.values()} == {"little_endian"}
    assert (found["Voltage_Request_U16_Q8"].scale, found["Voltage_Request_U16_Q8"].unit) == (1 / 256, "V")
    assert list(signals(charger, "RPDO2_node10"))[:2] == [
        "Zero_Filling_ZeroRxFilling",
        "Zero_Filling_ZeroRxFilling_2",
    ]


def test_comments_keep_how_sure_it_is(charger: can.Database) -> None:
    found = signals(charger, "TPDO2_node10")["Elapsed_Time_in_Present_Charge_C"]
    assert found.comment.startswith("2005h:01 Elapsed Time.Elapsed Time in Present Charge Cycle.")
    assert "Scale [U]" in found.comment
    status = signals(charger, "TPDO1_node10")
    assert status["Charge_Indication"].comment.startswith("2006h:00 Extended Charge Status, bits 8-11.")
    assert status["Fault"].comment.startswith("2006h:00 Extended Charge Status, bit 0.")
    assert charger.get_message_by_name("TPDO1_node10").comment == (
        "1800h, 1A00h: event-driven (device profile), event timer 200 ms"
    )


def test_without_fields_the_status_is_one_number(dictionary: Dictionary) -> None:
    database = loaded(dbc_of(eds_reading(dictionary, 10)))
    decoded = database.decode_message(0x18A, bytes.fromhex("7C 13 46 4E 70 00 00 00"))
    assert isinstance(decoded, dict)
    assert decoded["Extended_Charge_Status"] == 0x0070


# --- any device -----------------------------------------------------------------------------------------------


def one(*mapping: str, cob_word: str = "85 01 00 00", objects: Few | None = None) -> PdoReading:
    """A device with TPDO1 alone."""
    told = pdo(TPDO, 1, cob_word, *mapping)
    return reading(told, [(TPDO, 1)]) if objects is None else reading(told, [(TPDO, 1)], objects)


def test_types_of_other_devices() -> None:
    # A BOOLEAN, three unknown bits, four bits of an 8-bit object, INTEGER16 x 0.1, REAL32.
    made = one("01 00 04 20", "03 07 FF 5F", "04 00 00 20", "10 00 01 20", "20 00 02 20")
    database = loaded(dbc_of(made))
    data = bytes((0b1010_110_1,)) + struct.pack("<hf", -125, 1.5)
    decoded = database.decode_message("TPDO1_node5", data)
    assert isinstance(decoded, dict)
    assert list(decoded) == ["Switch", "Object_5FFFh_07", "Flags", "Speed", "Torque"]
    assert [decoded[name] for name in ("Switch", "Object_5FFFh_07", "Flags")] == [1, 6, 10]
    assert decoded["Speed"] == pytest.approx(-12.5)
    assert decoded["Torque"] == 1.5
    found = signals(database, "TPDO1_node5")
    assert found["Torque"].is_float
    assert (found["Speed"].minimum, found["Speed"].maximum) == (-50.0, 900.0)
    assert found["Object_5FFFh_07"].comment == "5FFFh:07: the EDS does not know this object"
    # Quotation marks and backslashes would end a text; what a DBC's characters lack is a question mark.
    assert found["Flags"].comment == (
        "2000h:00 Flags. mapped with 4 bits, and the object has 8 [I] 'Eight' flags/lamps."
    )


def test_names_are_legal_and_told_apart() -> None:
    made = one("10 00 01 20", "08 00 06 20", "08 01 07 20", "08 01 07 20", "10 01 03 20")
    database = loaded(dbc_of(made))
    assert [signal.name for signal in database.messages[0].signals] == [
        "Speed",
        "Speed_2",
        "_2nd_of_a_name_that_no_tool_take",
        "_2nd_of_a_name_that_no_tool_ta_2",
        "Phase_A",
    ]
    assert signals(database, "TPDO1_node5")["Speed_2"].unit == "?"


def test_a_name_without_any_letter() -> None:
    odd = few(Entry(Address(0x2000), "°/°", DataType.UNSIGNED8, Access.RO))
    assert list(signals(loaded(dbc_of(one("08 00 00 20", objects=odd))), "TPDO1_node5")) == ["Signal"]


def test_fields_of_another_length_are_not_taken() -> None:
    fields = {Address(0x2000): (BitField("Low", 0, 4, {1: "one"}), BitField("High", 4, 8, {}))}
    database = loaded(dbc_of(one("08 00 00 20"), fields))
    assert list(signals(database, "TPDO1_node5")) == ["Flags"]


def test_words_for_values_of_a_whole_object_leave_its_scale() -> None:
    fields = {Address(0x2003, 1): (BitField("", 0, 16, {0xFFFF: 'no "value"'}),)}
    found = signals(loaded(dbc_of(one("10 01 03 20"), fields)), "TPDO1_node5")["Phase_A"]
    assert (found.scale, found.unit, {raw: str(word) for raw, word in found.choices.items()}) == (
        1 / 16,
        "A",
        {0xFFFF: "no 'value'"},
    )


def test_what_a_dbc_cannot_hold_is_said() -> None:
    numbers = [(RPDO, number) for number in range(1, 9)]
    told = {
        **pdo(RPDO, 1, "05 02 00 00", "08 00 00 20"),
        **pdo(RPDO, 2, "05 03 00 80", "08 00 00 20"),
        **pdo(RPDO, 3, "05 04 00 80", "08 00 00 20"),
        **pdo(RPDO, 4, "05 05 00 00"),
        **pdo(RPDO, 5, "05 02 00 00", "08 00 00 20"),
        **pdo(RPDO, 6, "06 02 00 00", *(["20 00 02 20"] * 3)),
        **pdo(RPDO, 7, "07 02 00 00", "00 00 00 20"),
        **pdo(RPDO, 8, "07 03 00 20", "08 00 00 20"),
    }
    made = reading(told, numbers)
    assert left_out(made) == (
        "RPDO2 to RPDO3: disabled",
        "RPDO4: nothing mapped",
        "RPDO5: its COB-ID 205h is that of RPDO1",
        "RPDO6: 96 bits mapped, and a frame holds 64",
        "RPDO7: an object mapped with 0 bits",
        "RPDO8: incomplete, 29-bit COB-ID 00000307h is not supported",
    )
    database = loaded(dbc_of(made))
    assert [message.name for message in database.messages] == ["RPDO1_node5"]
    assert "Not here: RPDO2 to RPDO3: disabled." in str(database.get_node_by_name("Node5").comment)


def test_a_device_without_pdos() -> None:
    assert loaded(dbc_of(reading({}, []))).messages == []
