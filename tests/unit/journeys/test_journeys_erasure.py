"""After an erasure the plate stands in no row of any table, whatever had been done about its stays, and every chain still holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from parking.access import invitation_store
from parking.access import store as access_store
from parking.access.invitation_store import Invitation
from parking.access.rows import InvitationRow
from parking.bootstrap.desk import desk_of
from parking.bootstrap.erasing import OTHERS_FORGET
from parking.bootstrap.tables import all_tables
from parking.journeys import app_hooks, correcting, forgetting, owing, taking_back
from parking.kernel.errors import ParkingError
from parking.kernel.events import Direction, MemberChanged, VehicleBackedAway
from parking.kernel.ids import StayId, VisitId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal
from parking.kernel.votes import Votes
from parking.members import service as members
from parking.members import store as member_store
from parking.members.model import Proof, Purpose, Vehicle, VehicleState
from parking.plumbing.db import UnitOfWork
from parking.security import audit
from parking.security.roles import ROLES
from parking.sessions import cases, corrections, store
from parking.sessions.desk import service as desk_service
from parking.sessions.desk.model import Choice, Wish
from payments import store as payment_store
from payments.coupons import store as coupon_store
from payments.coupons.desk import Coupons
from payments.coupons.model import Bound, Coupon, CouponState
from payments.later import saving
from tests.builders.coupons import a_campaign
from tests.builders.journeys import ENTRY, OTHER_PLATE, PLATE, SiteStory, answer, passage

pytestmark = pytest.mark.req("PRIV-1")
MINE, MISREAD = Plate(PLATE), "浙A1234S"
VOTES = Votes.of([(MISREAD, 0.0), (PLATE, -2.0)], "blue", "civil")
LI = Principal("operator", "li", ROLES["manager"])


class Signs:
    """No code is asked for here."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def erase(site: SiteStory, plate: Plate = MINE) -> None:
    """Whoever holds this car has joined, and wishes to be forgotten."""

    def work(uow: UnitOfWork) -> None:
        member = members.join(uow, "app", f"customer-{plate.masked}")
        held = Vehicle(
            uow.ids.new(uow.now), member.member_id, plate, VehicleState.ACTIVE, Proof.DOCUMENT, uow.now, uow.now
        )
        member_store.insert_vehicle(uow.connection, held)
        forgetting.erase(uow, Coupons(Signs(), Signs()), member.member_id, OTHERS_FORGET)

    site.database.write(work)
    site.application.drain()


def holding(site: SiteStory, plate: str) -> list[str]:
    """The tables and columns that hold this plate in some spelling, of all that there are."""
    wanted = {one.decode("latin-1") for one in payment_store.spellings(plate)}

    def told(value: object) -> str:
        if isinstance(value, bytes | memoryview):
            return bytes(value).decode("latin-1").upper()
        text = value.text if isinstance(value, Plate) else str(value)
        return text.upper().encode().decode("latin-1") + text.upper()

    def read(conn: sa.Connection) -> list[str]:
        return sorted(
            {
                f"{table.name}.{name}"
                for table in all_tables().sorted_tables
                for row in conn.execute(table.select()).mappings()
                for name, value in row.items()
                if any(one in told(value) for one in (*wanted, plate))
            }
        )

    return site.database.read(read)


