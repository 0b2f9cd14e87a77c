"""Whether one SDO request got two answers: that takes two servers, so two devices with one node-ID."""

from __future__ import annotations

from deltaq_master.dictionary.address import Address
from deltaq_master.protocol.events import Frame
from deltaq_master.protocol.sdo_frames import LENGTH

_INITIATE = (0x20, 0x40)
"""Upper three bits of the requests that begin a download or an upload, and so name their object (CiA 301)."""
_FIRST_ANSWERS = (0x40, 0x60, 0x80)
"""Upper three bits of the answers to those, and of an abort."""


class Answers:
    """SDO requests to one node-ID, whoever sent them, and the answers to them."""

    def __init__(self) -> None:
        self._asked: Address | None = None
        self._requests = 0
        self._answers: list[bytes] = []
        self.doubt = ""
        """A request that got more answers than one, different ones if there were such; '' while there was none."""
        self._certain = False

    def request(self, frame: Frame) -> None:
        """Take a request."""
        if (address := _named(frame.data, _INITIATE)) is None:
            # A segment, a block or an abort: what comes now cannot be told apart without following it all.
            self._asked = None
        elif address == self._asked and len(self._answers) < self._requests:
            self._requests += 1
        else:
            self._asked, self._requests, self._answers = address, 1, []

    def answer(self, frame: Frame) -> None:
        """Take an answer."""
        if self._certain or self._asked is None or _named(frame.data, _FIRST_ANSWERS) != self._asked:
            return
        self._answers.append(frame.data)
        different = len(set(self._answers)) > 1
        if len(self._answers) <= self._requests or (self.doubt and not different):
            return
        self._certain = different
        texts = " and ".join(dict.fromkeys(data.hex(" ").upper() for data in self._answers))
        kind = "two different answers" if different else "two answers"
        self.doubt = f"one request for {self._asked} got {kind}: {texts}"


def _named(data: bytes, commands: tuple[int, ...]) -> Address | None:
    if len(data) != LENGTH or data[0] & 0xE0 not in commands:
        return None
    return Address(int.from_bytes(data[1:3], "little"), data[3])
