"""Options and fault scripts: what is understood, and what is said about the rest."""

from __future__ import annotations

from dataclasses import fields

import pytest

from deltaq_master.errors import UsageError
from deltaq_master.simulator.extra_devices import ExtraDevice, parse_devices
from deltaq_master.simulator.options import SWITCHES, Options, show
from deltaq_master.simulator.script import FAULTS, Fault, parse


def test_defaults_are_those_of_the_readme() -> None:
    options = Options.parse({})
    assert options == Options()
    assert (options.cells, options.ah, options.mohm, options.soc) == (20, 50, 2, 20)
    assert (options.temperature, options.ac, options.speed) == (25, 122, 1)
    assert (options.node, options.master, options.algorithm) == (10, 1, 0)
    assert options.fault == ()


def test_words_become_values() -> None:
    options = Options.parse(
        {
            "speed": "400",
            "SOC": " 12.5 ",
            "cells": "16",
            "node": "0x0C",
            "battery": "no",
            "start-delay": "2",
            "local_wait": "3",
            "idle": "offset",
            "write-abort": "0x06090030",
            "elapsed-scale": "0.1",
            "idle-loss": "68",
        }
    )
    assert options.speed == 400
    assert options.soc == 12.5
    assert (options.cells, options.node) == (16, 12)
    assert isinstance(options.cells, int)
    assert options.battery == "no"
    assert (options.start_delay, options.local_wait) == (2, 3)
    assert options.idle == "offset"
    assert options.write_abort == 0x06090030
    assert options.elapsed_scale == 0.1
    assert options.idle_loss == 0x44


