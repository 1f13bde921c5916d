"""A kiosk's note slot, coins and card terminal by script: the contract's paths and shapes, and no device behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends

from parking.kernel.errors import not_found
from parking.kernel.principal import Principal, Scope
from parking.web.deps import require
from parking.web.idempotency import IdempotencyKey
from payments.cash.machine_api import BeginCash, CashOffer, CashSession, KioskWays
from tests.browser.script import yuan

if TYPE_CHECKING:
    from tests.browser.fake_server import FakeServer

Kiosk = Annotated[Principal, Depends(require(Scope.KIOSK))]
NOTES = (500, 1000, 2000)


class FakeCash:
    """What the machine has; `state` is the one conversation with it, in the words of the contract, changed by tests as they like."""

    def __init__(self, fake: FakeServer) -> None:
        self._fake = fake
        self.here = False
        self.card: str | None = None
        self.trouble = ""
        self.token = ""
        self.state: dict[str, Any] = {}

    def appears(self) -> None:
        """The kiosk has a note slot with change and a card terminal from now on."""
        self.here, self.card = True, "bank"

    def ways(self) -> KioskWays:
        notes = [] if self.trouble else [yuan(note) for note in NOTES]
        offer = CashOffer.model_validate({"trouble": self.trouble, "notes": notes, "gives_change": not self.trouble})
        return KioskWays(cash=offer if self.here else None, card=self.card)

    def begin(self, token: str) -> None:
        due, nothing = self._fake.stays[token].bill["due"], yuan(0)
        self.token = token
        self.state = {"session_id": "cash-1", "payment_id": "p-cash", "state": "open", "why": None, "due": due}
        self.state |= {"inserted": nothing, "left": due, "notes": [yuan(note) for note in NOTES], "holds": False}
        self.state |= {"change": nothing, "given": nothing, "owed": nothing, "slip": None, "trouble": ""}

    def insert(self, minor: int) -> None:
        """A note is stored; with it all may be paid, and what is too much begins to fall."""
        inserted, due = self.state["inserted"]["amount"] + minor, self.state["due"]["amount"]
        self.state |= {"inserted": yuan(inserted), "left": yuan(max(0, due - inserted))}
        if inserted >= due:
            self.state |= {"state": "giving", "why": "paid", "change": yuan(inserted - due), "notes": []}

    def fell(self) -> None:
        """All coins that were to come have come."""
        self.state |= {"state": "over", "given": self.state["change"]}
        if self.state["why"] == "paid":
            self._fake.settle(self.token)

    def owes(self, minor: int, slip: str = "K7QF2MPA") -> None:
        """The coins are at an end: what is missing stands on a slip."""
        given = self.state["change"]["amount"] - minor
        self.state |= {"state": "over", "given": yuan(given), "owed": yuan(minor), "slip": slip}

    def cancel(self) -> None:
        if self.state["state"] == "open":
            back = self.state["inserted"]
            self.state |= {"why": "cancelled", "change": back, "notes": []}
            self.state["state"] = "giving" if back["amount"] else "over"


def install(routes: APIRouter, fake: FakeServer) -> None:
    """The routes of the machine itself."""
    known = fake.cash

    @routes.get("/kiosk/ways")
    async def ways(_: Kiosk, due: int = 0) -> KioskWays:
        return known.ways()

    @routes.post("/kiosk/cash/sessions", status_code=201)
    async def begin(_: Kiosk, body: BeginCash, idempotency_key: IdempotencyKey) -> CashSession:
        known.begin(body.stay_token)
        return CashSession.model_validate(known.state)

    def mine(cash_id: str) -> CashSession:
        if known.state.get("session_id") != cash_id:
            raise not_found("cash.no_session", "there is no such payment at this machine")
        return CashSession.model_validate(known.state)

    @routes.get("/kiosk/cash/sessions/{cash_id}")
    async def session(_: Kiosk, cash_id: str) -> CashSession:
        return mine(cash_id)

    @routes.post("/kiosk/cash/sessions/{cash_id}/cancel")
    async def cancel(_: Kiosk, cash_id: str, idempotency_key: IdempotencyKey) -> CashSession:
        mine(cash_id)
        known.cancel()
        return mine(cash_id)

    @routes.post("/kiosk/cards/{payment_id}/cancel", status_code=204)
    async def leave_terminal(_: Kiosk, payment_id: str, idempotency_key: IdempotencyKey) -> None:
        fake.payments[payment_id].state = "CLOSED"
