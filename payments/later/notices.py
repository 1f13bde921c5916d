"""Providers that charge by plate hear when an enrolled car comes and goes, and say whether it may leave first; driven by durable jobs.

A provider that can say whether it knows a car is asked that first, and told nothing of a car that it does not know. What it says makes an
agreement for the plate (or ends the one that it had made), so that the lane's copy has the credit before the car comes to the exit.
The name that it gives to the stay is what the debt is collected under.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from parking.kernel.events import CreditChanged
from parking.kernel.ids import StayId, fitting
from parking.kernel.plate import Plate
from parking.plumbing.db import Database, UnitOfWork, insert_once
from parking.plumbing.jobs import JobHandler, enqueue
from payments.later import agreements, notice_store, store
from payments.later.model import Terms
from payments.later.notice_store import Notice, NoticeState
from payments.providers.abilities import (
    Car,
    Entry,
    Exit,
    KnowsAgreements,
    PlateColour,
    Standing,
    StandingChanged,
    TakesEntries,
    TakesExits,
)
from payments.providers.base import ProviderFault, ProviderRefused
from payments.settling import Settled

NOTICE_JOB = "payments.notice"
BY_PLATE = "plate"
"""The reference of an agreement that a provider's own word has made: the plate is what is charged."""
_LADDER = tuple(timedelta(seconds=s) for s in (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600))
log = structlog.get_logger(__name__)


