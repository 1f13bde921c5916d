"""Whoever steals the database, but not the key beside it, cannot try plates out; the key can be changed, and a wrong one is noticed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from parking.bootstrap.hiding import hide_plates, open_pseudonyms
from parking.bootstrap.keys import load_secrets
from parking.bootstrap.tables import all_tables
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal
from parking.members import tombstones
from parking.members.tables import tombstone_table
from parking.plumbing.db import UnitOfWork
from parking.web.idempotency import Once, Reply, idempotency_key
from payments.coupons import issuing, limits
from payments.coupons import store as coupon_store
from payments.coupons.tables import slot_table
from tests.builders.coupons import a_campaign
from tests.builders.journeys import PLATE, SiteStory, demo_settings

pytestmark = pytest.mark.req("PRIV-1")
MINE, NEXT_KEY = Plate(PLATE), bytes(reversed(range(32)))
DRIVER = Principal("driver", "stay-1", frozenset())


def once() -> Once:
    return Once.of(DRIVER, "k1", "access.invite", {"plate": PLATE})


def much_is_hidden(site: SiteStory) -> None:
    """Everything that remembers a plate without holding it."""

    def work(uow: UnitOfWork) -> None:
        tombstones.put(uow, MINE, uow.now)
        once().inside(uow, lambda _: Reply(201, {}))
        spring = a_campaign(per_holder=1, valid_from=uow.now, valid_until=uow.now + timedelta(days=9))
        coupon_store.save_campaign(uow.connection, spring)
        issuing.issue(uow, "hour", "receipt-1", plate=MINE)

    site.database.write(work)


def tried_out(site: SiteStory, guess: str) -> set[str]:
    """The tables in which a thief finds what this plate would leave there, by every bare digest that this software ever kept."""
    bare = {hashlib.sha256(f"{use}{guess}".encode()).hexdigest() for use in ("", "erased:")}
    bare.add(Once.of(DRIVER, "k1", "access.invite", {"plate": guess}).fingerprint)

    def read(conn: sa.Connection) -> set[str]:
        return {
            table.name
            for table in all_tables().sorted_tables
            for row in conn.execute(table.select())
            if any(one[:32] in str(value) for one in bare for value in row)
        }

    return site.database.read(read)


def as_it_was(site: SiteStory) -> None:
    """The same rows as earlier versions wrote them."""
    digest, erased = (hashlib.sha256(f"{use}{PLATE}".encode()).hexdigest() for use in ("", "erased:"))

    def work(uow: UnitOfWork) -> None:
        conn, key = uow.connection, slot_table.c.limit_key
        (hidden,) = conn.execute(sa.select(key)).scalars()
        conn.execute(slot_table.update().values(limit_key=hidden.partition("plate:")[0] + "plate:" + digest[:32]))
        conn.execute(tombstone_table.update().values(plate_hash=erased))
        conn.execute(idempotency_key.update().values(fingerprint=once().fingerprint))

    site.database.write(work)


def knows(site: SiteStory) -> tuple[bool, bool, bool]:
    """Whether the tombstone, the limit and the request are recognised."""

    def work(uow: UnitOfWork) -> tuple[bool, bool, bool]:
        conn = uow.connection
        keys = conn.execute(sa.select(slot_table.c.limit_key)).scalars().all()
        taken = any(key.endswith(name) for key in keys for name in limits.hidden(conn, MINE))
        return tombstones.covers(conn, MINE, uow.now), taken, once().earlier(conn) == Reply(201, {})

    return site.database.write(work)


def test_a_stolen_database_does_not_give_plates_back(site: SiteStory) -> None:
    much_is_hidden(site)
    assert knows(site) == (True, True, True)
    assert tried_out(site, PLATE) == set()
    as_it_was(site)
    assert tried_out(site, PLATE) == {"coupon_slot", "idempotency_key", "member_tombstone"}, "the thief can do his work"


def test_what_earlier_versions_kept_bare_goes_under_the_key_once(site: SiteStory) -> None:
    much_is_hidden(site)
    as_it_was(site)
    assert site.database.write(hide_plates) == 3
    assert tried_out(site, PLATE) == set()
    assert knows(site) == (True, True, True)
    assert site.database.write(hide_plates) == 0


def test_a_newer_key_hides_what_comes_and_the_older_one_behind_it_still_tells(site: SiteStory) -> None:
    much_is_hidden(site)
    names = site.database.pseudonyms
    old = list(names._keys.values())
    names.open([NEXT_KEY, *old])
    assert knows(site) == (True, True, True)
    site.clock.advance(timedelta(hours=1))
    site.database.write(lambda uow: tombstones.put(uow, MINE, uow.now))
    assert site.database.read(lambda conn: tombstones.covers(conn, MINE, site.clock.now())), "the later wish counts"


def test_a_key_that_is_lost_is_noticed_before_anybody_erased_comes_back(site: SiteStory) -> None:
    much_is_hidden(site)
    site.database.pseudonyms.open([NEXT_KEY])
    with pytest.raises(ParkingError, match=r"another plates\.key"):
        site.application.prepare()


def test_an_erasure_takes_the_limits_of_its_plate_along(site: SiteStory) -> None:
    much_is_hidden(site)
    site.database.write(lambda uow: coupon_store.forget_plate(uow.connection, MINE, uow.now))
    assert site.database.read(lambda conn: conn.execute(slot_table.select()).all()) == []


def test_the_key_is_made_once_is_its_owners_alone_and_must_be_whole(tmp_path: Path, site: SiteStory) -> None:
    (first,) = load_secrets(tmp_path / "plates.key")
    assert (tmp_path / "plates.key").stat().st_mode & 0o077 == 0
    assert load_secrets(tmp_path / "plates.key") == [first]
    (tmp_path / "plates.key").write_bytes(NEXT_KEY + first)
    assert load_secrets(tmp_path / "plates.key") == [NEXT_KEY, first]
    open_pseudonyms(demo_settings(keys_dir=tmp_path / "nowhere"), site.database)
    assert not (tmp_path / "nowhere").exists(), "a database in memory has its own"
    (tmp_path / "plates.key").write_bytes(b"short")
    with pytest.raises(ParkingError, match="32 bytes"):
        load_secrets(tmp_path / "plates.key")
