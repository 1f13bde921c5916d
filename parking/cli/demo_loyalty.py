"""The demo mall's loyalty: its own app, a café's till, what coupons and points do, and a member who joined a week ago.

A vehicle counts for its member only after a cooling time (I22): he joined and showed its papers on a clock of that day, by the
product's own steps, and the product's own job ended the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from parking.bootstrap.keys import create_key
from parking.kernel.clock import ManualClock, SystemClock
from parking.kernel.ids import RandomIds
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal
from parking.kernel.standing import Benefit, Effect, OffKind
from parking.members import service as members
from parking.members import store as member_store
from parking.members import vehicles
from parking.members.model import Level, Proof, Purpose
from parking.plumbing.db import Database, UnitOfWork, open_database
from parking.plumbing.jobs import JobRunner
from parking.security import devices
from payments.coupons import merchants, store
from payments.coupons.model import Bound, Campaign, Source

APP, TILL, SHOP, CUSTOMER = "mall-app", "till-1", "cafe", "customer-1"
PLATE = Plate.parse("浙A5C27F")
JOINED_AGO = timedelta(days=8)
WELCOME, EXCHANGE = "welcome", "points-80"


def open_loyalty(url: str, keys: Path, by: Principal) -> dict[str, str]:
    """The tokens of the app and of the till, the member and the plate of his car."""
    now = SystemClock().now()
    clock = ManualClock(now - JOINED_AGO)
    database = open_database(url, clock=clock, ids=RandomIds(), origin="demo")
    try:
        app_key = create_key(keys / "app.pem")

        def begin(uow: UnitOfWork) -> dict[str, str]:
            app = devices.enrol_app(uow, by, device_id=APP, key_id=app_key.key_id, public_key=app_key.public)
            till = devices.enrol_till(uow, by, device_id=TILL)
            _offers(uow)
            return {"app": app, "till": till, "member": _joins(uow), "plate": PLATE.text}

        found = database.write(begin)
        _cool(database, clock)
        return found
    finally:
        database.close()


def _offers(uow: UnitOfWork) -> None:
    merchants.save(uow, merchants.Merchant("mall", "商场 Mall"))
    merchants.save(uow, merchants.Merchant(SHOP, "云顶咖啡 Cloud Café", points_per_unit=1))
    merchants.place_till(uow, TILL, SHOP)
    hour = Benefit("tier:silver:0", "银卡礼遇", "Silver", Effect(OffKind.AMOUNT, minor=100))
    member_store.save_level(uow.connection, Level("silver", "tier", "银卡", "Silver", 100, (hour,)))
    campaign(uow, WELCOME, "入会停车券", "Welcome", minor=300)
    campaign(uow, EXCHANGE, "停车券", "Parking coupon", minor=500, points=80)


def campaign(uow: UnitOfWork, name: str, zh: str, en: str, *, minor: int, points: int | None = None) -> None:
    """Coupons of the mall for members, for a year: so many minor units off; for points, where a price is said."""
    made = Campaign(
        name,
        "mall",
        Source.CAMPAIGN if points is None else Source.POINTS,
        zh,
        en,
        Effect(OffKind.AMOUNT, minor=minor),
        "CNY",
        Bound.MEMBER,
        uow.now,
        uow.now + timedelta(days=365),
        points=points,
    )
    store.save_campaign(uow.connection, made)


def _joins(uow: UnitOfWork) -> str:
    """He agrees to what the page asks, and somebody at the desk has seen the papers of his car."""
    member_id = members.join(uow, APP, CUSTOMER).member_id
    members.consent(uow, member_id, dict.fromkeys(Purpose, True), by=APP)
    claimed = vehicles.claim(uow, member_id, PLATE, Proof.DOCUMENT)
    vehicles.approve(uow, claimed.vehicle_id)
    return member_id


def _cool(database: Database, clock: ManualClock) -> None:
    """The days pass, and the job that ends the cooling time runs when it is due."""
    clock.advance(JOINED_AGO)
    JobRunner(database, vehicles.jobs(), clock).run_due()


class MallApp:
    """The back end of the mall's app, and the café's till, over the public wire."""

    def __init__(self, server: str, loyalty: Mapping[str, str]) -> None:
        self._loyalty = loyalty
        self._http = httpx.Client(base_url=f"{server}/api/v1", timeout=30.0)

    def page(self) -> str:
        """The address that the app opens for its member: his own page, logged in for twelve hours."""
        return str(self._ask("app", "POST", f"/members/{self._loyalty['member']}/token")["page_url"])

    def give(self, campaign_id: str, why: str) -> None:
        """One coupon for the member; the same `why` gives it once."""
        body = {"origin": why, "member_id": self._loyalty["member"]}
        self._ask("app", "POST", f"/coupons/campaigns/{campaign_id}/issue", json=body, key=f"{campaign_id}-{why}")

    def buys(self, receipt: str, yuan: int) -> None:
        """The member shows his code at the till."""
        token = self._ask("app", "POST", f"/members/{self._loyalty['member']}/token")["token"]
        reply = self._http.post("/me/code", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
        body = {"receipt": receipt, "amount": yuan * 100, "currency": "CNY", "member_code": reply.json()["code"]}
        self._ask("till", "POST", "/till/purchases", json=body)

    def close(self) -> None:
        self._http.close()

    def _ask(self, who: str, method: str, path: str, *, key: str = "", **how: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._loyalty[who]}"} | ({"Idempotency-Key": key} if key else {})
        return self._http.request(method, path, headers=headers, **how).raise_for_status().json()