def did(site: SiteStory) -> list[StayId]:
    """Much that can be done about a car's stays; nothing of it is still going on. Returns the stays."""
    read_anew = site.enter(MISREAD, votes=VOTES)
    said = {"actor": "li", "reason": f"the driver showed me {PLATE}"}
    site.database.write(lambda uow: correcting.reread(uow, site.application.cashier, read_anew, MINE, **said))
    site.park(hours=2)
    payment = site.begin_payment(read_anew)
    site.approve(payment)
    note = f'{{"plate": "{PLATE}"}}'.encode()
    site.database.write(lambda uow: payment_store.keep_said(uow, "wallet", "e1", payment.number, b"sealed", "settled"))
    strange = f"car={quote(PLATE.encode('gb18030'))}".encode()
    site.database.write(lambda uow: payment_store.keep_said(uow, "wallet", "e2", "nobodys", strange, "mismatch"))
    site.database.write(lambda uow: payment_store.keep_said(uow, "wallet", "e3", "nobodys", note, "mismatch"))
    site.leave(votes=VOTES)
    open_to_it = Votes.of([("浙A1Z345", 0.0), (PLATE, -2.0)])  # somebody else's car, which may have been this one
    site.hear(answer(Direction.IN, turned := site.visit(), "浙A1Z345", allowed=False, votes=open_to_it))
    site.hear(VehicleBackedAway(ENTRY, VisitId(turned)))
    lost = site.enter()
    site.park(hours=30)
    site.database.write(lambda uow: correcting.gone(uow, lost, **said))
    first, second = site.enter(), None
    site.park(hours=1)
    second = site.enter()
    site.park(hours=1)
    site.leave(OTHER_PLATE)  # somebody whom nobody saw come in
    site.leave()
    site.application.drain()
    _at_the_desk(site, first)
    site.database.write(_visited)
    site.database.write(lambda uow: audit.record(uow, LI, "stay.close", first, f"it was {PLATE}"))
    site.database.write(_given_coupon)
    return [read_anew, lost, first, second]


def _at_the_desk(site: SiteStory, stay_id: StayId) -> None:
    """A person ends a question, and writes the plate into the note."""
    desk = desk_of(site.application)

    def work(uow: UnitOfWork) -> None:
        cases.open_case(uow, "something_else", stay_id=stay_id)
        (case_id,) = store.open_cases(uow.connection, "something_else", stay_id)
        desk_service.take(uow, desk, case_id, LI)
        wish = Wish(Choice.DONE, "other", note=f"{PLATE} it is")
        desk_service.decide(uow, desk, case_id, 1, LI, wish)

    site.database.write(work)


def _visited(uow: UnitOfWork) -> None:
    """It was a visitor's, by an invitation that is over, and somebody began to save a card for it."""
    begun = uow.now - timedelta(hours=3)
    row = InvitationRow("i1", "anna", begun, begun + timedelta(hours=1), None, plate=MINE)
    invitation_store.save_invitation(uow.connection, Invitation(row, "Mr Wang"))
    access_store.put_fact(uow, row)
    card = {"id": "c1", "key": "k", "number": "n", "stay_id": "s1", "plate": MINE, "channel": "wallet", "state": "open"}
    uow.connection.execute(saving.saving_table.insert().values({**card, "begun_at": begun}))


def _given_coupon(uow: UnitOfWork) -> None:
    coupon_store.save_campaign(uow.connection, a_campaign())
    until = uow.now + timedelta(days=30)
    new = Coupon("k1", "hour", "o1", Bound.PLATE, CouponState.FREE, uow.now, uow.now, until, plate=MINE)
    coupon_store.insert(uow.connection, new)


def settle(site: SiteStory) -> None:
    """Nothing is owed any more, and nothing of the car is inside."""

    def work(uow: UnitOfWork) -> None:
        s = store.stay.c
        for stay_id in uow.connection.execute(
            sa.select(s.id).where(s.plate == MINE, s.state.not_in(store.OVER))
        ).scalars():
            correcting.gone(uow, StayId(stay_id), actor="li", reason="not here")
        for debt, _ in list(site.application.cashier.later.open_debts(uow.connection, MINE)):
            owing.give_up(uow, site.application.cashier, debt.stay_id)

    site.database.write(work)
    site.application.drain()


def test_no_table_holds_an_erased_plate_and_all_chains_hold(site: SiteStory) -> None:
    did(site)
    settle(site)
    before = holding(site, PLATE)
    assert {"card_saving.plate", "access_invitation.plate", "copy_row.data"} <= set(before)
    assert {"stay.plate", "correction_plates.spelt", "payment_callback.body", "outbox.data", "coupon.plate"} <= set(
        before
    )
    erase(site)
    assert holding(site, PLATE) == []
    assert holding(site, "Mr Wang") == []
    assert holding(site, MISREAD) == [], "what it was read as, at the visits of its stays"
    assert site.database.read(corrections.verify) is None
    assert site.database.read(audit.verify).broken_at is None
    kept = site.database.read(
        lambda conn: {r.event_id: (r.body, r.digest) for r in conn.execute(payment_store.callback_table.select())}
    )
    assert [kept[one][0] for one in ("e1", "e2", "e3")] == [None, None, None]
    assert all(len(digest) == 64 for _, digest in kept.values()), "that it was said, and what, can still be shown"


