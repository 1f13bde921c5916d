"""Every tariff that a stay was ever frozen to, by version: no new file and no publication changes a stay that has begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import not_found
from parking.plumbing.db import UnitOfWork, insert_once
from payments import tariff_proposals
from payments.store import tariff_table
from payments.tariff.model import Tariff
from payments.tariff.parse import load
from payments.tariff_proposals import Proposal, ProposalKind


@dataclass(frozen=True, slots=True)
class Offered:
    """A tariff for whoever enters: of a file (`published` None), or published; `end` is the proposal that ended it, if one did."""

    tariff: Tariff
    published: Proposal | None = None
    end: Proposal | None = None

    def is_known(self, at: datetime) -> bool:
        """Whether it had been published by then: what entered before keeps what held before, however late we hear of it."""
        return self.published is None or _decided(self.published) <= at

    def holds(self, at: datetime, day: date) -> bool:
        """Whether it holds on this day, as was known at that moment."""
        if self.end is not None and self.end.last_day is not None and _decided(self.end) <= at:
            return self.tariff.holds_on(day) and day <= self.end.last_day
        return self.tariff.holds_on(day)


class TariffBook:
    """The tariffs for whoever enters, and the kept ones. Call `keep` (a work) once before the first stay opens."""

    def __init__(self, *tariffs: Tariff) -> None:
        self._files = [Offered(tariff) for tariff in tariffs]
        self._offered = _in_order(self._files)
        self._known = {tariff.version: tariff for tariff in tariffs}
        self._approved = 0

    def current(self, at: datetime) -> Tariff:
        """The tariff that holds on this day, the newest of several; where none does, the last one before, so that nobody waits.

        As far as this process has heard: `at_entry` asks the database whether anything was published meanwhile.
        """
        offered = self._offered
        begun = [
            one
            for one in offered
            if one.is_known(at) and (one.tariff.valid_from is None or one.tariff.valid_from <= _day(one.tariff, at))
        ]
        holding = [one for one in begun if one.holds(at, _day(one.tariff, at))]
        return (holding or begun or offered[:1])[-1].tariff

    def at_entry(self, conn: Connection, at: datetime) -> Tariff:
        """The tariff for whoever enters at this moment."""
        self.refresh(conn)
        return self.current(at)

    def offered(self, conn: Connection) -> Sequence[Offered]:
        """All tariffs that are, were or will be for whoever enters, in the order of their first days."""
        self.refresh(conn)
        return self._offered

    def refresh(self, conn: Connection) -> None:
        """Take over what has been published and ended since; approvals only become more, whoever sees fewer looks at older books."""
        count = tariff_proposals.approved_count(conn)
        if count <= self._approved:
            return
        approved = tariff_proposals.approved(conn)
        ends = {one.version: one for one in approved if one.kind is ProposalKind.END}
        published = [
            Offered(self.get(conn, one.version), published=one) for one in approved if one.kind is ProposalKind.PUBLISH
        ]
        self._offered = _in_order(
            [replace(one, end=ends.get(one.tariff.version)) for one in (*self._files, *published)]
        )
        self._approved = count

    def keep(self, uow: UnitOfWork) -> None:
        """Store the files' texts under their versions, and take over what was published; again changes nothing."""
        for one in self._files:
            row = {"version": one.tariff.version, "source": one.tariff.source, "first_used_at": uow.now}
            insert_once(uow.connection, tariff_table, row)
        self.refresh(uow.connection)

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


def _in_order(offered: Sequence[Offered]) -> Sequence[Offered]:
    """By first day; of two that begin on one day, the one that was published later comes later and goes before."""
    return sorted(offered, key=lambda one: one.tariff.valid_from or date.min)


def _decided(proposal: Proposal) -> datetime:
    assert proposal.decided_at is not None, "only what was approved is offered"
    return proposal.decided_at


def _day(tariff: Tariff, at: datetime) -> date:
    try:
        return at.astimezone(ZoneInfo(tariff.timezone)).date()
    except (
        OverflowError
    ):  # a box without a clock says anything; at the end of all years every time zone is on the same day
        return at.date()
