"""One car parks, pays, is paid back and leaves, while the company fails and our process dies; then everything is judged.

Twelve ways to fail, eight points to die at, three orders of callbacks: every combination must end with I1 to I4 true and nobody needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from hardware_sim.providers.faults import Fault, Switches
from parking.journeys import paying
from parking.kernel.errors import ParkingError
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from parking.kernel.standing import Effect, OffKind
from parking.plumbing.db import UnitOfWork
from parking.plumbing.jobs import job
from parking.plumbing.tables import dead_letter
from parking.sessions.model import ClosedStay
from payments import ledger_store, reconciling, refund_store, refunding, store
from payments.coupons import balance, issuing
from payments.coupons import store as coupon_store
from payments.coupons.model import CouponState, UseState
from payments.model import Payment, PaymentState
from payments.providers.chinese_text import BEIJING
from payments.refund_store import RefundState
from tests.builders.coupons import a_campaign
from tests.builders.faulty_site import DONE, SENT, UNDONE, WIRES, FaultySite, Reaper
from tests.builders.journeys import MORNING, PLATE

DUE, COUPON, PART = 1000, 300, 200
"""Two hours cost 10.00, a coupon takes 3.00 off; 2.00 go back first, then the rest."""
PATIENCE_S, SLOW_S = 0.6, 0.9


@dataclass(frozen=True)
class Mode:
    """How the company fails; `notices` are the cases that a person may see, though there is nothing to do about them."""

    name: str
    switch: Callable[[Switches], None]
    notices: frozenset[str] = frozenset()


def _on(*faults: tuple[Fault, str | None, int], seconds: float = 0.0) -> Callable[[Switches], None]:
    def switch(switches: Switches) -> None:
        for fault, operation, times in faults:
            switches.set(fault, operation=operation, times=times, seconds=seconds)

    return switch


MODES = {
    mode.name: mode
    for mode in (
        Mode("timeout_before", _on((Fault.TIMEOUT_BEFORE, "create", 1), (Fault.TIMEOUT_BEFORE, "refund", 1))),
        Mode("timeout_after", _on((Fault.TIMEOUT_AFTER, "create", 1), (Fault.TIMEOUT_AFTER, "refund", 1))),
        Mode("storm_of_5xx", _on((Fault.ERROR_500, None, 5))),
        Mode("slow", _on((Fault.SLOW, "create", 1), (Fault.SLOW, "refund", 1), seconds=SLOW_S)),
        Mode("callback_twice", _on((Fault.CALLBACK_TWICE, None, -1))),
        Mode("callback_late", _on((Fault.CALLBACK_LATE, None, -1))),
        Mode("callback_never", _on((Fault.CALLBACK_NEVER, None, 1))),
        Mode(
            "wrong_amount",
            _on((Fault.CALLBACK_WRONG_AMOUNT, None, 1), (Fault.WRONG_AMOUNT, "query", 1)),
            frozenset({"payment_mismatch"}),
        ),
        Mode("key_rotation", _on()),  # once the order is placed
        Mode("late_success", _on(), frozenset({"payment_late"})),  # once we have closed it
        Mode("partial_refund", _on((Fault.PARTIAL_REFUND, None, 1))),
        Mode("clock_skew", _on((Fault.CLOCK_SKEW, None, -1), seconds=4000.0)),
    )
}
POINTS = {
    "order_not_written": (UNDONE, "Cashier._begin_on"),
    "order_written": (DONE, "Cashier._begin_on"),
    "order_sent": (SENT, "create"),
    "answer_not_written": (UNDONE, "Collector.take_over"),
    "callback_not_written": (UNDONE, "Callbacks.take"),
    "callback_written": (DONE, "Callbacks.take"),
    "refund_sent": (SENT, "refund"),
    "job_not_ended": (UNDONE, "JobRunner._run_one"),
}
ORDERS = ("told_first", "asked_first", "newest_first")
"""Callbacks before our own question, after it, and all together at the end, the newest before the oldest."""


@dataclass(frozen=True)
class Ended:
    """What came of one run: whether our process did die, and what is not as it must be."""

    died: bool
    wrong: tuple[str, ...]
    notices: tuple[str, ...]


def run(mode: str, point: str, order: str, company: str) -> Ended:
    """One cell of the table at one company."""
    reaper = Reaper()
    with TemporaryDirectory() as folder:
        site = FaultySite(company, Path(folder), reaper, timeout_s=PATIENCE_S if mode == "slow" else 20.0)
        try:
            return _Run(site, MODES[mode], order).run(POINTS[point])
        finally:
            site.close()


class _Run:
    """The story of one car."""

    def __init__(self, site: FaultySite, mode: Mode, order: str) -> None:
        self.site, self.mode, self.order = site, mode, order
        self.holding = order == "newest_first"
        campaign = a_campaign(
            effect=Effect(OffKind.AMOUNT, minor=COUPON),
            valid_from=MORNING - timedelta(days=1),
            valid_until=MORNING + timedelta(days=9),
        )
        site.database.write(lambda uow: coupon_store.save_campaign(uow.connection, campaign))
        site.database.write(lambda uow: issuing.issue(uow, campaign.campaign_id, "receipt-1", plate=Plate(PLATE)))

    def run(self, point: tuple[str, str]) -> Ended:
        site = self.site
        self.stay_id = site.enter()
        site.park(hours=1, minutes=10)
        self.mode.switch(site.books.switches)
        site.reaper.moment, site.reaper.place = point
        payment = self._order()
        self._pay(payment)
        self._until(lambda: self._paid() is not None)
        self._refund(PART, "part")
        self._refund(DUE - COUPON - PART, "rest")
        self._leave()
        self._settle_down()
        notices = tuple(sorted(set(site.reasons())))
        return Ended(site.reaper.has_struck, tuple(self._judge(notices)), notices)

    # --- what people and the company do ------------------------------------------------------------------------------

    def _order(self) -> Payment:
        """The driver taps until there is something to scan."""
        site = self.site
        for tap in range(12):
            payment = self._tap()
            if payment is not None and payment.pay_url:
                return payment
            if tap == 3 and self.mode.name == "clock_skew":
                site.books.switches.clear()  # whoever's clock was wrong sets it right
            self._pass(seconds=20)
        raise AssertionError("the driver never saw anything to pay by")

    def _tap(self) -> Payment | None:
        site = self.site
        try:
            return site.live(self._begin)
        except ParkingError:
            return None  # an earlier payment is being clarified: a moment later again

    def _begin(self) -> Payment:
        site = self.site
        known = [p for p in self._payments() if p.is_live]
        key = "k1" if not self._payments() or known else f"k{len(self._payments()) + 1}"
        cashier = site.application.cashier
        begun = paying.begin(site.database, cashier, self.stay_id, site.clock.now(), site.kind, key)
        return site.payment(begun.payment_id)

    def _pay(self, payment: Payment) -> None:
        site, switches = self.site, self.site.books.switches
        if self.mode.name == "key_rotation":
            switches.set(Fault.KEY_ROTATION)
        if self.mode.name == "late_success":
            self._pass(minutes=6)
            self._pass(minutes=2)
            switches.set(Fault.LATE_SUCCESS)
        site.books.pay(payment.number)
        if self.order == "told_first":
            site.deliver()
        else:
            self._pass(seconds=15)

    def _paid(self) -> Payment | None:
        return next((p for p in self._payments() if p.state is PaymentState.PAID), None)

    def _refund(self, minor: int, key: str) -> None:
        """An operator gives back, and taps again if nothing was answered."""
        paid = self._paid()
        assert paid is not None

        def work(uow: UnitOfWork) -> object:
            amount = Money(minor, paid.amount.currency)
            return refunding.begin(uow, paid.payment_id, amount, reason="a broken lift", actor="anna", key=key)

        self.site.live(lambda: self.site.database.write(work))
        if self.order == "told_first":
            self.site.live(self.site.application_drains)
            self.site.deliver()
        self._until(lambda: not any(r.is_live for r in self._refunds()))

    def _leave(self) -> None:
        self.site.live(lambda: None)
        self.site.leave(decided_at=self.site.clock.now(), stay=self.stay_id)

    def _pass(self, **span: float) -> None:
        """Time passes: we ask, the company tells, in the order of this run."""
        if self.order == "told_first":
            self.site.deliver()
        self.site.wait(**span)
        if self.order == "asked_first":
            self.site.deliver()

    def _until(self, done: Callable[[], bool]) -> None:
        """Let the time pass that it takes, up to a few hours; what the callbacks alone would bring has to come by asking."""
        for turn in range(40):
            if done():
                return
            if turn == 3 and self.mode.name == "key_rotation":
                self.site.live(self.site.restart)  # the new key is in the settings by now
            self._pass(seconds=30 if turn < 10 else 600)

    def _settle_down(self) -> None:
        """The company works again; a day passes with everything that is still to be told, and its file comes."""
        site = self.site
        site.books.switches.clear()
        if self.mode.name == "key_rotation":
            site.live(site.restart)
        if self.holding:
            site.books.switches.set(Fault.CALLBACK_OUT_OF_ORDER)
        for minutes in (0, 1, 5, 10, 60, 180, 24 * 60):
            site.deliver()
            site.wait(minutes=minutes)
        day = MORNING.astimezone(BEIJING).date()
        site.live(lambda: site.application.reconciler.compare(site.kind, day))
        site.wait(minutes=1)

    # --- the judgement -----------------------------------------------------------------------------------------------

    def _payments(self) -> Sequence[Payment]:
        return self.site.database.read(lambda conn: store.of_stay(conn, self.stay_id))

    def _refunds(self) -> list[refund_store.Refund]:
        def read(conn: sa.Connection) -> list[refund_store.Refund]:
            every = store.of_stay(conn, self.stay_id)
            return [r for p in every for r in refund_store.of_payment(conn, p.payment_id)]

        return self.site.database.read(read)

    def _judge(self, notices: Sequence[str]) -> list[str]:
        wrong = [*self._books(), *self._coupons(), *self._refunded(), *self._left_over()]
        wrong += [f"a person is asked: {reason}" for reason in notices if reason not in self.mode.notices]
        return wrong

    def _books(self) -> list[str]:
        """I1 and I2, and our books against the company's."""
        site, found = self.site, []
        sums = site.sums(self.stay_id)
        if not sums.holds or sums.due is None:
            found.append(f"I1: {sums}")
        verdict = site.database.read(ledger_store.verify)
        balances = site.database.read(ledger_store.balances)
        total = sum(amount for _, _, amount in balances)
        if not verdict.holds or total:
            found.append(f"I2: {verdict}")
        charged = sum(t.amount.minor * t.charges for t in site.books.trades.values())
        back = sum(r.amount.minor for r in site.books.refunds.values())
        held = sum(amount for account, _, amount in balances if account == f"clearing:{site.kind}")
        if held != charged - back or any(t.charges > 1 for t in site.books.trades.values()):
            found.append(f"the company took {charged} and gave back {back}, our books hold {held}")
        captures = Counter(p.charge_no for p in self._payments() if p.state is PaymentState.PAID)
        if any(count > 1 for count in captures.values()):
            found.append(f"I1: captured {dict(captures)}")
        return found

    def _coupons(self) -> list[str]:
        """I3."""
        found = [f"I3: {fault}" for fault in self.site.database.read(balance.faults)]
        uses = self.site.database.read(lambda conn: coupon_store.uses_of_stay(conn, self.stay_id, *UseState))
        back = [use for use in uses if use.state is UseState.RETURNED]
        coupon = self.site.database.read(lambda conn: coupon_store.coupon(conn, str(uses[0].coupon_id)))
        if len(back) != 1 or coupon is None or coupon.state is not CouponState.FREE:
            found.append(f"I4: after the whole refund the coupon came back {len(back)} times")
        return found

    def _refunded(self) -> list[str]:
        """I4: never more than came, and exactly what was wanted."""
        found = []
        gone = sum(r.amount.minor for r in self._refunds() if r.state is RefundState.REFUNDED)
        back = sum(r.amount.minor for r in self.site.books.refunds.values())
        captured = sum(p.amount.minor for p in self._payments() if p.state is PaymentState.PAID)
        if not gone == back == captured:
            found.append(f"I4: captured {captured}, booked back {gone}, the company gave back {back}")
        return found

    def _left_over(self) -> list[str]:
        """Whatever somebody would have to put right."""
        site, found = self.site, []
        found += [f"payment {p.state}" for p in self._payments() if p.is_live]
        found += [f"refund {r.state}" for r in self._refunds() if r.state is not RefundState.REFUNDED]
        late = sa.and_(job.c.state == "waiting", job.c.run_at <= site.clock.now())
        query = sa.select(job.c.kind).where(sa.or_(job.c.state == "dead", late))
        found += [f"job {kind}" for kind in site.database.read(lambda conn: conn.execute(query).scalars().all())]
        lost = site.database.read(lambda conn: conn.execute(sa.select(dead_letter.c.error)).scalars().all())
        found += [f"lost event: {error}" for error in lost]
        found += [f"difference {row['difference']}" for row in site.database.read(reconciling.open_differences)]
        if not isinstance(site.stay(StayId(self.stay_id)), ClosedStay):
            found.append("the car is still inside")
        return found


COMPANIES = tuple(WIRES)
