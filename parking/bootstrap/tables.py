"""Every table of the product on one metadata: importing this module is what registers them."""

from __future__ import annotations

import sqlalchemy as sa

from guidance import bay_store, outlook_store
from guidance import store as guidance_store
from parking.access import invitation_store, rights_store
from parking.access import store as access_store
from parking.analytics import ratings
from parking.analytics import tables as figure_tables
from parking.bootstrap import live_projection
from parking.emergency import emergency_store
from parking.emergency import store as calls_store
from parking.gate import api as gate_api
from parking.journeys import app_hooks, car_places
from parking.members import tables as member_tables
from parking.plumbing import blobs, jobs, tables
from parking.plumbing.db import metadata
from parking.security import looks, passkey_store
from parking.security import store as security_store
from parking.sessions import corrections as corrections_store
from parking.sessions import places as places_store
from parking.sessions import store as sessions_store
from parking.sessions import visit_notes
from parking.sessions import visits as visits_store
from parking.sessions.desk import lesson_store
from parking.sessions.desk import store as desk_store
from parking.web import idempotency
from payments import ledger_store, phases, reconciling, refund_store, tariff_proposals
from payments import store as payments_store
from payments.cash import machine_store as cash_machine_store
from payments.cash import shift_store as cash_store
from payments.coupons import tables as coupon_tables
from payments.invoices import store as invoice_store
from payments.later import notice_store, saving
from payments.later import store as later_store

ROOMS = (
    access_store,
    app_hooks,
    bay_store,
    outlook_store,
    blobs,
    car_places,
    cash_machine_store,
    cash_store,
    invitation_store,
    invoice_store,
    rights_store,
    calls_store,
    corrections_store,
    desk_store,
    lesson_store,
    coupon_tables,
    emergency_store,
    figure_tables,
    gate_api,
    guidance_store,
    idempotency,
    jobs,
    later_store,
    ledger_store,
    live_projection,
    looks,
    member_tables,
    notice_store,
    passkey_store,
    payments_store,
    phases,
    places_store,
    ratings,
    reconciling,
    refund_store,
    saving,
    security_store,
    sessions_store,
    tables,
    tariff_proposals,
    visit_notes,
    visits_store,
)


def all_tables() -> sa.MetaData:
    """The metadata with every room's tables on it."""
    return metadata
