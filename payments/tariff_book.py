"""Every tariff that a stay was ever frozen to, by version: a new file on the disk changes no stay that has begun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import not_found
from parking.plumbing.db import UnitOfWork, insert_once
from payments.store import tariff_table
from payments.tariff.model import Tariff
from payments.tariff.parse import load


class TariffBook:
    """The tariffs for whoever enters, and the kept ones. Call `keep` (a work) once before the first stay opens."""

    def __init__(self, *tariffs: Tariff) -> None:
        self._tariffs: Sequence[Tariff] = sorted(tariffs, key=lambda one: one.valid_from or date.min)
        self._known = {tariff.version: tariff for tariff in tariffs}

    def current(self, at: datetime) -> Tariff:
        """The tariff that holds on this day, the newest of several; where none does, the last one before, so that nobody waits."""
        begun = [t for t in self._tariffs if t.valid_from is None or t.valid_from <= _day(t, at)]
        holding = [tariff for tariff in begun if tariff.holds_on(_day(tariff, at))]
        return (holding or begun or self._tariffs[:1])[-1]

    def keep(self, uow: UnitOfWork) -> None:
        """Store the tariffs' texts under their versions; again changes nothing."""
        for tariff in self._tariffs:
            row = {"version": tariff.version, "source": tariff.source, "first_used_at": uow.now}
            insert_once(uow.connection, tariff_table, row)

    def get(self, conn: Connection, version: str) -> Tariff:
        """The tariff of this version; ParkingError if no stay can have been frozen to it here."""
        known = self._known.get(version)
        if known is None:
            source = conn.execute(
                sa.select(tariff_table.c.source).where(tariff_table.c.version == version)
            ).scalar_one_or_none()
            if source is None:
                raise not_found("tariff.unknown", f"no tariff of version {version} is kept here")
            known = self._known[version] = load(source, name=f"tariff {version}")
        return known


def _day(tariff: Tariff, at: datetime) -> date:
    try:
        return at.astimezone(ZoneInfo(tariff.timezone)).date()
    except (
        OverflowError
    ):  # a box without a clock says anything; at the end of all years every time zone is on the same day
        return at.date()
