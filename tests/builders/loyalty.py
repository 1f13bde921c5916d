"""A mall's loyalty over HTTP: its app, a merchant's till, members and their vehicles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from httpx2 import Response

from parking.bootstrap.keys import create_key
from parking.kernel.events import Direction, ExitPromised
from parking.kernel.ids import PaymentId, RandomIds, StayId, VisitId
from parking.kernel.money import Money
from parking.members import points
from parking.security.devices import enrol_app, enrol_till
from payments import store as payments
from payments.coupons import balance, merchants
from payments.coupons.merchants import Merchant
from payments.model import PaymentState
from tests.builders.application import Server, a_server
from tests.builders.journeys import EXIT, PLATE, passage
from tests.builders.plumbing import eventually
from tests.builders.security import SET_UP

HOUR = {"kind": "hours", "minutes": 60}
EVERYTHING = dict.fromkeys(("contact", "recognise", "history", "points", "crm", "marketing"), True)


def a_campaign(**changes: Any) -> dict[str, Any]:
    """What a manager writes: an hour from the café, for one plate."""
    body = {
        "issuer": "cafe", "source": "merchant", "zh": "咖啡停车券", "en": "Café hour", "effect": HOUR, "currency": "CNY",
        "bound": "plate", "valid_from": "2026-01-01T00:00:00+08:00", "valid_until": "2026-12-31T00:00:00+08:00",
    }  # fmt: skip
    return {**body, **changes}


@dataclass
class Mall:
    """A server with an app called `app`, a merchant `cafe` and its till."""

    server: Server
    app_token: str
    till_token: str

    def app(self, method: str, path: str, **how: Any) -> Response:
        return self.bearing(self.app_token, method, path, **how)

    def till(self, method: str, path: str, **how: Any) -> Response:
        return self.bearing(self.till_token, method, path, **how)

    def manager(self, method: str, path: str, **how: Any) -> Response:
        return self.server.ask(method, path, "manager", **how)

    def campaign(self, campaign_id: str = "hour", **changes: Any) -> None:
        done = self.manager("PUT", f"/coupons/campaigns/{campaign_id}", json=a_campaign(**changes))
        assert done.status_code == 200, done.text

    def join(self, ref: str = "customer-1", **consents: bool) -> Member:
        """A new member who agrees to everything, unless told otherwise."""
        member_id = self.app("POST", "/members", json={"ref": ref}).json()["member_id"]
        member = Member(self, member_id)
        assert member.ask("PUT", "/me/consents", json=consents or EVERYTHING).status_code == 200
        return member

    def bearing(self, token: str, method: str, path: str, **how: Any) -> Response:
        """A request of whoever carries this token."""
        headers = {"Authorization": f"Bearer {token}", **how.pop("headers", {})}
        return self.server.ask(method, path, headers=headers, **how)

    def bill(self, stay_id: str) -> dict[str, Any]:
        found = self.server.ask("GET", "/my/stay", "driver", stay=stay_id)
        assert found.status_code == 200, found.text
        bill: dict[str, Any] = found.json()["bill"]
        assert sum(line["amount"]["amount"] for line in bill["lines"]) == bill["total"]["amount"]
        return bill

    def pay(self, stay_id: str, key: str = "pay-1") -> dict[str, Any]:
        """Pay what is due now, and wait until it is booked."""
        begun = self.server.ask(
            "POST", "/my/payments", "driver", stay=stay_id, json={}, headers={"Idempotency-Key": key}
        )
        assert begun.status_code == 201, begun.text
        payment: dict[str, Any] = begun.json()
        if payment["pay_url"]:
            self.server.approve(payment["pay_url"])
            number = PaymentId(payment["payment_id"])
            eventually(lambda: self._is_paid(number))  # the server's own thread may be the one that asks
        self.server.settle_down()
        return payment

    def _is_paid(self, number: PaymentId) -> bool:
        self.server.application.jobs.run_due()
        found = self.server.application.database.read(lambda conn: payments.get(conn, number))
        return found is not None and found.state is PaymentState.PAID

    def leave(self, stay_id: str, plate: str = PLATE) -> None:
        """The car goes out now."""
        visit = RandomIds().new(self.server.clock.now())
        self.server.box.note(passage(Direction.OUT, visit, plate, stay=stay_id), self.server.clock.now())
        self.server.box.send()
        self.server.settle_down()

    def agree(self, plate: str = PLATE) -> str:
        """Stays of this plate are charged afterwards; the agreement's id."""
        body = {"plate": plate, "channel": "wallet", "reference": f"contract-{plate[-1]}", "per_stay_minor": 3000}
        body |= {"at_once_minor": 6000, "per_day_minor": 9000}
        agreed = self.manager("POST", "/agreements", json=body, headers={"Idempotency-Key": f"a-{plate[-3:]}"})
        assert agreed.status_code == 201, agreed.text
        return str(agreed.json()["agreement_id"])

    def leave_owing(self, plate: str = PLATE) -> str:
        """A car comes, and goes within the hour on a promise of the lane; its stay owes ¥6.00."""
        stay = self.server.enter(plate)
        self.server.park(minutes=50)
        visit = f"out-{stay}"
        most, sum_ = Money(3000, "CNY"), Money(600, "CNY")
        promised = ExitPromised(EXIT, VisitId(visit), StayId(stay), sum_, most, f"token-{stay[-20:]}")
        self.server.box.note(promised, self.server.clock.now())
        self.server.box.note(passage(Direction.OUT, visit, plate, stay=stay), self.server.clock.now())
        self.server.box.send()
        self.server.settle_down()
        return stay

    def check(self) -> None:
        """I3 and the points' books."""
        assert self.server.application.database.read(balance.faults) == []
        assert self.server.application.database.read(points.faults) == []


