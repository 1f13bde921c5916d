"""A database from before 0021 keeps a chain that holds, and what was in it can be erased; a break that was there is still seen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from parking import migrations
from parking.kernel import chain
from parking.kernel.codec import to_plain
from parking.kernel.ids import StayId
from parking.plumbing import column_types
from parking.sessions import corrections

PLATE = "浙A12345"
AT = datetime(2026, 3, 7, 1, 0, tzinfo=UTC)
SEVEN = ("seq", "id", "stay_id", "rule", "actor", "reason", "passages", "undoes", "link")
OLD = sa.table(
    "correction",
    *(sa.column(name) for name in SEVEN),
    *(sa.column(name, column_types.Json()) for name in ("before", "after", "evidence")),
    sa.column("at", column_types.UtcDateTime()),
)


def stay(plate: str | None, state: str = "open") -> dict[str, Any]:
    return {"state": state, "plate": plate, "votes": None, "lane_id": "entry-1"}


def as_it_was(conn: sa.Connection, *, broken: bool = False) -> None:
    """Three corrections, chained over their plates as the last release did; and a callback."""
    link = chain.GENESIS
    for seq, (before, after) in enumerate(
        [(stay("浙A1234S"), stay(PLATE)), (stay(PLATE), stay(PLATE, "ghost")), (None, None)], 1
    ):
        row = {"seq": seq, "id": f"c{seq}", "stay_id": "s1", "rule": "plate_reread", "before": before, "after": after}
        row |= {"evidence": {}, "actor": "li", "reason": f"it is {PLATE}", "at": AT, "passages": 0, "undoes": None}
        link = chain.link(link, to_plain(row))
        shown = {**row, "reason": "another"} if broken and seq == 2 else row
        conn.execute(OLD.insert().values(**shown, link=link))
    conn.execute(sa.text("INSERT INTO correction_head (one, seq, link) VALUES (1, 3, :link)"), {"link": link})
    columns = "channel, event_id, received_at, number, body, verdict"
    callback = f"INSERT INTO payment_callback ({columns}) VALUES ('w', 'e', :at, 'n', :body, 's')"
    bound = sa.text(callback).bindparams(sa.bindparam("at", type_=column_types.UtcDateTime()))
    conn.execute(bound, {"at": AT, "body": b"abc"})


@pytest.mark.req("PRIV-1", "ID-1")
@pytest.mark.parametrize("broken", [False, True])
def test_the_chain_is_made_anew_without_plates_and_a_break_stays_where_it_was(lasting_url: str, broken: bool) -> None:
    migrations.run(lasting_url, "0020")
    engine = sa.create_engine(lasting_url, poolclass=sa.NullPool)
    with engine.begin() as conn:
        as_it_was(conn, broken=broken)
    migrations.run(lasting_url)
    with engine.begin() as conn:
        assert corrections.verify(conn) == (2 if broken else None)
        first = corrections.get(conn, "c1")
        assert ((first.before or {})["plate"], (first.after or {})["plate"]) == ("浙A1234S", PLATE)
        assert PLATE not in str(conn.execute(sa.select(OLD)).all())
        digest = conn.execute(sa.text("SELECT digest FROM payment_callback")).scalar_one()
        assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        corrections.forget_of_stays(conn, ["s1"])
        assert corrections.verify(conn) == (2 if broken else None)
        assert corrections.get(conn, "c1").erased
    migrations.back(lasting_url, "0020")
    migrations.run(lasting_url)
    with engine.begin() as conn:
        assert len(corrections.of_stay(conn, StayId("s1"))) == 3
