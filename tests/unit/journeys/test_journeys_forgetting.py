"""What is forgotten is forgotten everywhere, a debt when it is over; and nothing personal is kept longer than its purpose allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import pytest
import sqlalchemy as sa

from parking.access import invitation_store
from parking.access import store as access_store
from parking.access.invitation_store import Invitation
from parking.access.rows import InvitationRow
from parking.analytics import ratings
from parking.bootstrap.erasing import OTHERS_FORGET
from parking.bootstrap.rounds import purge
from parking.journeys import forgetting, paying
from parking.journeys.coupon_port import Coupons
from parking.kernel import codec
from parking.kernel.events import Direction, Envelope, PatrolEnded
from parking.kernel.ids import EventId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal
from parking.kernel.votes import Votes
from parking.members import service as members
from parking.members import store as member_store
from parking.members.model import Proof, Vehicle, VehicleState
from parking.members.tables import notice_table, receipt_table, vehicle_table
from parking.plumbing import given_up
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import bury
from parking.plumbing.jobs import enqueue, job
from parking.plumbing.tables import dead_letter
from parking.security import looks
from parking.sessions import store
from parking.sessions.desk import lesson_store, lessons
from parking.sessions.desk.model import Lesson
from parking.sessions.visit_notes import visit_note
from payments import store as payment_store
from payments.coupons import store as coupon_store
from payments.coupons.model import Bound, Coupon, CouponState
from payments.coupons.tables import coupon_table
from payments.later import saving
from payments.later import store as later_store
from tests.builders.coupons import a_campaign
from tests.builders.journeys import MORNING, PLATE, SiteStory, passage

pytestmark = pytest.mark.req("PRIV-1")
MINE = Plate(PLATE)


class NoCoupons:
    """A desk that has given none."""

    def forget_member(self, uow: UnitOfWork, member_id: str) -> None:
        coupon_store.forget_member(uow.connection, member_id)


def erase_holder(site: SiteStory) -> None:
    """Somebody whose car it is joins, and wishes to be forgotten."""

    def work(uow: UnitOfWork) -> None:
        member = members.join(uow, "app", "customer-1")
        held = Vehicle("v1", member.member_id, MINE, VehicleState.ACTIVE, Proof.DOCUMENT, uow.now, uow.now)
        member_store.insert_vehicle(uow.connection, held)
        forgetting.erase(uow, cast(Coupons, NoCoupons()), member.member_id, OTHERS_FORGET)

    site.database.write(work)
    site.application.drain()


def everything(site: SiteStory, *tables: sa.Table) -> str:
    """All that these tables hold, plates in clear."""

    def read(conn: sa.Connection) -> str:
        rows = [row for table in tables for row in conn.execute(table.select()).all()]
        return " ".join(v.text if isinstance(v, Plate) else str(v) for row in rows for v in row)

    return site.database.read(read)


def test_a_stay_forgets_every_spelling_of_its_plate(site: SiteStory) -> None:
    votes = Votes.of([(PLATE, 0.0), ("浙A1234S", -3.0)], "blue", "small")
    site.enter(votes=votes)
    site.park(hours=1)
    site.hear(passage(Direction.OUT, site.visit(), "沪X00001", votes=Votes.lone("沪X00001")))
    site.leave(votes=votes)
    erase_holder(site)
    left = everything(site, store.stay, store.unmatched_exit)
    assert PLATE not in left
    assert "浙A1234S" not in left
    assert "沪X00001" in left, "somebody else's exit"


def test_a_debt_keeps_its_plate_until_it_is_paid_and_not_a_moment_longer(site: SiteStory) -> None:
    stay_id = site.enter()
    site.park(hours=2)
    site.leave()
    site.park(days=1)
    erase_holder(site)
    assert PLATE in everything(site, later_store.debt_table), "whoever owes is not forgotten before he has paid"
    cashier, stay = site.application.cashier, site.stay(stay_id)
    to_price = site.database.read(lambda conn: paying.priced(conn, stay))
    payment = cashier.begin_payment(to_price, site.clock.now(), "wallet", "debt-1")
    site.approve(site.payment(payment.payment_id))
    assert PLATE not in everything(site, later_store.debt_table, store.stay)
    assert site.sums(stay_id).debt == 0


def test_an_agreement_ends_with_the_wish_and_goes_when_nothing_is_owed_under_it(site: SiteStory) -> None:
    later = site.application.cashier.later
    site.database.write(lambda uow: later.agree(uow, MINE, "wallet", "ref-1", (10_000, 20_000, 30_000)))
    erase_holder(site)
    assert everything(site, later_store.agreement_table) == ""


@pytest.mark.parametrize(
    ("read", "true"), [("浙A12345", "浙A1234S"), ("浙A1234", "浙A12345"), ("浙A12B45", "浙A12845")]
)
def test_a_lesson_forgets_whose_plate_it_was_and_teaches_the_same(site: SiteStory, read: str, true: str) -> None:
    new = Lesson("l1", "d1", Plate(read), Plate(true), site.clock.now(), "li", True)
    site.database.write(lambda uow: lesson_store.add_lesson(uow.connection, new))
    (before,) = site.database.read(lesson_store.lessons)
    site.database.write(lambda uow: lesson_store.blank_lessons(uow.connection, sa.true()))
    (after,) = site.database.read(lesson_store.lessons)
    assert lessons.differences(after.read, after.true) == lessons.differences(before.read, before.true)
    shared = set(read) & set(true)
    assert not shared & set(after.read.text + after.true.text)


# --- by purpose ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """Something personal: how it comes to be there at a moment, and whether it still is."""

    put: Callable[[UnitOfWork, datetime], object]
    tables: tuple[sa.Table, ...]
    trace: str = PLATE


def a_stay(uow: UnitOfWork, at: datetime, number: int = 1) -> None:
    row = {
        "id": f"s{number}",
        "plate": MINE,
        "state": "closed",
        "entered_at": at,
        "exited_at": at,
        "lane_id": "entry-1",
    }
    row |= {"exit_lane_id": "exit-1", "tariff_version": "x", "votes": Votes.lone(PLATE).compact(), "folded": 1}
    uow.connection.execute(store.stay.insert().values(row))


def an_exit(uow: UnitOfWork, at: datetime, number: int = 1) -> None:
    row = {"visit_id": f"v{number}", "plate": MINE, "exited_at": at, "lane_id": "exit-1", "case_id": "c1"}
    uow.connection.execute(store.unmatched_exit.insert().values({**row, "votes": Votes.lone(PLATE).compact()}))


def a_lesson(uow: UnitOfWork, at: datetime) -> None:
    lesson_store.add_lesson(uow.connection, Lesson("l1", "d1", MINE, Plate("浙A1234S"), at, "li", True))


def a_coupon(uow: UnitOfWork, at: datetime) -> None:
    coupon_store.save_campaign(uow.connection, a_campaign())
    coupon = Coupon("k1", "hour", "o1", Bound.PLATE, CouponState.FREE, at - timedelta(days=1), at, at, plate=MINE)
    coupon_store.insert(uow.connection, coupon)


def a_debt(uow: UnitOfWork, at: datetime) -> None:
    row = {"stay_id": "s1", "plate": MINE, "amount": 1, "currency": "CNY", "since": at, "state": "paid"}
    uow.connection.execute(later_store.debt_table.insert().values({**row, "tries": 0, "reminded": 0}))


def an_agreement(uow: UnitOfWork, at: datetime) -> None:
    row = {"id": "a1", "plate": MINE, "channel": "wallet", "reference": "r", "since": at, "ended_at": at}
    row |= {"per_stay_minor": 1, "at_once_minor": 1, "per_day_minor": 1}
    uow.connection.execute(later_store.agreement_table.insert().values(row))


def a_receipt(uow: UnitOfWork, at: datetime) -> None:
    row = {"merchant_id": "cafe", "receipt": "r1", "member_id": "member-1", "amount": 1, "currency": "CNY"}
    uow.connection.execute(receipt_table.insert().values({**row, "points": 0, "at": at}))


def a_vehicle(uow: UnitOfWork, at: datetime) -> None:
    held = Vehicle("v1", "member-1", MINE, VehicleState.ENDED, Proof.DOCUMENT, at, at)
    member_store.insert_vehicle(uow.connection, held)
    uow.connection.execute(vehicle_table.update().values(ended_at=at))


def a_notice(uow: UnitOfWork, at: datetime) -> None:
    member_store.notify(uow.connection, "n1", "member-1", "vehicle_claimed", "v1", at)


def a_look(uow: UnitOfWork, at: datetime) -> None:
    looks.note(uow, Principal("operator", "li", frozenset()), "stay", "s1")
    uow.connection.execute(looks.look_table.update().values(at=at))


def what_was_said(uow: UnitOfWork, at: datetime) -> None:
    payment_store.keep_said(uow, "wallet", "e1", "n1", b"from B-12345", "settled")
    uow.connection.execute(payment_store.callback_table.update().values(received_at=at))


def a_rating(uow: UnitOfWork, at: datetime) -> None:
    said = {"stay_id": "s1", "day": "2026-03-02", "lane_id": "out-1", "score": 2, "words": "B-12345 waited", "at": at}
    uow.connection.execute(ratings.rating.insert().values(said))


def what_was_given_up(uow: UnitOfWork, at: datetime) -> None:
    passed = Envelope(EventId("e1"), at, "edge-1", passage(Direction.IN, "v1", PLATE))
    bury(uow, "stays", passed, "ValueError", 8)
    uow.connection.execute(dead_letter.update().values(died_at=at))
    enqueue(uow, "app_event", "app:1", {"plate": PLATE})
    uow.connection.execute(job.update().values(state="dead", ended_at=at))


def a_try_to_save_a_card(uow: UnitOfWork, at: datetime) -> None:
    row = {"id": "c1", "key": "k", "number": "n", "stay_id": "s1", "plate": MINE, "channel": "wallet", "state": "saved"}
    uow.connection.execute(saving.saving_table.insert().values({**row, "begun_at": at}))


def a_note(uow: UnitOfWork, at: datetime, number: int = 1) -> None:
    said = {"event_id": f"e{number}", "visit_id": f"v{number}", "kind": "LaneDecided", "lane_id": "entry-1"}
    uow.connection.execute(visit_note.insert().values({**said, "at": at, "plate": MINE, "said": {}}))


def a_visitor(uow: UnitOfWork, at: datetime, number: int = 1) -> None:
    row = InvitationRow(f"i{number}", "anna", at - timedelta(hours=2), at, None, plate=MINE)
    invitation_store.save_invitation(uow.connection, Invitation(row, f"who drives {PLATE}"))
    access_store.put_fact(uow, row)


PURPOSES = {
    "what a provider said": Kept(what_was_said, (payment_store.callback_table,), "B-12345"),
    "plate of a stay": Kept(a_stay, (store.stay,)),
    "plate of an exit without a stay": Kept(an_exit, (store.unmatched_exit,)),
    "plates of a lesson": Kept(a_lesson, (lesson_store.desk_lesson,)),
    "plate of a coupon": Kept(a_coupon, (coupon_table,)),
    "plate of a debt": Kept(a_debt, (later_store.debt_table,)),
    "agreement": Kept(an_agreement, (later_store.agreement_table,)),
    "try to save a card": Kept(a_try_to_save_a_card, (saving.saving_table,)),
    "visitor of an invitation": Kept(a_visitor, (invitation_store.access_invitation, access_store.copy_row)),
    "who bought": Kept(a_receipt, (receipt_table,), "member-1"),
    "ended vehicle": Kept(a_vehicle, (vehicle_table,)),
    "notice": Kept(a_notice, (notice_table,), "member-1"),
    "look": Kept(a_look, (looks.look_table,), "li"),
    "what was given up": Kept(what_was_given_up, (dead_letter, job)),
    "words of a rating": Kept(a_rating, (ratings.rating,), "B-12345"),
}


def test_an_event_that_was_given_up_after_an_erasures_time_loses_its_plate_and_can_still_be_read(
    site: SiteStory,
) -> None:
    """It happened before: when it was given up, or tried again, says nothing of whose it is."""
    patrol = Envelope(
        EventId("e1"), MORNING, "edge-1", PatrolEnded(MORNING, (MINE, Plate("沪B67890")), (), "operator:li")
    )

    erase_holder(site)
    site.park(days=2)
    site.database.write(lambda uow: bury(uow, "stays", patrol, "ValueError", 8))
    site.database.write(lambda uow: forgetting._forget_plate(uow, MINE, MORNING + timedelta(days=1)))
    assert PLATE not in everything(site, dead_letter)
    kept = site.database.read(lambda conn: conn.scalar(sa.select(dead_letter.c.envelope)))
    assert kept is not None
    told = codec.decode(kept).event
    assert isinstance(told, PatrolEnded)
    assert told.plates == (Plate("沪B67890"),)
    site.database.write(lambda uow: given_up.let_be(uow, "stays:e1"))


def test_every_purpose_is_proven_here_or_by_its_own_room() -> None:
    assert forgetting.KEPT.keys() - PURPOSES.keys() == {"plate at a provider"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_what_is_personal_is_kept_as_long_as_its_purpose_allows_and_no_longer(site: SiteStory, purpose: str) -> None:
    kept, long = PURPOSES[purpose], forgetting.KEPT[purpose]
    site.database.write(lambda uow: kept.put(uow, MORNING))
    site.clock.advance(long)
    purge(site.database)
    assert kept.trace in everything(site, *kept.tables)
    site.clock.advance(timedelta(minutes=1))
    purge(site.database)
    assert kept.trace not in everything(site, *kept.tables)


def test_a_mall_with_many_visits_forgets_each_of_them_on_its_day(
    site: SiteStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One round takes all that is due, in many short works; what is not due yet stays."""
    many = (a_stay, an_exit, a_note, a_visitor)
    site.database.write(lambda uow: [put(uow, MORNING, number) for number in range(7) for put in many])
    site.clock.advance(timedelta(days=365, minutes=1))
    site.database.write(lambda uow: a_stay(uow, uow.now, number=8))
    write, works = site.database.write, list[str]()

    def counted(work: Callable[[UnitOfWork], object]) -> object:
        works.append("one")
        return write(work)

    monkeypatch.setattr(site.database, "write", counted)

    assert purge(site.database, at_once=3) == 7
    assert len(works) == 3 * len(many) + 1
    bare = (store.unmatched_exit, visit_note, invitation_store.access_invitation, access_store.copy_row)
    assert PLATE not in everything(site, *bare)
    known = sa.select(store.stay.c.id).where(store.stay.c.plate.is_not(None))
    assert site.database.read(lambda conn: conn.scalars(known).all()) == ["s8"]
