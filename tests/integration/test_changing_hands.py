"""A car is sold: what its former holder had agreed to pay for it ends with that, and never pays for the new holder's parking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parking.kernel.ids import StayId
from parking.security import store as security
from payments.later import store as later
from tests.builders.application import problem_of
from tests.builders.loyalty import Mall, Member, a_mall


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    with a_mall(tmp_path) as running:
        yield running
        running.check()


def own_agreements(member: Member) -> list[str]:
    return [str(one["agreement_id"]) for one in member.ask("GET", "/me/agreements").json()]


@pytest.mark.req("MEM-1", "PAY-3")
def test_a_sold_car_is_not_parked_at_the_cost_of_whoever_sold_it(mall: Mall) -> None:
    seller, buyer = mall.join("seller"), mall.join("buyer")
    seller.own()
    agreement = mall.agree()
    assert own_agreements(seller) == [agreement]
    mall.server.park(minutes=5)
    buyer.own()
    assert own_agreements(seller) == own_agreements(buyer) == []
    assert next(one["kind"] for one in seller.ask("GET", "/me/notices").json()) == "agreement_ended"
    database = mall.server.application.database
    ended = [
        one for one in database.read(lambda conn: list(security.audit_entries(conn))) if one.action == "agreement.ended"
    ]
    assert [(one.actor_kind, one.subject) for one in ended] == [("system", agreement)]
    owed = mall.leave_owing()
    debt = database.read(lambda conn: later.debt(conn, StayId(owed)))
    assert debt is not None
    assert debt.agreement_id is None


@pytest.mark.req("MEM-1", "PAY-3")
def test_a_stay_that_began_while_the_change_of_holder_was_late_is_not_paid_by_the_former_one(mall: Mall) -> None:
    seller, buyer = mall.join("seller"), mall.join("buyer")
    seller.own()
    mall.agree()
    mall.server.park(minutes=5)
    stay_id = mall.server.enter()
    buyer.bind(stay_id)
    mall.leave(stay_id)
    mall.server.park(days=8)  # the job that ends the cooling time has not run yet
    owed, inside = mall.leave_owing(), mall.server.enter()
    database = mall.server.application.database
    mall.server.application.jobs.run_due()
    mall.server.settle_down()
    debt = database.read(lambda conn: later.debt(conn, StayId(owed)))
    assert debt is not None
    assert debt.agreement_id is None
    assert database.read(lambda conn: later.set_aside(conn, StayId(inside))) is None


@pytest.mark.req("MEM-1", "PAY-3")
def test_whoever_has_let_go_of_a_car_still_ends_what_he_agreed_to_and_nobody_else_sees_it(mall: Mall) -> None:
    seller, other = mall.join("seller"), mall.join("other")
    vehicle = seller.own()
    agreement = mall.agree()
    mall.server.park(minutes=5)
    assert seller.ask("DELETE", f"/me/vehicles/{vehicle}").status_code == 204
    assert (own_agreements(seller), own_agreements(other)) == ([agreement], [])
    problem_of(other.ask("DELETE", f"/me/agreements/{agreement}"), 404)
    assert seller.ask("DELETE", f"/me/agreements/{agreement}").status_code == 204
    assert own_agreements(seller) == []


@pytest.mark.req("MEM-1", "PAY-3")
def test_what_was_agreed_before_there_was_any_member_stays_with_the_first_one(mall: Mall) -> None:
    before, first = mall.agree(), mall.join()
    first.own()
    assert own_agreements(first) == [before]


@pytest.mark.req("MEM-1", "PAY-3")
def test_what_a_buyer_agrees_to_since_his_claim_stays_his(mall: Mall) -> None:
    seller, buyer = mall.join("seller"), mall.join("buyer")
    seller.own()
    stay_id = mall.server.enter()
    buyer.bind(stay_id)
    mall.server.park(minutes=5)
    agreement = mall.agree()
    mall.leave(stay_id)
    mall.server.park(days=8)
    mall.server.application.jobs.run_due()
    mall.server.settle_down()
    assert own_agreements(buyer) == [agreement]


@pytest.mark.req("MEM-1")
def test_a_code_that_was_given_to_the_holder_of_a_car_does_not_prove_that_he_is_its_holder(mall: Mall) -> None:
    seller, buyer = mall.join("seller"), mall.join("buyer")
    seller.own()
    came = mall.server.enter()
    buyer.bind(came)
    mall.leave(came)
    mall.server.park(days=6, hours=23)
    inside = mall.server.enter()  # the buyer drives; for an hour more the seller is the holder
    code = seller.ask("POST", f"/me/stays/{inside}/code").json()["token"]
    mall.server.park(hours=2)
    mall.server.application.jobs.run_due()
    for proof in ("lane_qr", "payment"):
        claimed = seller.ask("POST", "/me/vehicles", json={"proof": proof, "stay_token": code})
        assert problem_of(claimed, 409)["code"] == "vehicle.weak_proof"
    with_it = {"Authorization": f"Bearer {code}"}
    assert mall.server.ask("GET", "/my/stay", headers=with_it).status_code == 200, "it opens the page of the stay"
