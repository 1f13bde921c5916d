"""Every tariff that a stay was ever frozen to, by version: a new file on the disk changes no stay that has begun."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import not_found
from parking.plumbing.db import UnitOfWork, insert_once
from payments.store import tariff_table
from payments.tariff.model import Tariff
from payments.tariff.parse import load


class TariffBook:
    """The tariff for whoever enters now, and the kept ones. Call `keep` (a work) once before the first stay opens."""

    def __init__(self, current: Tariff) -> None:
        self.current = current
        self._known = {current.version: current}

    def keep(self, uow: UnitOfWork) -> None:
        """Store the current tariff's text under its version; again changes nothing."""
        row = {"version": self.current.version, "source": self.current.source, "first_used_at": uow.now}
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
