"""All that the price of a stay rests on, in one statement: each room says what of its own counts.

The statement reads the stay itself and, beside it, a text of each kind of row that a quote looks at. Where all texts are empty there is
nothing to look at; where they are as they were, so is the quote. Whoever lets a price depend on another row names it here.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.access import store as access_store
from parking.emergency import emergency_store
from parking.journeys.quote_marks import Marks
from parking.kernel.ids import StayId
from parking.members import store as member_store
from parking.plumbing.marks import WrittenOut
from parking.sessions import places, store
from payments import store as payments_store
from payments.coupons import store as coupon_store

_ID, _PLATE = store.stay.c.id, store.stay.c.plate
_COLUMNS = list(store.stay.c)
_QUERY = sa.select(
    *_COLUMNS,
    *emergency_store.marks(_ID, store.stay.c.entered_at),
    *places.marks(_ID),
    *access_store.marks(_ID, _PLATE),
    *member_store.marks(_PLATE),
    *payments_store.marks(_ID),
    *coupon_store.marks(_ID, _PLATE, member_store.holder_of(_PLATE)),
).where(sa.literal_column(":of_stay") == _ID)
_WRITTEN = WrittenOut(_QUERY, "of_stay")


def marks_of(conn: Connection, stay_id: StayId) -> Marks | None:
    """The marks of a stay as its tables are now; None where there is no such stay."""
    row = _WRITTEN.one_or_none(conn, stay_id)
    return None if row is None else Marks(row, tuple(row), row[len(_COLUMNS) :])
