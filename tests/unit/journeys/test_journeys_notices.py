"""Providers that charge by plate hear when an enrolled car comes and goes, and what they say lets it leave first: over the real wires."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from hardware_sim.providers.faults import Fault
from parking.bootstrap.application import build
from parking.kernel.events import Direction, ExitPromised
from parking.kernel.ids import StayId, VisitId
from parking.kernel.money import Money
from parking.kernel.plate import Plate
from payments.later import agreements, notice_store, store
from payments.later.model import DebtState, Terms
from payments.later.notice_store import Notice, NoticeState
from payments.later.notices import colour_of
from payments.providers.abilities import PlateColour, Standing, StandingChanged
from payments.providers.channels import Channel
from payments.providers.memory import MemoryProvider
from payments.providers.registry import Method
from payments.settling import Settled
from tests.builders.journeys import EXIT, SiteStory, demo_settings, passage
from tests.builders.provider_companies import COMPANIES
from tests.builders.providers import CAR, Company

pytestmark = pytest.mark.req("PAY-1", "PAY-4")
TELLERS = ("wechat_parking", "alipay_parking", "unionpay_plate")


@contextmanager
def at_company(site: SiteStory, kind: str, tmp_path: Path, standing: Standing) -> Iterator[Company]:
    """The same site with one company that charges by plate."""
    with COMPANIES[kind].open(tmp_path, site.clock) as company:
        company.books.standings[CAR.plate] = standing
        channels = {
            "wallet": Channel("wallet", "wallet", "wallet", Method.QR, MemoryProvider(site.clock)),
            kind: Channel(kind, kind, kind, Method.PLATE, company.provider),
        }
        site.application = build(demo_settings(), site.database, clock=site.clock, channels=channels)
        site.application.prepare()
        yield company


def notice(site: SiteStory, stay_id: StayId, kind: str) -> Notice:
    found = site.database.read(lambda conn: notice_store.get(conn, stay_id, kind))
    assert found is not None
    return found


def credit(site: SiteStory, stay_id: StayId) -> int:
    row = site.copy_row("stay", stay_id)
    assert row is not None
    return int(row["credit_minor"])


def leave_first(site: SiteStory, stay_id: StayId) -> None:
    due = site.due_at_the_lane(stay_id, site.clock.now())
    assert due is not None
    visit, limit = site.visit(), Money(10_000, "CNY")
    said = ExitPromised(EXIT, VisitId(visit), stay_id, Money(due, "CNY"), limit, f"token-{visit[-20:]}")
    site.hear(said, passage(Direction.OUT, visit, CAR.plate, stay=stay_id))


def time_passes(site: SiteStory, company: Company, turns: int = 6) -> None:
    """The company collects what it has taken on, and its jobs run here."""
    for _ in range(turns):
        for trade in list(company.books.trades.values()):
            company.books.pay(trade.number)
        site.park(minutes=11)
        site.application.drain()


@pytest.mark.parametrize("kind", TELLERS)
def test_an_enrolled_car_leaves_first_and_its_provider_collects_once(
    site: SiteStory, kind: str, tmp_path: Path
) -> None:
    with at_company(site, kind, tmp_path, Standing.ENROLLED) as company:
        stay_id = site.enter(CAR.plate)
        told = notice(site, stay_id, kind)
        assert told.standing is Standing.ENROLLED
        assert credit(site, stay_id) == 10_000  # in the lane's copy before the car comes to the exit
        site.park(hours=2)
        leave_first(site, stay_id)
        time_passes(site, company)
        debt = site.database.read(lambda conn: store.debt(conn, stay_id))
        assert debt is not None
        assert debt.state is DebtState.PAID
        (trade,) = company.books.trades.values()
        assert (trade.charges, trade.amount.minor) == (1, 1000)
        assert notice(site, stay_id, kind).state is NoticeState.OVER
    site.check()


@pytest.mark.req("PRIV-1")
@pytest.mark.parametrize("kind", TELLERS)
def test_a_car_that_the_provider_does_not_know_gets_no_credit_and_its_stay_is_told_to_nobody(
    site: SiteStory, kind: str, tmp_path: Path
) -> None:
    with at_company(site, kind, tmp_path, Standing.NOT_ENROLLED) as company:
        stay_id = site.enter(CAR.plate)
        assert notice(site, stay_id, kind).state is NoticeState.STRANGER
        assert credit(site, stay_id) == 0
        assert company.books.inside == {}


@pytest.mark.parametrize("kind", ["wechat_parking", "alipay_parking"])
@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.ERROR_500])
def test_a_provider_that_does_not_answer_is_told_again_and_counts_one_entry(
    site: SiteStory, kind: str, fault: Fault, tmp_path: Path
) -> None:
    with at_company(site, kind, tmp_path, Standing.ENROLLED) as company:
        company.switches.set(fault, operation="enter", times=2)
        stay_id = site.enter(CAR.plate)
        assert credit(site, stay_id) == 0
        for _ in range(4):
            site.park(seconds=40)
            site.application.drain()
        assert notice(site, stay_id, kind).state is NoticeState.INSIDE
        assert credit(site, stay_id) == 10_000
        assert len(company.books.inside) == 1


def test_a_stay_that_is_over_before_its_provider_could_be_told_is_told_in_and_out(
    site: SiteStory, tmp_path: Path
) -> None:
    with at_company(site, "alipay_parking", tmp_path, Standing.ENROLLED) as company:
        company.switches.set(Fault.ERROR_500, times=-1)
        stay_id = site.enter(CAR.plate)
        site.park(minutes=10)
        visit = site.visit()
        site.hear(passage(Direction.OUT, visit, CAR.plate, stay=stay_id))
        company.switches.clear()
        for _ in range(3):
            site.park(minutes=10)
            site.application.drain()
        assert notice(site, stay_id, "alipay_parking").state is NoticeState.OVER


def test_a_driver_who_falls_behind_while_inside_gets_no_credit_for_the_next_stay(
    site: SiteStory, tmp_path: Path
) -> None:
    with at_company(site, "wechat_parking", tmp_path, Standing.ENROLLED):
        stay_id = site.enter(CAR.plate)
        told = notice(site, stay_id, "wechat_parking")
        later = site.clock.now() + timedelta(minutes=1)
        news = StandingChanged(told.number, str(told.reference), Standing.PAUSED, later)
        listener = site.application.notices.told
        assert site.database.write(lambda uow: listener(uow, "wechat_parking", news)) is Settled.CHANGED
        assert site.database.write(lambda uow: listener(uow, "wechat_parking", news)) is Settled.SAME
        assert site.database.write(lambda uow: listener(uow, "alipay_parking", news)) is Settled.MISMATCH
        site.application.drain()
        assert site.database.read(lambda conn: store.agreement_of(conn, Plate(CAR.plate))) is None
        assert credit(site, stay_id) == 10_000  # what a lane was told stays set aside for this stay


def test_an_agreement_that_a_person_made_is_left_alone(site: SiteStory, tmp_path: Path) -> None:
    terms = Terms(500, 500, 500)
    site.database.write(lambda uow: agreements.agree(uow, Plate(CAR.plate), "wallet", "contract-1", terms))
    with at_company(site, "wechat_parking", tmp_path, Standing.NOT_ENROLLED):
        assert credit(site, site.enter(CAR.plate)) == 500


@pytest.mark.req("PRIV-1")
def test_plates_at_providers_are_forgotten(site: SiteStory, tmp_path: Path) -> None:
    with at_company(site, "wechat_parking", tmp_path, Standing.ENROLLED):
        stay_id = site.enter(CAR.plate)
        site.database.write(lambda uow: notice_store.forget_plate(uow.connection, Plate(CAR.plate), uow.now))
        assert notice(site, stay_id, "wechat_parking").plate is not None  # it is inside
        site.park(minutes=5)
        site.hear(passage(Direction.OUT, site.visit(), CAR.plate, stay=stay_id))
        site.database.write(lambda uow: notice_store.forget_plate(uow.connection, Plate(CAR.plate), uow.now))
        assert notice(site, stay_id, "wechat_parking").plate is None


@pytest.mark.parametrize(
    ("plate", "seen", "colour"),
    [
        ("京A12345", None, PlateColour.BLUE),
        ("京AD12345", None, PlateColour.GREEN),
        ("京A12345", "yellow", PlateColour.YELLOW),
        ("京A12345", "pink", PlateColour.BLUE),
    ],
)
def test_the_colour_is_what_the_camera_saw_where_the_provider_has_a_word_for_it(
    plate: str, seen: str | None, colour: PlateColour
) -> None:
    assert colour_of(Plate(plate), seen) is colour