def test_what_a_box_tells_late_of_an_erased_plate_is_forgotten_in_every_table(site: SiteStory) -> None:
    did(site)
    settle(site)
    came, left = site.clock.now(), site.park(hours=1)
    site.park(days=1)
    erase(site)
    visit = site.visit()
    site.hear(passage(Direction.IN, visit, votes=VOTES), at=came, box="edge-2")
    site.hear(passage(Direction.OUT, site.visit(), votes=VOTES, stay=visit), at=left, box="edge-2")
    site.stop_waiting()
    settle(site)
    assert holding(site, PLATE) == []


def test_a_car_that_is_inside_while_its_member_goes_is_forgotten_when_it_has_left(site: SiteStory) -> None:
    stay_id = site.enter(votes=VOTES)
    site.park(hours=1)
    erase(site)
    assert "stay.plate" in holding(site, PLATE), "it cannot be let out by nobody"
    site.park(hours=1)
    site.approve(site.begin_payment(stay_id))
    site.park(minutes=3)
    site.leave(votes=VOTES)
    site.application.drain()
    assert holding(site, PLATE) == []
    site.enter()
    site.park(days=2)
    site.leave()
    site.application.drain()
    assert "stay.plate" in holding(site, PLATE), "whoever comes with that plate afterwards has not asked for anything"


def test_what_is_erased_cannot_be_brought_back_and_what_is_not_can_be_taken_back(site: SiteStory) -> None:
    stay_id = site.enter(MISREAD)
    cashier = site.application.cashier
    made = site.database.write(
        lambda uow: correcting.reread(uow, cashier, stay_id, Plate(OTHER_PLATE), actor="li", reason="seen")
    )
    erase(site, Plate(MISREAD))
    (found,) = [one for one in site.corrections(stay_id) if one.id == made]
    assert (found.erased, (found.before or {})["plate"]) == (False, MISREAD), (
        "the car is inside: by what it came is known"
    )
    undone = site.database.write(
        lambda uow: taking_back.undo(uow, site.application.cashier, made, actor="li", reason="a slip")
    )
    assert undone != made
    again = site.database.write(
        lambda uow: correcting.reread(uow, cashier, stay_id, Plate(OTHER_PLATE), actor="li", reason="so")
    )
    site.leave(OTHER_PLATE)
    erase(site, Plate(MISREAD))
    with pytest.raises(ParkingError, match="erased"):
        site.database.write(lambda uow: taking_back.undo(uow, site.application.cashier, again, actor="li", reason="no"))


def test_a_plate_beside_the_chain_cannot_be_changed_unnoticed(site: SiteStory) -> None:
    stay_id = site.enter(MISREAD)
    site.database.write(
        lambda uow: correcting.reread(uow, site.application.cashier, stay_id, MINE, actor="li", reason="seen")
    )
    table = corrections.correction_plates
    spelt = site.database.read(lambda conn: conn.execute(sa.select(table.c.spelt)).scalar_one())
    forged = {**spelt, "after": {**spelt["after"], "plate": OTHER_PLATE}}
    site.database.write(lambda uow: uow.connection.execute(table.update().values(spelt=forged)))
    assert site.database.read(corrections.verify) == 1
    site.database.write(lambda uow: uow.connection.execute(table.update().values(spelt=spelt)))
    assert site.database.read(corrections.verify) is None


def test_what_an_app_was_told_keeps_no_name_of_its_customer(site: SiteStory) -> None:
    def work(uow: UnitOfWork) -> str:
        member = members.join(uow, "app", "customer-77")
        member_store.note_consent(uow.connection, member.member_id, Purpose.CRM, True, uow.now, "member")
        app_hooks.set_hook(uow, "app", "https://app.mall.example/hook")
        told = uow.publish(MemberChanged(member.member_id, "tier"))
        app_hooks.send(uow, told, member.member_id, "member.tier", {})
        return member.member_id

    member_id = site.database.write(work)
    assert holding(site, "customer-77") == ["job.payload", "member.ref"]
    site.database.write(lambda uow: forgetting.erase(uow, Coupons(Signs(), Signs()), member_id, OTHERS_FORGET))
    assert holding(site, "customer-77") == []
