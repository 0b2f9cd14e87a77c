"""Objects by SDO: what an answer must be to become a value, what may be written, and what asks nothing."""

from __future__ import annotations

import canopen
import pytest
from canopen.objectdictionary.datatypes import REAL32

from deltaq_master import errors
from deltaq_master.link.sdo.client import SdoArray, SdoClient, SdoRecord, SdoVariable
from tests.wire.sdo_peer import ANSWER, REQUEST, dictionary, talk, variable


def named(client: SdoClient, key: int | str) -> SdoVariable:
    found = client[key]
    assert isinstance(found, SdoVariable)
    return found


def offline() -> SdoClient:
    """A client on no network: whatever it sends raises CallError."""
    return SdoClient(REQUEST, ANSWER, dictionary())


def test_a_value_in_its_unit() -> None:
    with talk("> 60A 40 70 60 00 00 00 00 00\n < 58A 4B 70 60 00 A0 00 00 00") as client:
        assert named(client, "Current requested").phys == 10.0


def test_a_signed_value() -> None:
    with talk("> 60A 40 10 60 00 00 00 00 00\n < 58A 4B 10 60 00 38 FF 00 00") as client:
        assert named(client, 0x6010).raw == -200


def test_a_value_is_written_in_its_unit() -> None:
    with talk("> 60A 2B 70 60 00 A0 00 00 00\n < 58A 60 70 60 00 00 00 00 00") as client:
        named(client, 0x6070).phys = 10.0


@pytest.mark.parametrize(
    ("index", "answer", "problem"),
    [
        (0x6000, "43 00 60 00 01 00 00 00", "6000h:00 answered with 4 bytes instead of the 1 of its type"),
        (0x6000, "4B 00 60 00 01 00 00 00", "6000h:00 answered with 2 bytes instead of the 1 "),
        (0x6070, "4F 70 60 00 A0 00 00 00", "6070h:00 answered with 1 bytes instead of the 2 "),
    ],
)
def test_an_answer_of_another_length_than_the_type_is_an_error(index: int, answer: str, problem: str) -> None:
    request = f"40 {index & 0xFF:02X} {index >> 8:02X} 00 00 00 00 00"
    with talk(f"> 60A {request}\n < 58A {answer}") as client:
        with pytest.raises(errors.SdoAnswerError, match=problem) as caught:
            _ = named(client, index).raw
        assert isinstance(caught.value, canopen.SdoCommunicationError)
        assert caught.value.evidence[0].startswith("data ")


def test_a_text_may_have_any_length() -> None:
    with talk("> 60A 40 08 10 00 00 00 00 00\n < 58A 47 08 10 00 49 43 4C 00") as client:
        assert named(client, 0x1008).raw == "ICL"


@pytest.mark.parametrize(("raw", "shown"), [(401, "25.0625"), (65535, "4095.9375")])
def test_a_value_over_its_limit_is_not_sent(raw: int, shown: str) -> None:
    with pytest.raises(errors.LimitError) as caught:
        named(offline(), 0x6070).raw = raw
    assert str(caught.value) == (
        f"Current requested {shown} A is not at most 25 A (limit of 6070h:00 in the EDS); nothing was sent"
    )


def test_a_value_over_its_limit_is_not_sent_as_bytes_either() -> None:
    with pytest.raises(errors.LimitError):
        named(offline(), 0x6070).data = b"\xff\xff"


def test_a_limit_on_one_side_alone() -> None:
    client = offline()
    temperature = client.od[0x6010]
    temperature.min = -40  # type: ignore[union-attr]
    with pytest.raises(errors.LimitError, match="is not at least -40"):
        named(client, 0x6010).raw = -41
    with pytest.raises(errors.CallError):
        named(client, 0x6010).raw = 30000
    temperature.min, temperature.max = None, 85  # type: ignore[union-attr]
    with pytest.raises(errors.LimitError, match="is not at most 85"):
        named(client, 0x6010).raw = 86
    with pytest.raises(errors.CallError):
        named(client, 0x6010).raw = -300


@pytest.mark.parametrize(("low", "high"), [(0, None), (None, 10)])
def test_a_number_that_is_none_is_not_sent(low: int | None, high: int | None) -> None:
    client = offline()
    real = variable("Set-point", 0x2000, 0, REAL32)
    real.min, real.max = low, high
    client.od.add_object(real)
    with pytest.raises(errors.LimitError):
        named(client, 0x2000).raw = float("nan")


@pytest.mark.parametrize("raw", [0, 400])
def test_a_value_at_its_limit_is_sent(raw: int) -> None:
    with pytest.raises(errors.CallError, match="on no network"):
        named(offline(), 0x6070).raw = raw


def test_bytes_of_another_length_are_the_callers_own_affair() -> None:
    with pytest.raises(errors.CallError, match="on no network"):
        named(offline(), 0x6070).data = b"\xff\xff\xff"


# --- looking asks nothing ---------------------------------------------------------------------------------


def test_an_array_answers_from_the_dictionary() -> None:
    array = offline()[0x1003]
    assert isinstance(array, SdoArray)
    assert len(array) == 2
    assert list(array) == [1, 2]
    assert 0 in array
    assert 2 in array
    assert 3 not in array
    assert "Error 1" in array
    assert [type(member) for member in array.values()] == [SdoVariable, SdoVariable]


def test_a_record_answers_from_the_dictionary() -> None:
    record = offline()[0x1018]
    assert isinstance(record, SdoRecord)
    assert len(record) == 2
    assert list(record) == [1, 4]
    assert isinstance(record[4], SdoVariable)


def test_the_length_that_a_device_has_is_asked_for_by_name() -> None:
    with talk("> 60A 40 03 10 00 00 00 00 00\n < 58A 4F 03 10 00 01 00 00 00") as client:
        array = client[0x1003]
        assert isinstance(array, SdoArray)
        assert array[0].raw == 1


def test_get_variable_finds_ours() -> None:
    client = offline()
    assert isinstance(client.get_variable(0x1003, 2), SdoVariable)
    assert isinstance(client.get_variable(0x6070), SdoVariable)
    assert client.get_variable(0x7777) is None
