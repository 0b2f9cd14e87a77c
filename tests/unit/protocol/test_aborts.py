"""SDO abort codes: numbers typed from CiA 301, words that a technician can use."""

import pytest

from deltaq_master.protocol.aborts import AbortCode, advice, meaning

# Typed from the table of SDO abort codes in CiA 301, not from our module.
CODES = [
    *(0x0503_0000, 0x0504_0000, 0x0504_0001, 0x0504_0002, 0x0504_0003, 0x0504_0004, 0x0504_0005),
    *(0x0601_0000, 0x0601_0001, 0x0601_0002, 0x0602_0000),
    *(0x0604_0041, 0x0604_0042, 0x0604_0043, 0x0604_0047, 0x0606_0000),
    *(0x0607_0010, 0x0607_0012, 0x0607_0013),
    *(0x0609_0011, 0x0609_0030, 0x0609_0031, 0x0609_0032, 0x0609_0036, 0x060A_0023),
    *(0x0800_0000, 0x0800_0020, 0x0800_0021, 0x0800_0022, 0x0800_0023, 0x0800_0024),
]


def test_every_code_of_the_standard_is_known_and_no_other() -> None:
    assert [int(code) for code in AbortCode] == CODES


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (0x05030000, "toggle"),
        (0x05040001, "command"),
        (0x06010001, "only be written"),
        (0x06010002, "only be read"),
        (0x06020000, "no such object"),
        (0x06040041, "mapped"),
        (0x06070012, "too many bytes"),
        (0x06070013, "too few bytes"),
        (0x06090011, "no such sub-index"),
        (0x06090031, "too high"),
        (0x06090032, "too low"),
        (0x08000021, "local control"),
        (0x08000022, "state"),
    ],
)
def test_the_meaning_names_what_went_wrong(code: int, word: str) -> None:
    assert word in meaning(code)


@pytest.mark.parametrize("code", list(AbortCode))
def test_each_code_is_a_phrase_with_advice(code: AbortCode) -> None:
    for text in (meaning(code), advice(code)):
        assert text
        assert not text.endswith(".")
        assert text[0].islower()


def test_no_two_codes_mean_the_same() -> None:
    assert len({code.meaning for code in AbortCode}) == len(AbortCode)


@pytest.mark.parametrize("code", [0, 0x06090033, 0x12345678, 0xFFFFFFFF])
def test_an_unknown_code_says_so(code: int) -> None:
    assert meaning(code) == "a code that CiA 301 does not define"
    assert "manual" in advice(code)
