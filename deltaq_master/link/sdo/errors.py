"""SDO failures on the wire: each is an error of ours and the one that canopen would have raised.

Code written for canopen goes on working (`except canopen.SdoAbortedError`), and everything else catches the
errors of `deltaq_master.errors`.
"""

from __future__ import annotations

from collections.abc import Sequence

import canopen

from deltaq_master import errors
from deltaq_master.protocol.aborts import advice, meaning


class _Sentence(errors.SdoError):
    """Prints the sentence of `NodeError` with its remedy; canopen's classes would print only a code."""

    def __str__(self) -> str:
        sentence = f"node {self.node_id}: {self.problem}"
        return f"{sentence}; {self.remedy}" if self.remedy else sentence


class SdoAborted(_Sentence, errors.SdoAbortError, canopen.SdoAbortedError):
    """The server aborted the transfer; `code`, `meaning` and `remedy` say why and what to do."""

    def __init__(self, node_id: int, index: int, sub: int, code: int, evidence: Sequence[str] = ()) -> None:
        super().__init__(node_id, index, sub, code, meaning(code), evidence)
        # canopen's constructor, last in the chain, takes the sentence that it gets for the code.
        self.code = code
        self.remedy = advice(code)

    def __eq__(self, other: object) -> bool:
        """Equal to any abort error with the same code, as in canopen."""
        return isinstance(other, canopen.SdoAbortedError) and self.code == other.code

    def __hash__(self) -> int:
        return hash(self.code)


class SdoTimedOut(_Sentence, errors.SdoTimeoutError, canopen.SdoCommunicationError):
    """No usable answer in time; `lost_segment` is True in the middle of a transfer, which may be repeated."""

    def __init__(
        self,
        node_id: int,
        index: int,
        sub: int,
        attempts: int,
        waited: float,
        evidence: Sequence[str] = (),
        *,
        lost_segment: bool = False,
        alive: bool = False,
    ) -> None:
        super().__init__(node_id, index, sub, attempts, waited, evidence)
        self.lost_segment = lost_segment
        self.remedy = (
            "it was heard meanwhile: check its NMT state and whether it serves SDO"
            if alive
            else "check power, wiring, bit rate and node-ID"
        )


class SdoBadAnswer(_Sentence, errors.SdoAnswerError, canopen.SdoCommunicationError):
    """An answer that breaks the protocol or does not fit the object."""
