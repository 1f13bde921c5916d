"""Finding a car put together: the map, the proofs, and whose signature a ticket may carry."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Connection

from parking.bootstrap.application import Application
from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.bootstrap.settings import Settings
from parking.gate.credentials.codes import CodeRefusal, CodeUse, verify
from parking.journeys import finding_api
from parking.journeys.finding_car import Map, Proofs, ReadTicket
from parking.kernel.clock import Clock
from parking.kernel.ids import LaneId, StayId
from parking.security import looks
from parking.security import store as security_store
from parking.site.graph import walk_graph

NO_LANE = LaneId("")
"""A ticket is bound to a stay, never to a lane."""


def router(application: Application, settings: Settings, signer: Ed25519Signer, clock: Clock) -> APIRouter:
    """The routes of finding a car."""
    verifier = KeyRing([signer.public])
    site = application.site
    return finding_api.router(
        finding_api.Finding(
            database=application.database,
            there=Map(site, walk_graph(site.plan)),
            proofs=Proofs(application.cashier, ticket_reader(verifier, site.id), settings.find_by_payment),
            signer=signer,
            verifier=verifier,
            clock=clock,
            look=looks.note,
        )
    )


def ticket_reader(server: KeyRing, lot: str) -> ReadTicket:
    """Reads the paper ticket that any enabled box of this site, or the server, has signed."""

    def read(conn: Connection, text: str, now: datetime) -> StayId | None:
        keys = KeyRing([box.public_key for box in security_store.edges(conn) if box.public_key])
        code = verify(text, server, now=now, lot=lot, lane_id=NO_LANE, boxes=keys)
        if isinstance(code, CodeRefusal) or code.use is not CodeUse.TICKET:
            return None
        return code.stay_id

    return read
