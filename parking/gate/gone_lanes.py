"""Lanes that have left the settings of a box: what stood open at them is told as over, or it would stand on the server's pages for ever.

A fire is left alone: only a person ends one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from parking.gate.faults import Faults
from parking.gate.helping import ended_by_restart
from parking.gate.journal import FileJournal
from parking.gate.record import LaneRecord
from parking.kernel.ids import Ids, LaneId

_FIRE = "fire"


def tell_away(journal: FileJournal, lanes: Collection[str], now: datetime, ids: Ids, origin: str) -> None:
    """For each lane of which the file tells, and that is not among `lanes`; ParkingError when the disk would not."""
    for lane_id in sorted(journal.lanes_stored() - set(lanes)):
        _tell(journal, LaneId(lane_id), journal.lane_state(LaneId(lane_id)) or {}, now, ids, origin)


def _tell(
    journal: FileJournal, lane_id: LaneId, stored: Mapping[str, Any], now: datetime, ids: Ids, origin: str
) -> None:
    record = LaneRecord(lane_id, journal, ids, origin)
    record.now = now
    faults = Faults(lane_id, record.add)
    faults.take_up(stored.get("faults"))
    before = record.stored()
    if before is not None and before.visit is not None and before.visit.authorised and before.visit.opened:
        faults.alarm("passage_unproven", before.visit.id)
    for code in faults.open:
        if code != _FIRE:
            faults.set(code, wrong=False)
    for event in ended_by_restart(lane_id, stored.get("help")):
        record.add(event)
    record.save(None, None, memory={"faults": faults.plain()})
