"""The mall's own app is told what happens to its members, and may tell us; signed both ways, each message once.

Told is only who has agreed to it (the purpose `crm`), and by the app's own name for him: no plate, no name, no place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa
from sqlalchemy import Connection

from parking.journeys import forgetting
from parking.journeys.coupon_port import Coupons
from parking.kernel.chain import canonical
from parking.kernel.clock import Clock
from parking.kernel.codec import to_plain
from parking.kernel.errors import invalid, not_found
from parking.kernel.events import CouponChanged, Envelope, MemberChanged, PointsChanged
from parking.kernel.ids import fitting
from parking.kernel.signed import Signer
from parking.members import service
from parking.members import store as member_store
from parking.members.model import Purpose
from parking.plumbing.column_types import UtcDateTime
from parking.plumbing.db import Database, UnitOfWork, insert_once, metadata
from parking.plumbing.jobs import JobHandler, enqueue
from parking.web import webhook_wire

SEND_JOB = "hooks.send"
LONGEST_URL = 500
_HERE = ("127.0.0.1", "localhost")

hook_table = sa.Table(
    "app_hook",
    metadata,
    sa.Column("app", sa.String(64), primary_key=True),
    sa.Column("url", sa.String(LONGEST_URL), nullable=False),
)
seen_table = sa.Table(  # what an app has told us already; kept longer than a message may be old
    "app_hook_seen",
    metadata,
    sa.Column("app", sa.String(64), primary_key=True),
    sa.Column("webhook_id", sa.String(64), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
)


def set_hook(uow: UnitOfWork, app: str, url: str) -> None:
    """Where an app is told; only over TLS, or on this machine."""
    if not _is_safe(url) or len(url) > LONGEST_URL:
        message = f"should begin with https:// and have at most {LONGEST_URL} signs"
        raise invalid("hook.url", message, field="url")
    uow.connection.execute(hook_table.delete().where(hook_table.c.app == app))
    uow.connection.execute(hook_table.insert().values(app=app, url=url))


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE))


def tell(uow: UnitOfWork, envelope: Envelope) -> None:
    """Handles CouponChanged, PointsChanged and MemberChanged: what the member's app is to be told."""
    event = envelope.event
    if not isinstance(event, CouponChanged | PointsChanged | MemberChanged) or event.member_id is None:
        return
    data: dict[str, Any] = {}
    if isinstance(event, CouponChanged):
        kind = f"coupon.{event.state}"
        data = {"coupon_id": event.coupon_id, "campaign_id": event.campaign_id, "amount": to_plain(event.amount)}
    elif isinstance(event, PointsChanged):
        kind = "points.changed"
        data = {"points": event.points, "balance": event.balance}
        data |= {"reason": event.reason, "merchant_id": event.merchant_id}
    else:
        kind = f"member.{event.what}"
    send(uow, envelope, event.member_id, kind, data)


def send(uow: UnitOfWork, envelope: Envelope, member_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Have a member's app told, once for each event, if he has agreed and it wants to know."""
    member = member_store.member(uow.connection, member_id)
    if member is None or not service.agrees(uow.connection, member.member_id, Purpose.CRM):
        return
    if uow.connection.execute(sa.select(hook_table.c.url).where(hook_table.c.app == member.client)).first() is None:
        return
    about = {"ref": member.ref, "member_id": member.member_id, **data}
    message = {"type": kind, "timestamp": to_plain(envelope.occurred_at), "data": about}
    payload = {"app": member.client, "id": envelope.id, "message": message}
    enqueue(uow, SEND_JOB, fitting(f"hook:{member.client}:{envelope.id}", 128), payload)


def jobs(signer: Callable[[], Signer], client: httpx.Client, clock: Clock) -> dict[str, JobHandler]:
    """The durable job that tells an app; an answer other than 2xx is tried again, ever more rarely."""

    def url_of(conn: Connection, app: str, member_id: str) -> str | None:
        if not service.agrees(conn, member_id, Purpose.CRM):
            return None  # he has taken it back, or gone, while the app could not be reached
        found: str | None = conn.execute(
            sa.select(hook_table.c.url).where(hook_table.c.app == app)
        ).scalar_one_or_none()
        return found

    def deliver(database: Database, payload: dict[str, Any]) -> None:
        about = payload["message"]["data"]["member_id"]
        url = database.read(lambda conn: url_of(conn, str(payload["app"]), str(about)))
        if url is None:
            return
        body = canonical(payload["message"])
        head = webhook_wire.headers(signer(), str(payload["id"])[:64], body, clock.now())
        client.post(url, content=body, headers={**head, "Content-Type": "application/json"}).raise_for_status()

    return {SEND_JOB: deliver}


def take(
    uow: UnitOfWork, coupons: Coupons, app: str, webhook_id: str, body: bytes, others: tuple[forgetting.Forget, ...]
) -> bool:
    """Do what an app tells; the same message again does nothing, and says False. The signature has been checked."""
    if not insert_once(uow.connection, seen_table, {"app": app, "webhook_id": webhook_id, "at": uow.now}):
        return False
    try:
        message = json.loads(body)
        canonical({"said": message})  # half a sign is in no text, and no database would keep it
        kind, data = str(message["type"]), message["data"]
        ref = str(data["ref"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise invalid("webhook.body", "a message has type and data, and data has ref") from None
    member = member_store.by_ref(uow.connection, app, ref)
    if member is None:
        raise not_found("member.unknown", "there is no such member")
    if kind == "member.standing":
        tier, credit = (str(data.get(name, ""))[:32] for name in ("tier", "credit"))
        member_store.change_member(uow.connection, member.member_id, tier_by_hand=tier, credit=credit)
        uow.publish(MemberChanged(member.member_id, "tier"))
    elif kind == "coupon.issue":
        origin = fitting(f"crm:{app}:{webhook_id}", 128)
        coupons.issue(uow, str(data.get("campaign_id")), origin, member_id=member.member_id)
    elif kind == "member.erase":
        forgetting.erase(uow, coupons, member.member_id, others)
    else:
        raise invalid("webhook.type", "known: member.standing, coupon.issue, member.erase", field="type")
    return True


def forget_seen(uow: UnitOfWork) -> None:
    """Messages too old to be accepted anyway need not be remembered."""
    old = seen_table.c.at < uow.now - timedelta(seconds=4 * webhook_wire.OLDEST_S)
    uow.connection.execute(seen_table.delete().where(old))


def verified(
    conn: Connection,
    key_of: Callable[[Connection, str], bytes | None],
    holds: Callable[[bytes, bytes, bytes], bool],
    app: str,
    given: Mapping[str, str],
    body: bytes,
    clock: Clock,
) -> str:
    """The id of a message that this app has truly signed, not long ago; ParkingError otherwise."""
    public = key_of(conn, app)

    def by_app(message: bytes, signature: bytes) -> bool:
        return public is not None and holds(public, message, signature)

    return webhook_wire.check(given, body, holds=by_app, now=clock.now()).webhook_id
