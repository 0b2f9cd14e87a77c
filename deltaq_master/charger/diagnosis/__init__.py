"""Why the charger does not charge, and what happened: from frames with their times alone.

`Diagnosis` takes the frames of a bus or of a log and keeps facts; `Diagnosis.explain` weighs every precondition
of charging as met, unmet or unknown, each with its evidence, and orders the unmet ones by likelihood.
"""

from deltaq_master.charger.diagnosis.facts import Subject
from deltaq_master.charger.diagnosis.findings import (
    Change,
    Evidence,
    Explanation,
    Finding,
    History,
    Rule,
    Standing,
    State,
    Stop,
)
from deltaq_master.charger.diagnosis.watching import Diagnosis

__all__ = [
    "Change",
    "Diagnosis",
    "Evidence",
    "Explanation",
    "Finding",
    "History",
    "Rule",
    "Standing",
    "State",
    "Stop",
    "Subject",
]
