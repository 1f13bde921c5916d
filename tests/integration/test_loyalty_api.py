"""Members, merchants and coupons through the doors that the mall's app, a till and a phone use."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from parking.journeys import owing
from parking.kernel.events import Direction
from parking.kernel.ids import RandomIds
from parking.members.tables import member_table, vehicle_table
from parking.plumbing.tables import outbox
from parking.sessions import store as sessions
from tests.builders.application import problem_of, rows
from tests.builders.journeys import OTHER_PLATE, PLATE, passage
from tests.builders.loyalty import EVERYTHING, HOUR, Mall, a_campaign, a_mall
from tests.builders.plumbing import eventually


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    with a_mall(tmp_path, join_url="https://mall.example/join") as running:
        yield running
        running.check()


@pytest.mark.req("CPN-1")
def test_a_tills_code_gives_one_coupon_to_whoever_scans_it_first(mall: Mall) -> None:
    mall.campaign()
    mine, theirs = mall.server.enter(PLATE), mall.server.enter(OTHER_PLATE)
    mall.server.park(minutes=90)
    code = mall.till("POST", "/till/codes", json={"campaign_id": "hour"}).json()
    for _ in range(2):
        shown = mall.server.ask("POST", "/my/coupons", "driver", stay=mine, json={"code": code["code"]})
        assert shown.status_code == 201, shown.text
    photographed = mall.server.ask("POST", "/my/coupons", "driver", stay=theirs, json={"code": code["code"]})
    assert problem_of(photographed, 409)["code"] == "coupon.code_used"
    bill = mall.bill(mine)
    assert [line["code"] for line in bill["lines"]] == ["first", "step", "coupon"]
    assert bill["lines"][2]["text"]["en"] == "Café hour (1 h off the clock)"
    mall.server.park(minutes=3)
    old = mall.server.ask("POST", "/my/coupons", "driver", stay=theirs, json={"code": code["code"]})
    assert problem_of(old, 422)["code"] == "coupon.code"
    payment = mall.pay(mine)
    assert payment["amount"]["amount"] == bill["due"]["amount"] == mall.bill(theirs)["due"]["amount"] - 400


@pytest.mark.req("CPN-1")
def test_a_merchant_reads_and_exports_what_it_gave_and_nothing_of_who_used_it(mall: Mall) -> None:
    mall.campaign(zh="=1+1 券")
    stay_id = mall.server.enter()
    body = {"receipt": "r-1", "amount": 5000, "currency": "CNY", "plate": PLATE}
    mall.campaign("receipt", receipt_minor=3000)
    first = mall.till("POST", "/till/purchases", json=body).json()
    assert mall.till("POST", "/till/purchases", json=body).json() == first, "told twice, given once"
    unknown = mall.till("POST", "/till/purchases", json={**body, "receipt": "r-2", "plate": "京Z99999"}).json()
    assert {k: len(v) if isinstance(v, list) else v for k, v in unknown.items()} == {"points": 0, "coupons": 1}
    mall.server.park(minutes=90)
    mall.pay(stay_id)
    span = "since=2026-01-01T00:00:00Z&until=2026-12-30T00:00:00Z"
    found = mall.till("GET", f"/till/statement?{span}").json()
    assert (found["merchant_id"], found["issued"], found["used"]) == ("cafe", 2, 1)
    exported = mall.till("GET", f"/till/statement.csv?{span}").text
    table = list(csv.DictReader(io.StringIO(exported)))
    assert [int(row["amount_minor"]) for row in table] == [found["owed"]["amount"]]
    assert PLATE not in exported
    assert PLATE[1:] not in exported
    assert mall.manager("GET", f"/coupons/merchants/cafe/statement?{span}").json() == found
    problem_of(mall.till("GET", "/coupons/merchants/cafe/statement?" + span), 403)


@pytest.mark.req("CPN-1")
def test_a_coupon_that_went_back_with_its_purchase_is_not_counted_against_whoever_buys_again(mall: Mall) -> None:
    mall.campaign("receipt", receipt_minor=3000, per_holder=1)

    def coupons_of(receipt: str) -> int:
        body = {"receipt": receipt, "amount": 5000, "currency": "CNY", "plate": PLATE}
        return len(mall.till("POST", "/till/purchases", json=body).json()["coupons"])

    assert (coupons_of("r-1"), coupons_of("r-2")) == (1, 0), "one for each car"
    mall.till("POST", "/till/purchases/r-1/back")
    assert (coupons_of("r-3"), coupons_of("r-4")) == (1, 0)


@pytest.mark.req("MEM-1", "MEM-2", "PRIV-2")
def test_a_member_is_recognised_at_payment_and_a_stranger_with_the_plate_learns_nothing(mall: Mall) -> None:
    level = {
        "zh": "金卡",
        "en": "Gold",
        "benefits": [{"zh": "金卡礼遇", "en": "Gold hour", "kind": "hours", "minutes": 60}],
    }
    assert mall.manager("PUT", "/member-levels/tier/gold", json=level).status_code == 200
    member = mall.join()
    mall.app("PUT", f"/members/{member.member_id}/standing", json={"tier": "gold"})
    mall.campaign("welcome", issuer="mall", bound="member", effect={"kind": "amount", "minor": 100})
    given = mall.app(
        "POST", "/coupons/campaigns/welcome/issue", json={"origin": "welcome-1", "member_id": member.member_id},
        headers={"Idempotency-Key": "w1"},
    )  # fmt: skip
    assert given.status_code == 201, given.text
    member.own()
    stay_id = mall.server.enter()
    mall.server.park(minutes=90)
    bill = mall.bill(stay_id)
    assert sorted(line["code"] for line in bill["lines"] if line["amount"]["amount"] < 0) == ["coupon", "tier"]
    kiosk = mall.server.ask("POST", "/kiosk/stays/find", "kiosk", json={"plate": PLATE}).json()
    shown = [line for line in kiosk["stay"]["bill"]["lines"] if line["amount"]["amount"] < 0]
    assert [line["text"]["en"] for line in shown] == ["Discounts"], "a plate typed by anybody names no tier"
    weak = {"Authorization": f"Bearer {kiosk['stay_token']}"}
    problem_of(mall.server.ask("POST", "/my/coupons", headers=weak, json={"code": "x"}), 403)
    claimed = member.ask("POST", "/me/vehicles", json={"proof": "lane_qr", "stay_token": kiosk["stay_token"]})
    assert problem_of(claimed, 409)["code"] == "vehicle.weak_proof"
    payment = mall.pay(stay_id)
    paid = mall.server.ask("GET", f"/my/payments/{payment['payment_id']}", "driver", stay=stay_id).json()
    assert (payment["join_url"], paid["join_url"]) == (None, "https://mall.example/join"), "an offer, afterwards"
    assert member.points() == payment["amount"]["amount"] // 100
    mall.leave(stay_id)
    mall.server.park(days=1, seconds=1)
    finder, old = mall.join("finder"), mall.server.ticket(stay_id)
    for proof in ("lane_qr", "payment"):
        claimed = finder.ask("POST", "/me/vehicles", json={"proof": proof, "stay_token": old})
        assert problem_of(claimed, 409)["code"] == "vehicle.weak_proof", "an old ticket is found in a bin"


@pytest.mark.req("PRIV-2")
def test_with_every_consent_taken_back_everything_still_works_and_nothing_is_recognised(mall: Mall) -> None:
    member = mall.join()
    member.own()
    contact = {"name": "王小明", "phone": "13800138000", "mail": "ming@example.com"}
    assert member.ask("PUT", "/me/contact", json=contact).status_code == 204
    assert all("王" not in str(row["contact"]) for row in rows(mall.server, member_table)), "sealed where it lies"
    seen = mall.manager("GET", f"/members/{member.member_id}").json()["contact"]
    assert (seen["name"], seen["phone"], seen["mail"]) == ("王**", "*********00", "m***@example.com")
    assert [look["what"] for look in member.ask("GET", "/me/looks").json()] == ["member"]
    member.ask("PUT", "/me/consents", json=dict.fromkeys(EVERYTHING, False))
    me = member.ask("GET", "/me").json()
    assert (set(me["consents"].values()), me["contact"]["phone"]) == ({False}, "")
    assert problem_of(member.ask("GET", "/me/stays"), 409)["code"] == "member.no_consent"
    stay_id = mall.server.enter()
    mall.server.park(minutes=90)
    assert [line["code"] for line in mall.bill(stay_id)["lines"]] == ["first", "step"]
    assert mall.pay(stay_id)["amount"]["amount"] == 1000
    assert member.points() == 0


@pytest.mark.req("MEM-1")
def test_points_of_two_merchants_are_one_ledger_and_become_a_coupon_at_once(mall: Mall) -> None:
    mall.campaign("hour-for-80", issuer="mall", source="points", bound="member", points=80)
    member = mall.join()
    assert member.buy("r-1")["points"] == 100
    assert member.buy("r-1")["points"] == 100, "the same receipt"
    assert member.points() == 100
    offers = member.ask("GET", "/me/points").json()["offers"]
    assert [(o["campaign_id"], o["points"]) for o in offers] == [("hour-for-80", 80)]
    for _ in range(2):
        bought = member.ask(
            "POST", "/me/exchanges", json={"campaign_id": "hour-for-80"}, headers={"Idempotency-Key": "e1"}
        )
        assert bought.status_code == 201, bought.text
    assert (member.points(), len(member.ask("GET", "/me/coupons").json())) == (20, 1)
    again = member.ask("POST", "/me/exchanges", json={"campaign_id": "hour-for-80"}, headers={"Idempotency-Key": "e2"})
    assert problem_of(again, 409)["code"] == "points.short"
    assert len(member.ask("GET", "/me/coupons").json()) == 1, "both or neither"
    assert mall.till("POST", "/till/purchases/r-1/back").json() == {"points": 20}
    assert member.points() == 0
    sums = {row["merchant_id"]: row["sums"] for row in mall.manager("GET", "/points/settlement").json()}
    assert sums == {"cafe": {"issued": 80}, "mall": {"spent": -80}, "members": {"member": 0}}


@pytest.mark.req("MEM-1")
def test_a_vehicle_changes_hands_only_after_a_notice_and_never_against_an_objection(mall: Mall) -> None:
    holder, other = mall.join("holder"), mall.join("other")
    held = holder.own()
    stay_id = mall.server.enter()
    claimed = other.bind(stay_id)
    assert claimed["state"] == "cooling"
    (notice,) = holder.ask("GET", "/me/notices").json()
    assert (notice["kind"], notice["about"]) == ("vehicle_claimed", claimed["vehicle_id"])
    assert holder.ask("POST", f"/me/claims/{notice['about']}/object").status_code == 204

    def states() -> dict[str, str]:
        return {row["id"]: row["state"] for row in rows(mall.server, vehicle_table)}

    mall.server.park(days=30)
    mall.server.application.jobs.run_due()
    eventually(
        lambda: states() == {held: "active", claimed["vehicle_id"]: "review"}
    )  # the server's own worker may have it
    problem_of(other.ask("POST", f"/me/claims/{held}/object"), 404)
    problem_of(other.ask("DELETE", f"/me/vehicles/{held}"), 404)
    assert mall.manager("POST", f"/member-claims/{claimed['vehicle_id']}/approve").json()["state"] == "cooling"
    mall.server.park(days=8)
    mall.server.application.jobs.run_due()
    eventually(lambda: states() == {held: "ended", claimed["vehicle_id"]: "active"})


@pytest.mark.req("MEM-1")
def test_a_member_sees_stays_since_the_car_became_his_and_none_from_before(mall: Mall) -> None:
    member = mall.join()
    member.own()
    stay_id = mall.server.enter()
    mall.server.park(minutes=90)
    mall.pay(stay_id)
    (stay,) = member.ask("GET", "/me/stays").json()
    assert (stay["stay_id"], stay["plate"]) == (stay_id, "浙A***45")
    assert [(p["state"], p["amount"]["amount"]) for p in stay["payments"]] == [("PAID", 1000)]


@pytest.mark.req("FIND-1", "PRIV-1")
def test_a_member_is_led_to_his_car_and_not_to_one_that_came_in_before_it_was_his(mall: Mall) -> None:
    member, server = mall.join(), mall.server
    before = server.enter()
    member.bind(before)
    server.park(days=2)
    server.application.jobs.run_due()
    assert [v["state"] for v in member.ask("GET", "/me").json()["vehicles"]] == ["active"]
    assert problem_of(member.ask("POST", "/find"), 403)["code"] == "find.no_proof"
    mall.leave(before)
    server.enter()
    assert member.ask("POST", "/find").status_code == 201
    assert member.ask("POST", "/find", json={"plate": PLATE}).status_code == 201
    problem_of(member.ask("POST", "/find", json={"plate": OTHER_PLATE}), 403)


@pytest.mark.req("MEM-1", "PAY-3")
def test_a_member_pays_what_his_own_car_owes_once_and_ends_what_charges_it(mall: Mall) -> None:
    before = mall.leave_owing()  # whoever had the car then
    member, other = mall.join("one"), mall.join("two")
    member.own()
    agreement = mall.agree()
    owed = mall.leave_owing()
    (debt,) = member.ask("GET", "/me/debts").json()
    assert (debt["debt_id"], debt["left"]["amount"], debt["plate"]) == (owed, 600, "浙A***45")
    assert other.ask("GET", "/me/debts").json() == []
    problem_of(member.ask("POST", f"/me/debts/{before}/dispute", json={}), 404)
    how = {"json": {"channel": "wallet"}, "headers": {"Idempotency-Key": "own-1"}}
    first, again = (member.ask("POST", f"/me/debts/{owed}/payments", **how) for _ in range(2))
    assert (first.status_code, again.json()) == (201, first.json())
    other_way = {**how, "json": {"channel": "other"}}
    refused = problem_of(member.ask("POST", f"/me/debts/{owed}/payments", **other_way), 409)
    assert refused["code"] == "idempotency.reused"
    mall.server.approve(first.json()["pay_url"])
    mall.server.settle_down()
    assert member.ask("GET", "/me/debts").json() == []
    (stands,) = member.ask("GET", "/me/agreements").json()
    assert (stands["agreement_id"], stands["per_stay"]["amount"]) == (agreement, 3000)
    assert member.ask("DELETE", f"/me/agreements/{agreement}").status_code == 204
    assert member.ask("GET", "/me/agreements").json() == []


@pytest.mark.req("PRIV-1", "PAY-1")
def test_a_member_is_reminded_of_what_his_own_car_owes_and_hears_nothing_of_whoever_had_it_before(mall: Mall) -> None:
    mall.leave_owing()
    member, application = mall.join(), mall.server.application
    member.own()
    owing.age(application.database, application.cashier)
    mall.server.settle_down()
    assert [one["kind"] for one in member.ask("GET", "/me/notices").json()] == []
    owed = mall.leave_owing()
    mall.server.park(days=4)
    owing.age(application.database, application.cashier)
    mall.server.settle_down()
    assert [(one["kind"], one["about"]) for one in member.ask("GET", "/me/notices").json()] == [("debt", owed)]


@pytest.mark.req("MEM-1")
def test_a_wallet_says_of_each_coupon_what_it_does_for_the_car_that_is_here_and_why_it_does_nothing(mall: Mall) -> None:
    mall.campaign("small", issuer="mall", bound="member", effect={"kind": "amount", "minor": 100})
    mall.campaign(
        "big", issuer="mall", bound="member", effect={"kind": "amount", "minor": 100, "least_fee_minor": 9000}
    )
    member = mall.join()
    for campaign in ("small", "big"):
        body = {"origin": campaign, "member_id": member.member_id}
        key = {"Idempotency-Key": campaign}
        mall.app("POST", f"/coupons/campaigns/{campaign}/issue", json=body, headers=key)
    member.own()
    assert [one["here"] for one in member.ask("GET", "/me/coupons").json()] == [[], []], "no car is here"
    stay_id = mall.server.enter()
    mall.server.park(minutes=90)
    here = {one["campaign_id"]: one["here"][0] for one in member.ask("GET", "/me/coupons").json()}
    assert {name: (one["stay_id"], one["counts"], one["why"]) for name, one in here.items()} == {
        "small": (stay_id, True, None),
        "big": (stay_id, False, "bill_too_small"),
    }
    member.ask("PUT", "/me/consents", json={"recognise": False})
    assert [one["here"] for one in member.ask("GET", "/me/coupons").json()] == [[], []], "he is not recognised by it"


@pytest.mark.req("MEM-1")
def test_points_tell_where_they_came_from_and_went_and_how_far_the_next_tier_is(mall: Mall) -> None:
    for name, least in (("silver", 50), ("gold", 400)):
        benefit = {"zh": "首小时", "en": "First hour", "kind": "first_hour", "minutes": 60}
        level = {"zh": name, "en": name, "from_points": least, "benefits": [benefit]}
        assert mall.manager("PUT", f"/member-levels/tier/{name}", json=level).status_code == 200
    mall.campaign("hour-for-80", issuer="mall", source="points", bound="member", points=80)
    member = mall.join()
    member.buy("r-1")
    member.ask("POST", "/me/exchanges", json={"campaign_id": "hour-for-80"}, headers={"Idempotency-Key": "e1"})
    standing = member.ask("GET", "/me/standing").json()
    assert (standing["tier"]["level_id"], standing["following"]["level_id"]) == ("silver", "gold")
    assert (standing["earned"], standing["points_to_go"]) == (100, 300), "what was spent still counts for the tier"
    assert standing["tier"]["benefits"] == [{"zh": "首小时（前 1 小时免费）", "en": "First hour (first 1 h free)"}]
    mall.till("POST", "/till/purchases/r-1/back")
    newest = member.ask("GET", "/me/points/history?limit=2").json()
    oldest = member.ask("GET", f"/me/points/history?cursor={newest['next']}").json()
    told = [(m["points"], m["kind"], m["fact"], m["merchant_id"]) for m in [*newest["items"], *oldest["items"]]]
    assert told == [
        (-20, "taken_back", "purchase", "cafe"),
        (-80, "spent", "exchange", "mall"),
        (100, "earned", "purchase", "cafe"),
    ]
    assert oldest["next"] is None
    standing = member.ask("GET", "/me/standing").json()
    assert (standing["tier"], standing["earned"]) == (None, 0), (
        "what was given back does not, though its points are spent"
    )


@pytest.mark.req("MEM-1")
def test_nobody_reaches_a_tier_by_buying_and_giving_back(mall: Mall) -> None:
    level = {"zh": "银卡", "en": "Silver", "from_points": 250, "benefits": []}
    assert mall.manager("PUT", "/member-levels/tier/silver", json=level).status_code == 200
    member = mall.join()
    for n in range(4):
        member.buy(f"r-{n}")
        assert mall.till("POST", f"/till/purchases/r-{n}/back").json() == {"points": 100}
    standing = member.ask("GET", "/me/standing").json()
    assert (standing["earned"], standing["tier"]) == (0, None)


@pytest.mark.req("PRIV-1")
def test_erasure_forgets_everywhere_and_outlives_what_a_box_tells_late(mall: Mall) -> None:
    member = mall.join()
    mall.campaign("welcome", issuer="mall", bound="member")
    mall.app(
        "POST", "/coupons/campaigns/welcome/issue", json={"origin": "w", "member_id": member.member_id},
        headers={"Idempotency-Key": "w"},
    )  # fmt: skip
    member.own()
    member.buy("r-1")
    before = mall.server.clock.now()
    mall.server.park(days=1)
    old_token = member.token
    assert member.ask("DELETE", "/me").json() == {"stays": 1}
    problem_of(mall.bearing(old_token, "GET", "/me"), 404)
    problem_of(mall.app("GET", f"/members/{member.member_id}"), 404)
    came, went = (RandomIds().new(before) for _ in range(2))
    late = mall.server.box  # its line was cut: what it saw yesterday arrives only now
    late.note(passage(Direction.IN, came, PLATE), before)
    late.note(passage(Direction.OUT, went, PLATE, stay=came), mall.server.clock.now())
    mall.server.box.send()
    mall.server.settle_down()
    stays = rows(mall.server, sessions.stay)
    assert {stay["state"] for stay in stays} == {"closed"}
    assert [stay["plate"] for stay in stays] == [None, None]
    told = mall.server.application.database.read(lambda conn: str(conn.execute(outbox.select()).all()))
    assert PLATE not in told
    assert member.member_id not in str(rows(mall.server, vehicle_table))
    rejoined = mall.app("POST", "/members", json={"ref": "customer-1"}).json()
    assert rejoined["member_id"] != member.member_id


@pytest.mark.req("PRIV-1")
def test_foreign_members_and_unknown_ones_look_the_same(mall: Mall) -> None:
    member, other = mall.join("one"), mall.join("two")
    foreign = member.ask("DELETE", f"/me/vehicles/{other.member_id}")
    unknown = member.ask("DELETE", "/me/vehicles/none")
    assert problem_of(foreign, 404) | {"instance": ""} == problem_of(unknown, 404) | {"instance": ""}
    forged = member.token[:-4] + "AAAA"
    problem_of(mall.bearing(forged, "GET", "/me"), 401)
    problem_of(member.ask("GET", "/my/stay"), 403)


@pytest.mark.req("CPN-1")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"effect": {"kind": "percent", "percent": 0}}, "percent"),
        ({"valid_until": "2025-01-01T00:00:00Z"}, "valid_until"),
        ({"issuer": "nobody"}, "issuer"),
        ({"bound": "plate", "points": 5}, "bound"),
        ({"effect": {**HOUR, "hours": 1}}, "body.effect.hours"),
    ],
)
def test_a_campaign_that_makes_no_sense_is_refused_with_its_field(
    mall: Mall, changes: dict[str, object], field: str
) -> None:
    refused = problem_of(mall.manager("PUT", "/coupons/campaigns/x", json=a_campaign(**changes)), 422)
    assert field.rpartition(".")[2] in str(refused["errors"]) + refused["detail"]


@pytest.mark.req("CPN-1", "OPEN-1")
def test_a_receipt_is_in_the_malls_money_and_can_be_taken_back_however_its_till_numbers_it(mall: Mall) -> None:
    mall.campaign("receipt", receipt_minor=3000)
    told = {"receipt": "2026/03/1", "amount": 5000, "currency": "JPY", "plate": PLATE}
    assert problem_of(mall.till("POST", "/till/purchases", json=told), 422)["code"] == "receipt.currency"
    earned = mall.till("POST", "/till/purchases", json={**told, "currency": "CNY"}).json()
    back = mall.till("POST", "/till/purchases/2026%2F03%2F1/back")
    assert (back.status_code, back.json()) == (200, {"points": 0})
    assert mall.manager("DELETE", f"/coupons/{earned['coupons'][0]['coupon_id']}").status_code == 204, "it is void"
    assert problem_of(mall.till("POST", "/till/purchases", json={**told, "currency": "CNY"}), 409)["code"] == (
        "receipt.reversed"
    )


@pytest.mark.req("CPN-1")
def test_a_coupon_takes_off_the_money_that_it_names_and_no_other(mall: Mall) -> None:
    body = a_campaign(effect={"kind": "amount", "minor": 500}, currency="USD")
    assert problem_of(mall.manager("PUT", "/coupons/campaigns/five", json=body), 422)["code"] == "campaign.currency"


@pytest.mark.req("CPN-1")
def test_a_bearers_coupon_that_was_given_back_after_its_end_is_shown_by_the_same_paper(mall: Mall) -> None:
    mall.campaign("paper", bound="bearer", receipt_minor=3000, valid_until="2026-03-08T00:00:00Z")
    stay_id = mall.server.enter()
    bought = {"receipt": "r-1", "amount": 5000, "currency": "CNY"}
    paper = {"code": mall.till("POST", "/till/purchases", json=bought).json()["coupons"][0]["code"]}
    assert mall.server.ask("POST", "/my/coupons", "driver", stay=stay_id, json=paper).status_code == 201
    mall.server.park(hours=2)
    payment = mall.pay(stay_id)
    mall.server.park(days=1)
    other = mall.server.enter("京Z99999")
    used = mall.server.ask("POST", "/my/coupons", "driver", stay=other, json=paper)
    assert problem_of(used, 409)["code"] == "coupon.redeemed"
    back = f"/payments/{payment['payment_id']}/coupons/return"
    assert mall.manager("POST", back, headers={"Idempotency-Key": "b"}).json() == {"returned": 1}
    shown = mall.server.ask("POST", "/my/coupons", "driver", stay=other, json=paper)
    assert (shown.status_code, shown.json()["valid_until"][:10]) == (201, "2026-03-15")
    mall.server.park(days=8)
    late = mall.server.ask("POST", "/my/coupons", "driver", stay=mall.server.enter("京Z99998"), json=paper)
    assert problem_of(late, 409)["code"] == "coupon.expired"
