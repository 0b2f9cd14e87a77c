"""Opening a bus as python-can does, with sentences instead of its exceptions.

Whatever is not given comes from python-can's own settings: `can.rc`, CAN_INTERFACE, CAN_CHANNEL, CAN_BITRATE,
CAN_CONFIG, and its configuration files (`~/.canrc`, `/etc/can.conf` and the like).
"""

from __future__ import annotations

import configparser
import difflib
import re
from typing import Any, Final, NoReturn

import can
import can.util
from serial.tools import list_ports

from deltaq_master.errors import BusError, OurError, UsageError
from deltaq_master.link.bus.causes import NO_DEVICE, chain, known_cause, words_of
from deltaq_master.link.socketcan.socketcan import SocketCan

SIMULATOR = "deltaq_sim"
ALIASES = {"sim": SIMULATOR}
OUR_OPTIONS: Final = frozenset({"bitrate", "channel", "interface"})
"""What our own SocketCAN takes; whoever asks for more (CAN FD, filters) gets python-can's."""
SERIAL_INTERFACES = frozenset({"robotell", "seeedstudio", "serial", "slcan"})


def open_bus(
    channel: str | int | None = None, interface: str | None = None, *, ours: bool = False, **options: Any
) -> can.BusABC:
    """Open a python-can bus; what is None or not given is left to python-can's own settings.

    `sim` is the simulated charger; `ours` takes our own SocketCAN where that is the interface. Raises UsageError
    where the words are wrong on any computer (no such interface, no channel, no such option), BusError where this
    computer lacks something.
    """
    asked = {"channel": channel, "interface": interface, **options}
    config = _configuration({key: value for key, value in asked.items() if value is not None})
    name = str(config["interface"])
    if name == "socketcan" and not config.get("channel"):
        # python-can would listen on all interfaces and be able to send on none.
        raise _no_channel(name)
    try:
        if ours and name == "socketcan" and config.keys() <= OUR_OPTIONS:
            return SocketCan(str(config["channel"]))
        return can.Bus(ignore_config=True, **config)
    except OurError:
        raise  # an interface of ours has said what is wrong in its own words
    except TypeError as error:
        raise _wrong_options(name, config, error) from error
    except (can.CanError, OSError, ImportError, ValueError) as error:
        _refuse(name, config, error)


def _configuration(asked: dict[str, Any]) -> dict[str, Any]:
    """The settings, completed by python-can's; the interface is known to exist."""
    try:
        return dict(can.util.load_config(config=asked))
    except can.CanInterfaceNotImplementedError as error:  # python-can's word for a name that it does not know
        found = re.search(r'"(.*)"', str(error))
        name = found[1] if found else str(error)
        if name in ALIASES:
            return _configuration({**asked, "interface": ALIASES[name]})
        raise _unknown_interface(name) from error
    except (ValueError, TypeError, configparser.Error) as error:
        raise UsageError(
            f"python-can's settings cannot be read: {words_of(error)}",
            "correct CAN_CONFIG, ~/.canrc, ~/.can, ~/can.conf or /etc/can.conf",
        ) from error


def _unknown_interface(name: str) -> UsageError | BusError:
    known = can.VALID_INTERFACES
    if name == "None":
        return UsageError(
            "no CAN interface is named",
            "name one ('socketcan' with channel 'can0', or 'sim' for the simulated charger), or set"
            " CAN_INTERFACE and CAN_CHANNEL",
        )
    if name == SIMULATOR:
        return BusError(
            f"the simulated charger is not installed as a python-can interface ({SIMULATOR})",
            "install the package, so that python-can finds it: pip install .",
        )
    near = difflib.get_close_matches(name, [*known, *ALIASES], n=3)
    meant = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(known))} and sim"
    return UsageError(f"there is no CAN interface {name!r}", meant)


def _no_channel(name: str) -> UsageError:
    return UsageError(f"interface {name} needs a channel", f"name it{_here(name)}")


def _wrong_options(name: str, config: dict[str, Any], error: TypeError) -> UsageError:
    """Interfaces say what they need, and what they do not take, by their signature alone."""
    text = str(error)
    missing = re.search(r"missing \d+ required .*arguments?: (.*)", text)
    if missing and config.get("channel") is None and "'channel'" in missing[1]:
        return _no_channel(name)
    if missing:
        return UsageError(f"interface {name} needs {missing[1]}", "give them as options")
    unexpected = re.search(r"unexpected keyword argument (.*)", text)
    if unexpected:
        return UsageError(f"interface {name} has no option {unexpected[1]}", "leave it out")
    return UsageError(f"interface {name} cannot use its options: {text}")


def _refuse(name: str, config: dict[str, Any], error: Exception) -> NoReturn:
    """Raise what an interface said when it was opened, as a sentence."""
    channel = str(config.get("channel") or name)
    # A known interface whose driver or module is not there is the same word to python-can.
    if isinstance(error, (can.CanInterfaceNotImplementedError, ImportError)):
        raise BusError(
            f"interface {name} cannot be used on this computer: {words_of(error)}",
            "install its driver and its Python module (python-can's page on this interface names them)",
        ) from error
    known = known_cause(error, channel)
    if known is not None:
        here = _here(name) if known.problem == NO_DEVICE.problem.format(channel=channel) else ""
        raise BusError(f"interface {name} cannot be opened: {known.problem}", known.remedy + here) from error
    if any(type(link) is ValueError for link in chain(error)):
        raise UsageError(f"interface {name} cannot use its settings: {words_of(error)}") from error
    raise BusError(f"interface {name}, channel {channel}, cannot be opened: {words_of(error)}") from error


def _here(name: str) -> str:
    """What there is on this computer to choose from, as the end of a sentence."""
    if name in SERIAL_INTERFACES:
        found = [port.device for port in list_ports.comports()]
    else:
        found = [str(config["channel"]) for config in can.detect_available_configs(name)]
    return f" (here: {', '.join(sorted(found))})" if found else ""
