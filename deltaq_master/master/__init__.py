"""The master of one bus, and the charger on it.

    with Master.open(interface="socketcan", channel="can0", bitrate=500_000) as master:
        charger = master.charger(10)
        with charger.charge(84.0, 10.0, limits=Limits(84.2, 12.0), duration=4 * 3600) as run:
            for view in run:
                print(view.phase, view.report.voltage)
        print(run.result.outcome, run.result.cause)

Opening a bus sends nothing, and reading sends SDO reads only. Only a charge (or a boot) puts our heartbeat on the
bus. Leaving a `with` block, for whatever reason, ends a charge by the safe order.
"""

from __future__ import annotations

from deltaq_master.master.charger import CHARGER_ID, Charger
from deltaq_master.master.master import MASTER_ID, Master
from deltaq_master.master.run import ChargeRun

__all__ = ["CHARGER_ID", "MASTER_ID", "ChargeRun", "Charger", "Master"]