@dataclass
class Member:
    """Somebody with the app on the phone."""

    mall: Mall
    member_id: str

    @property
    def token(self) -> str:
        """Fresh from the app, which logs its member in whenever it wakes up."""
        return str(self.mall.app("POST", f"/members/{self.member_id}/token").json().get("token", ""))

    def ask(self, method: str, path: str, **how: Any) -> Response:
        return self.mall.bearing(self.token, method, path, **how)

    def bind(self, stay_id: str, proof: str = "lane_qr") -> dict[str, Any]:
        """Claim the vehicle of a stay by the code that staff gave out."""
        token = self.mall.server.ticket(stay_id)
        claimed = self.ask("POST", "/me/vehicles", json={"proof": proof, "stay_token": token})
        assert claimed.status_code == 201, claimed.text
        vehicle: dict[str, Any] = claimed.json()
        return vehicle

    def own(self, plate: str = PLATE) -> str:
        """Come once with a car and bind it; days later it is one's own. Returns the vehicle's id."""
        server = self.mall.server
        stay_id = server.enter(plate)
        vehicle = self.bind(stay_id)
        self.mall.leave(stay_id, plate)
        server.park(days=8)
        server.application.jobs.run_due()
        server.settle_down()
        return str(vehicle["vehicle_id"])

    def points(self) -> int:
        return int(self.ask("GET", "/me/points").json()["balance"])

    def buy(self, receipt: str, amount: int = 10_000) -> dict[str, Any]:
        """Show one's code at the café's till."""
        code = self.ask("POST", "/me/code").json()["code"]
        body = {"receipt": receipt, "amount": amount, "currency": "CNY", "member_code": code}
        bought = self.mall.till("POST", "/till/purchases", json=body)
        assert bought.status_code == 201, bought.text
        earned: dict[str, Any] = bought.json()
        return earned


@contextmanager
def a_mall(folder: Path, **changes: Any) -> Iterator[Mall]:
    with a_server(folder, **changes) as server:
        key = create_key(folder / "keys" / "app.pem")
        database = server.application.database

        def enrol(uow: Any) -> tuple[str, str]:
            app = enrol_app(uow, SET_UP, device_id="app", key_id=key.key_id, public_key=key.public)
            till = enrol_till(uow, SET_UP, device_id="till-1")
            merchants.save(uow, Merchant("cafe", "Café", points_per_unit=1))
            merchants.save(uow, Merchant("mall", "The mall", points_per_unit=1))
            merchants.place_till(uow, "till-1", "cafe")
            return app, till

        yield Mall(server, *database.write(enrol))
