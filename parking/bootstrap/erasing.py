"""How rooms that do not know each other forget one plate together."""

from __future__ import annotations

from datetime import datetime

from parking.gate import ingest
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from payments.coupons import store as coupon_store
from payments.later import notice_store
from payments.later import store as later_store


def _in_what_boxes_said(uow: UnitOfWork, plate: Plate, _: datetime) -> None:
    ingest.forget_plate(uow, plate)


def _in_coupons(uow: UnitOfWork, plate: Plate, _: datetime) -> None:
    coupon_store.forget_plate(uow.connection, plate)


def _in_notices(uow: UnitOfWork, plate: Plate, _: datetime) -> None:
    notice_store.forget_plate(uow.connection, plate)


def _in_debts(uow: UnitOfWork, plate: Plate, _: datetime) -> None:
    later_store.forget_plate(uow.connection, plate, uow.now)


OTHERS_FORGET = (_in_what_boxes_said, _in_coupons, _in_notices, _in_debts)