@pytest.mark.parametrize(("word", "meant"), [("True", "yes"), ("1", "yes"), ("false", "no"), ("0", "no")])
def test_booleans_of_configuration_files(word: str, meant: str) -> None:
    """python-can turns the words of a command line into numbers and booleans."""
    assert Options.parse({"auto-operational": word}).auto_operational == meant


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            "sped",
            "400",
            "simulator option 'sped' is unknown; did you mean 'speed'? there are: speed, soc, cells,",
        ),
        ("colour", "red", "simulator option 'colour' is unknown; there are: speed, soc,"),
        ("speed", "2000", "option speed='2000' cannot be used; it must be a number within 0.1 to 1000"),
        ("speed", "nan", "option speed='nan' cannot be used"),
        ("soc", "full", "option soc='full' cannot be used; it must be a number within 0 to 100 %"),
        ("cells", "2.5", "option cells='2.5' cannot be used; it must be a whole number within 1 to 30"),
        ("node", "128", "option node='128' cannot be used; it must be a whole number within 1 to 127"),
        ("ac", "-1", "option ac='-1' cannot be used; it must be a number within 0 to 300 V"),
        ("idle", "zero", "option idle='zero' cannot be used; it must be stale or offset"),
        ("battery", "maybe", "option battery='maybe' cannot be used; it must be yes or no"),
        ("idle-loss", "0x21", "option idle-loss='0x21' cannot be used; it must be 0x20 or 0x44"),
        ("write-abort", "0", "option write-abort='0' cannot be used; it must be 0x08000022 or"),
        ("elapsed-scale", "1", "option elapsed-scale='1' cannot be used; it must be 10 or 0.1"),
    ],
)
def test_what_cannot_be_used_is_named(key: str, value: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options.parse({key: value})
    assert sentence in str(caught.value)


def test_every_switch_is_an_option_and_every_position_is_legal() -> None:
    for switch in SWITCHES.values():
        assert switch.tag in ("[I]", "[U]")
        assert switch.source
        assert switch.doc
        assert len(switch.values) >= 2
        for value in switch.values:
            options = Options.parse({switch.key: show(switch.key, value)})
            assert getattr(options, switch.key.replace("-", "_")) == value
            assert (options == Options()) is (value == switch.values[0])


def test_every_option_says_what_it_is() -> None:
    assert all(each.metadata["doc"] for each in fields(Options))


@pytest.mark.parametrize(
    ("script", "faults"),
    [
        ("", ()),
        ("silence", (Fault("silence"),)),
        ("silence@3", (Fault("silence", boot=False, seconds=3),)),
        ("reboot@boot+2.5", (Fault("reboot", boot=True, seconds=2.5),)),
        ("alarm:0x20@3", (Fault("alarm", 32, boot=False, seconds=3),)),
        ("hardware-fault", (Fault("hardware-fault", 7),)),
        ("second-master", (Fault("second-master", word="both"),)),
        ("second-master:rpdo@0", (Fault("second-master", word="rpdo", boot=False),)),
        (
            "write-abort-at:3,value:1018h:4=0x10",
            (Fault("write-abort-at", 3), Fault("value", 16, "1018h:04")),
        ),
        (
            "ac-loss@1, sdo-lossy:5 ,",
            (Fault("ac-loss", boot=False, seconds=1), Fault("sdo-lossy", 5)),
        ),
    ],
)
def test_fault_script(script: str, faults: tuple[Fault, ...]) -> None:
    assert parse(script) == faults
    assert Options.parse({"fault": script}).fault == faults


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("ac-los@3", "fault 'ac-los' is unknown; did you mean 'ac-loss'? there are: ac-loss, alarm,"),
        ("xyzzy", "fault 'xyzzy' is unknown; there are:"),
        ("silence@soon", "fault 'silence@soon': 'soon' is no time; write @SECONDS after the first"),
        ("silence@", "'' is no time"),
        ("silence@-1", "'-1' is no time"),
        ("silence@boot+inf", "'boot+inf' is no time"),
        ("silence:5", "silence takes no argument; write silence"),
        ("alarm@3", "alarm needs its id; write alarm:ID"),
        ("alarm:E-0-3-2", "'E-0-3-2' cannot be the id; it must be a number within 1 to 255"),
        ("alarm:256", "it must be a number within 1 to 255"),
        ("sdo-lossy:101", "it must be a number within 0 to 100"),
        ("write-lost-at", "write-lost-at needs its k; write write-lost-at:K"),
        ("write-lost-at:0", "'0' cannot be the k; it must be a whole number within 1 to 1e+06"),
        ("write-lost-at:1.5", "it must be a whole number within 1 to"),
        ("write-lost-at:3@5", "fault 'write-lost-at:3@5': write-lost-at counts writes, not seconds"),
        ("value:0x1018", "'0x1018' cannot be the address=number; it must be an address and a whole number"),
        ("value:vendor=7", "it must be an address and a whole number, as 0x1018:04=7"),
        ("value:0x1018:4=1.5", "it must be an address and a whole number"),
        ("wrong-mapping:mine", "'mine' cannot be the layout; it must be cia419 or ennoid or opaque"),
    ],
)
def test_wrong_fault_scripts(script: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(script)
    assert sentence in str(caught.value)


# --- further devices -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("", ()),
        ("io.eds@5", (ExtraDevice("io.eds", 5),)),
        ("a folder/IO.EDS@5", (ExtraDevice("a folder/IO.EDS", 5),)),
        ("io.eds@5, io.dcf@5 ,", (ExtraDevice("io.eds", 5), ExtraDevice("io.dcf", 5))),
        ("io.eds@126-127", (ExtraDevice("io.eds", 126), ExtraDevice("io.eds", 127))),
        (
            "../a@3/io.eds@5/sdo-slow:100/reboot@boot+3",
            (ExtraDevice("../a@3/io.eds", 5, (Fault("sdo-slow", 100), Fault("reboot", seconds=3))),),
        ),
        (
            "/a.eds@1/io.eds@1-2/write-lost-at:0x10",
            tuple(ExtraDevice("/a.eds@1/io.eds", node, (Fault("write-lost-at", 16),)) for node in (1, 2)),
        ),
        ("io.eds@5/value:0x1018:4=7", (ExtraDevice("io.eds", 5, (Fault("value", 7, "1018h:04"),)),)),
    ],
)
def test_devices(text: str, devices: tuple[ExtraDevice, ...]) -> None:
    assert parse_devices(text) == devices
    options = Options.parse({"device": text})
    assert options.device == devices
    assert options == Options.parse({"device": text})
    assert hash(options) == hash(Options.parse({"device": text}))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("io.eds", "device='io.eds' cannot be used; write FILE.eds@NODE[-LAST][/FAULT...], as io.eds@5 or"),
        ("io@5", "device='io@5' cannot be used"),
        ("io.eds@", "device='io.eds@' cannot be used"),
        ("io.eds@5/", "device='io.eds@5/' cannot be used"),
        ("@5", "device='@5' cannot be used"),
        ("io.eds@0", "device='io.eds@0': there are no such nodes; node-IDs are 1 to 127"),
        ("io.eds@128", "there are no such nodes"),
        ("io.eds@9-5", "there are no such nodes"),
        ("io.eds@5/sdo-slo", "fault 'sdo-slo' is unknown; did you mean 'sdo-slow'?"),
        (
            "io.eds@5/ac-loss",
            "ac-loss is a fault of the charger alone; other devices may have: silence, reboot",
        ),
        ("io.eds@5/reboot@3", "reboot@3 counts from the first charging indication; write @boot+SECONDS"),
    ],
)
def test_wrong_devices(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options.parse({"device": text})
    assert sentence in str(caught.value)


def test_usage_of_each_fault_can_be_written() -> None:
    assert FAULTS["alarm"].usage == "alarm:ID"
    assert FAULTS["sdo-slow"].usage == "sdo-slow[:MS]"
    assert FAULTS["second-master"].usage == "second-master[:both|heartbeat|rpdo]"
    assert FAULTS["silence"].usage == "silence"
    assert all(kind.effect for kind in FAULTS.values())
