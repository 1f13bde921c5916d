"""People at the desk of a site's story: they decide cases, take decisions back, ask about stays, and put right what they see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from parking.access import keeping
from parking.access import service as access
from parking.access.rights_store import Holder
from parking.access.rows import ListedAs, ListRow
from parking.bootstrap.desk import desk_of
from parking.journeys import correcting, joining, paying, taking_back
from parking.journeys.ports import Account
from parking.kernel.events import Direction
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.standing import Effect, OffKind
from parking.plumbing.db import UnitOfWork
from parking.sessions.desk import service as desk
from parking.sessions.desk import store as desk_store
from parking.sessions.desk.model import Choice, Decision, Wish
from parking.sessions.model import ReviewCase
from payments.coupons import issuing
from payments.coupons import store as coupons
from payments.coupons.model import Bound, Coupon, CouponState
from payments.later.model import Debt
from tests.builders.access import CARD, a_pass
from tests.builders.coupons import a_campaign
from tests.builders.desk import operator
from tests.builders.journeys import MORNING, PLATE, SiteStory, passage

T = TypeVar("T")
LI = operator("li", "manager")
SAID = {"actor": "li", "reason": "seen on the pictures"}


class Office:
    """A manager at the desk; each verb is one transaction that is worked off before it returns."""

    def __init__(self, site: SiteStory) -> None:
        self.site = site
        self.cashier = site.application.cashier
        self._desk = desk_of(site.application)

    # --- cases -------------------------------------------------------------------------------------------------------

    def decide(self, reason: str, choice: Choice, why: str, **more: Any) -> Decision:
        """Take the last open case with this question and decide it."""
        case = [one for one in self.site.cases() if one.reason == reason][-1]
        return self._decide(case, Wish(choice, why, **more))

    def undo(self, made: Decision) -> None:
        self.do(lambda uow: desk.undo(uow, self._desk, made.id, LI, "a slip"))

    def says_plate(self, stay_id: StayId, plate: str) -> Decision:
        """Doubts a stay that nothing else doubts, and reads another plate on its picture."""
        case_id = self.do(lambda uow: desk.ask(uow, self._desk, stay_id, LI))
        (case,) = [one for one in self.site.cases() if one.id == case_id]
        return self._decide(case, Wish(Choice.PLATE, "read_from_picture", plate=Plate(plate)))

    def _decide(self, case: ReviewCase, wish: Wish) -> Decision:
        self.do(lambda uow: desk.take(uow, self._desk, case.id, LI))
        version = self.site.database.read(lambda conn: desk_store.hand(conn, case.id)).version
        return self.do(lambda uow: desk.decide(uow, self._desk, case.id, version, LI, wish))

    # --- corrections -------------------------------------------------------------------------------------------------

    def close(self, stay_id: StayId) -> str:
        return self.do(lambda uow: correcting.close_now(uow, self.cashier, stay_id, **SAID))

    def gone(self, stay_id: StayId) -> str:
        return self.do(lambda uow: correcting.gone(uow, stay_id, **SAID))

    def match(self, visit: str, stay_id: StayId) -> str:
        return self.do(lambda uow: correcting.match_exit(uow, self.cashier, VisitId(visit), stay_id, **SAID))

    def split(self, stay_id: StayId, left_at: datetime, came_at: datetime) -> tuple[StayId, StayId]:
        return self.do(lambda uow: joining.split(uow, self.cashier, stay_id, left_at, came_at, **SAID))

    def merge(self, later: StayId, into: StayId) -> tuple[str, ...]:
        return self.do(lambda uow: joining.merge(uow, self.cashier, later, into, **SAID))

    def take_back(self, correction_id: str) -> None:
        self.do(lambda uow: taking_back.undo(uow, self.cashier, correction_id, **SAID))

    def take_back_last(self, stay_id: StayId) -> None:
        self.take_back(self.site.corrections(stay_id)[-1].id)

    def do(self, work: Callable[[UnitOfWork], T]) -> T:
        made = self.site.database.write(work)
        self.site.application.drain()
        return made

    # --- money and rights --------------------------------------------------------------------------------------------

    def debt(self, stay_id: StayId) -> tuple[Debt, int] | None:
        found = self.site.database.read(lambda conn: self.cashier.later.debt(conn, stay_id))
        return None if found is None else (found[0], found[1].minor)

    def account(self, stay_id: StayId) -> Account:
        """The bill as every page says it now."""
        now = self.site.clock.now()
        return self.site.database.read(lambda conn: paying.account_of(conn, self.cashier, stay_id, now)).account

    def due(self, stay_id: StayId) -> int:
        return self.account(stay_id).due.minor

    def welcome(self, plate: str = PLATE) -> None:
        """Whoever drives with this plate parks free."""
        guest = ListRow(Plate(plate), ListedAs.VIP, "guest", None, None)
        self.do(lambda uow: access.put_on_list(uow, guest))

    def give_pass(self, *plates: str) -> None:
        """One bay for these plates."""
        self.do(lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", None, (), (CARD,))))
        self.do(lambda uow: keeping.save_pass(uow, a_pass("p1", *plates)))

    def enter_by_pass(self, plate: str = PLATE) -> StayId:
        return StayId(self._passes(Direction.IN, plate))

    def leave_by_pass(self, stay_id: StayId, plate: str = PLATE) -> str:
        return self._passes(Direction.OUT, plate, stay_id)

    def coupon(
        self, bound: Bound = Bound.PLATE, *, plate: Plate | None = None, stay_id: StayId | None = None
    ) -> Coupon:
        """¥6 off, for a plate or for whoever shows it at a stay."""
        span = {"valid_from": MORNING - timedelta(days=1), "valid_until": MORNING + timedelta(days=60)}
        campaign = a_campaign("c", Effect(OffKind.AMOUNT, minor=600), bound=bound, **span)
        self.do(lambda uow: coupons.save_campaign(uow.connection, campaign))
        return self.do(lambda uow: issuing.issue(uow, "c", "o1", plate=plate, stay_id=stay_id))

    def state_of(self, one: Coupon) -> CouponState | None:
        found = self.site.database.read(lambda conn: coupons.coupon(conn, one.coupon_id))
        return found.state if found is not None else None

    def _passes(self, direction: Direction, plate: str, stay_id: StayId | None = None) -> str:
        visit = self.site.visit()
        self.site.hear(passage(direction, visit, plate, stay=stay_id, right="pass:p1"))
        return visit