class Notices:
    """Tells every provider that wants to know; `terms` is what a driver may owe on a provider's word, None: nothing."""

    def __init__(
        self, providers: Mapping[str, object], *, notify_base: str, lot_name: str, free_s: int = 0, terms: Terms | None
    ) -> None:
        self._providers = {n: p for n, p in providers.items() if isinstance(p, TakesEntries | KnowsAgreements)}
        self._notify_base = notify_base
        self._lot_name = lot_name
        self._free_s = free_s
        self._terms = terms

    def entered(self, uow: UnitOfWork, stay_id: StayId, plate: Plate, colour: str | None, entered_at: datetime) -> None:
        """A car has come in: have everybody told who wants to know."""
        for channel in sorted(self._providers):
            row = {
                "stay_id": stay_id,
                "channel": channel,
                "number": _number(stay_id, channel),
                "plate": plate,
                "colour": colour_of(plate, colour).value,
                "entered_at": entered_at,
                "state": NoticeState.TO_ENTER.value,
            }
            if insert_once(uow.connection, notice_store.notice_table, row):
                self._go_on(uow, stay_id, channel, "in", 1)

    def left(self, uow: UnitOfWork, stay_id: StayId, left_at: datetime) -> None:
        """It has gone, or never was there: whoever was told of it is told that, too."""
        for notice in notice_store.of_stay(uow.connection, stay_id):
            if notice.left_at is None:
                inside = notice.state in (NoticeState.TO_ENTER, NoticeState.INSIDE)
                to = NoticeState.TO_LEAVE if inside else notice.state
                notice_store.change(uow.connection, notice, left_at=left_at, state=to.value)
                if inside:
                    self._go_on(uow, stay_id, notice.channel, "out", 1)

    def told(self, uow: UnitOfWork, channel: str, news: object) -> Settled:
        """A callback: the driver has joined, left or fallen behind while the car is inside."""
        assert isinstance(news, StandingChanged)
        notice = notice_store.by_number(uow.connection, news.number)
        if notice is None or notice.channel != channel:
            return Settled.MISMATCH
        if notice.standing_at is not None and news.at <= notice.standing_at:
            return Settled.SAME
        self._stands(uow, notice, news.standing, at=news.at)
        return Settled.CHANGED

    def jobs(self) -> dict[str, JobHandler]:
        return {NOTICE_JOB: self._turn}

    def _turn(self, database: Database, payload: dict[str, Any]) -> None:
        stay_id, channel, turn = StayId(payload["stay_id"]), str(payload["channel"]), int(payload["turn"])
        notice = database.read(lambda conn: notice_store.get(conn, stay_id, channel))
        provider = self._providers.get(channel)
        if notice is None or provider is None or notice.plate is None:
            return
        try:
            self._tell(database, notice, Car(notice.plate.text, notice.colour), provider)
        except ProviderRefused as refused:
            log.warning("notice.refused", stay=stay_id, channel=channel, code=refused.code)
            database.write(lambda uow: self._over(uow, notice))
        except ProviderFault as fault:
            log.warning("notice.unknown", stay=stay_id, channel=channel, error=str(fault))
            way = "out" if notice.left_at is not None else "in"
            database.write(lambda uow: self._go_on(uow, stay_id, channel, way, turn + 1))

    def _tell(self, database: Database, notice: Notice, car: Car, provider: object) -> None:
        """Whatever is still to be told; a car whose stay is over before it was told of is told in and out."""
        if notice.reference is None and notice.state in (NoticeState.TO_ENTER, NoticeState.TO_LEAVE):
            standing, reference = self._enter(notice, car, provider)
            database.write(lambda uow: self._entered(uow, notice, standing, reference))
        now = database.read(lambda conn: notice_store.get(conn, notice.stay_id, notice.channel))
        if now is None or now.state is not NoticeState.TO_LEAVE or now.left_at is None:
            return
        if isinstance(provider, TakesExits):
            provider.leave(Exit(now.number, car, now.left_at, now.reference))
        database.write(lambda uow: self._over(uow, now))

    def _enter(self, notice: Notice, car: Car, provider: object) -> tuple[Standing, str | None]:
        if isinstance(provider, KnowsAgreements):
            answer = provider.agreement(car)
            if answer.standing is not Standing.ENROLLED or not isinstance(provider, TakesEntries):
                return answer.standing, None
        assert isinstance(provider, TakesEntries)
        url = f"{self._notify_base}/{notice.channel}/callback"
        entry = Entry(notice.number, car, notice.entered_at, self._lot_name, self._free_s, url)
        taken = provider.enter(entry)
        return taken.standing, taken.reference

    def _entered(self, uow: UnitOfWork, notice: Notice, standing: Standing, reference: str | None) -> None:
        now = notice_store.get(uow.connection, notice.stay_id, notice.channel)
        assert now is not None
        known = standing is Standing.ENROLLED
        leaving = now.state is NoticeState.TO_LEAVE
        to = NoticeState.STRANGER if not known else NoticeState.TO_LEAVE if leaving else NoticeState.INSIDE
        notice_store.change(uow.connection, now, state=to.value, reference=reference)
        self._stands(uow, now, standing, at=uow.now)

    def _stands(self, uow: UnitOfWork, notice: Notice, standing: Standing, *, at: datetime) -> None:
        """What the provider says of a driver is an agreement, or the end of the one that it had made; people's own are left alone."""
        conn = uow.connection
        notice_store.change(conn, notice, standing=standing.value, standing_at=at)
        if notice.plate is None:
            return
        standing_now = store.agreement_of(conn, notice.plate)
        ours = standing_now is not None and (standing_now.channel, standing_now.reference) == (notice.channel, BY_PLATE)
        if standing is Standing.ENROLLED:
            if standing_now is None and self._terms is not None:
                agreements.agree(uow, notice.plate, notice.channel, BY_PLATE, self._terms)
        elif ours and standing_now is not None:
            agreements.end(uow, standing_now.id)
        uow.publish(CreditChanged(notice.stay_id))

    def _over(self, uow: UnitOfWork, notice: Notice) -> None:
        now = notice_store.get(uow.connection, notice.stay_id, notice.channel)
        if now is not None:
            strange = now.reference is None and now.standing is None
            to = NoticeState.STRANGER if strange else NoticeState.OVER
            notice_store.change(uow.connection, now, state=to.value)

    def _go_on(self, uow: UnitOfWork, stay_id: StayId, channel: str, way: str, turn: int) -> None:
        at = uow.now + (_LADDER[min(turn - 2, len(_LADDER) - 1)] if turn > 1 else timedelta(0))
        payload = {"stay_id": stay_id, "channel": channel, "turn": turn}
        enqueue(uow, NOTICE_JOB, fitting(f"notice:{stay_id}:{channel}:{way}:{turn}", 128), payload, at)


def colour_of(plate: Plate, seen: str | None) -> PlateColour:
    """The colour that the camera saw, where the provider has a word for it; else what the plate's length tells."""
    if seen is not None and seen.upper() in PlateColour.__members__:
        return PlateColour[seen.upper()]
    return PlateColour.GREEN if len(plate.text) == 8 and not plate.text.isascii() else PlateColour.BLUE


def _number(stay_id: StayId, channel: str) -> str:
    """Our number of a stay at a provider, the same whenever it is worked out: 27 letters and digits."""
    digest = hashlib.sha256(f"{channel}:{stay_id}".encode()).digest()
    return "S" + base64.b32encode(digest).decode()[:26]
