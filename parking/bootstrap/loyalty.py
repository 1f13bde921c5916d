"""Members and coupons put together: the rooms stay strangers, and here they meet."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from parking.bootstrap.application import Application
from parking.bootstrap.erasing import OTHERS_FORGET
from parking.bootstrap.keys import Ed25519Signer, KeyRing, ed25519_check, load_cipher
from parking.bootstrap.settings import Settings
from parking.journeys import me_api, me_owing_api, me_points_api, me_stays_api, shopping_api
from parking.kernel.clock import Clock
from parking.members import api as members_api
from parking.security import audit, looks
from parking.security import store as security_store
from payments.coupons import api as coupons_api
from payments.coupons.desk import Coupons
from payments.later import store as later_store


def routers(
    application: Application,
    settings: Settings,
    signer: Ed25519Signer,
    clock: Clock,
    qr_svg: Callable[[str], str],
) -> tuple[APIRouter, ...]:
    """The routes of coupons, members, tills and the mall's own app."""
    database, verifier = application.database, KeyRing([signer.public])
    coupons = Coupons(signer, verifier)
    room = members_api.MemberRoom(
        database=database,
        cipher=load_cipher(settings.keys_dir / "members.key"),
        signer=signer,
        clock=clock,
        audit=audit.record,
        look=looks.note,
        public_url=settings.public_url,
    )
    currency = application.tariffs.current(clock.now()).currency
    loyalty = me_api.Loyalty(
        database=database,
        cashier=application.cashier,
        coupons=coupons,
        room=room,
        signer=signer,
        verifier=verifier,
        clock=clock,
        qr_svg=qr_svg,
        key_of_app=security_store.key_of_app,
        holds=ed25519_check,
        public_url=settings.public_url,
        currency=currency,
        others_forget=OTHERS_FORGET,
    )
    owing = me_owing_api.OwnOwing(
        database=database,
        cashier=application.cashier,
        clock=clock,
        audit=audit.record,
        zone=ZoneInfo(application.site.timezone),
        standing=later_store.agreement_of,
        currency=currency,
    )
    return (
        coupons_api.router(coupons_api.CouponRoom(database, coupons, audit.record, qr_svg, currency)),
        members_api.router(room),
        me_api.router(loyalty),
        me_stays_api.router(loyalty),
        me_points_api.router(loyalty),
        me_owing_api.router(owing),
        shopping_api.router(loyalty),
    )
