"""How rooms that do not know each other forget one plate together."""

from __future__ import annotations

from datetime import datetime

from parking.access import keeping
from parking.analytics import ratings
from parking.gate import ingest
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.sessions import erasure
from payments import store as payment_store
from payments.coupons import store as coupon_store
from payments.later import notice_store, saving
from payments.later import store as later_store


def _in_what_providers_said(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    """Their words about his payments and stays, while it is still known which these are."""
    conn = uow.connection
    stays = erasure.stays_of(conn, plate, until)
    payment_store.forget_said(
        conn, payment_store.said_of_orders(conn, stays, notice_store.numbers_of(conn, plate, until))
    )
    payment_store.forget_said(conn, payment_store.said_of_nobody(conn, plate))


def _in_what_boxes_said(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    """Of the visits of its stays, too, while it is still known which these are."""
    conn = uow.connection
    ingest.forget_plate(uow, plate, erasure.visits_of(conn, erasure.stays_of(conn, plate, until)))


def _in_coupons(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    coupon_store.forget_plate(uow.connection, plate, until)


def _in_notices(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    notice_store.forget_plate(uow.connection, plate, until)


def _in_debts(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    later_store.forget_plate(uow.connection, plate, uow.now, until)


def _in_cards(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    saving.forget_plate(uow.connection, plate, until)


def _in_ratings(uow: UnitOfWork, plate: Plate, until: datetime) -> None:
    ratings.forget_plate(uow, plate, until)


OTHERS_FORGET = (
    _in_what_providers_said,
    _in_what_boxes_said,
    _in_coupons,
    _in_notices,
    _in_debts,
    _in_cards,
    _in_ratings,
    keeping.forget_visitor,
)
