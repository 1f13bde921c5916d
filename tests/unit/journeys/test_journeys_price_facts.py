"""What a price depends on is known to the site itself, from passages, bays, passes and earlier stays; and a bill keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from parking.access import keeping
from parking.access.rights_store import Holder
from parking.access.rows import LotRow
from parking.kernel.events import BaySeen, Direction
from parking.kernel.ids import BayId, DeviceId, LotId, StayId, ZoneId
from parking.kernel.plate import Plate
from parking.plumbing.db import Database
from parking.sessions import erasure
from payments import store as payments_store
from payments.tariff.facts import recalled
from tests.builders.access import a_pass
from tests.builders.journeys import PLATE, SiteStory, passage

pytestmark = pytest.mark.req("FEE-1")
MALL, INNER = LotId("mall"), LotId("inner")
NESTED = """\
tariff: 1
name: { zh: 场中场, en: A lot inside a lot }
currency: CNY
timezone: Asia/Shanghai
step: { minutes: 60, amount: 5 }
zones:
  - name: { zh: 内场, en: Inner lot }
    zones: [inner]
    anew: true
    step: { minutes: 60, amount: 20 }
  - name: { zh: 负一层, en: Level one }
    zones: [b1]
    step: { minutes: 60, amount: 7 }
"""
ONCE_A_DAY = """\
tariff: 1
name: { zh: 每天一次, en: Once a day }
currency: CNY
timezone: Asia/Shanghai
free_minutes: 60
free_per: day
step: { minutes: 60, amount: 5 }
day: { cap: 12, limit: aggregate }
"""
PLAIN = """\
tariff: 1
name: { zh: 普通, en: Plain }
currency: CNY
timezone: Asia/Shanghai
step: { minutes: 60, amount: 5 }
"""


class Town(SiteStory):
    """A site under a tariff of the test's own, with a lot inside a lot."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        super().__init__(database)
        self.database.write(lambda uow: keeping.save_lot(uow, LotRow(MALL, None, 100, None)))
        self.database.write(lambda uow: keeping.save_lot(uow, LotRow(INNER, MALL, 10, None)))

    def under(self, text: str) -> Town:
        file = self.folder / "tariff.yaml"
        file.write_text(text, encoding="utf-8")
        self.restart(tariff=file)
        return self

    def come(self, plate: str = PLATE, **more: Any) -> StayId:
        visit = self.visit()
        self.hear(replace(passage(Direction.IN, visit, plate), **{"lot_id": MALL, **more}))
        return StayId(visit)

    def drive(self, direction: Direction, stay_id: StayId | None, **more: Any) -> None:
        """Between the two lots; the lane may or may not know the stay."""
        event = passage(direction, self.visit(), PLATE)
        self.hear(replace(event, **{"stay_id": stay_id, "lot_id": INNER, "outer_lot_id": MALL, **more}))

    def kept(self, stay_id: StayId) -> dict[str, Any]:
        """What a bill was priced from."""
        row = self.database.read(lambda conn: payments_store.bill_of(conn, stay_id))
        assert row is not None
        return dict(row.facts)


@pytest.fixture
def town(database: Database, tmp_path: Path) -> Iterator[Town]:
    story = Town(database, tmp_path)
    yield story
    story.check()


@pytest.mark.parametrize("known_to_the_lane", [True, False])
def test_whoever_drives_on_into_an_inner_lot_pays_its_price_there_and_nobody_has_to_say_so(
    town: Town, known_to_the_lane: bool
) -> None:
    town.under(NESTED)
    stay_id = town.come()
    town.park(hours=2)
    assert town.bill(stay_id) == 1000
    town.drive(Direction.IN, stay_id if known_to_the_lane else None)
    town.park(hours=1)
    assert town.bill(stay_id) == 3000
    now = town.clock.now()
    assert town.due_at_the_lane(stay_id, now + timedelta(minutes=61)) == 7000, "the lanes' copies follow the passage"
    town.drive(Direction.OUT, stay_id if known_to_the_lane else None)
    town.park(hours=1)
    town.leave(PLATE)
    assert town.sums(stay_id).due == 3500
    assert [place[1] for place in town.kept(stay_id)["places"]] == ["", "inner", ""]


def test_a_bay_that_sees_the_car_counts_from_then_on(town: Town) -> None:
    town.under(NESTED)
    stay_id = town.come()
    town.park(hours=1)
    for _ in range(2):
        town.hear(
            BaySeen(BayId("b1-007"), ZoneId("b1"), True, "video", DeviceId("c1"), 0.97, town.clock.now(), Plate(PLATE))
        )
        town.park(hours=1)
    assert town.bill(stay_id) == 500 + 700 + 700
    assert town.due_at_the_lane(stay_id, town.clock.now() + timedelta(minutes=1)) == 2600


def test_free_minutes_once_a_day_and_a_days_cap_remember_the_earlier_stay(town: Town) -> None:
    town.under(ONCE_A_DAY)
    first = town.come()
    town.park(minutes=50)
    town.leave(PLATE)
    second = town.come()
    town.park(minutes=50)
    town.leave(PLATE)
    third = town.come("沪B67890")
    town.park(minutes=50)
    town.leave("沪B67890")
    assert [town.sums(one).due for one in (first, second, third)] == [0, 500, 0]
    fourth = town.come()
    town.park(hours=5)
    assert town.bill(fourth) == 700, "the cap of the day, less what was paid before"
    assert len(town.kept(second)["earlier"]) == 1


def test_a_pass_covers_the_time_for_which_it_holds_and_the_rest_is_charged(town: Town) -> None:
    town.under(PLAIN)
    now = town.clock.now()
    town.database.write(lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", None, (Plate(PLATE),), ())))
    held = a_pass("p1", PLATE, valid_from=now - timedelta(days=1), valid_until=now + timedelta(hours=3))
    town.database.write(lambda uow: keeping.save_pass(uow, held))
    stay_id = town.come(right="pass:p1")
    town.park(hours=2)
    assert town.bill(stay_id) == 0
    assert town.due_at_the_lane(stay_id, now + timedelta(hours=4, minutes=30)) == 1000
    town.park(hours=3)
    assert town.bill(stay_id) == 1000
    town.leave(PLATE)
    assert (town.sums(stay_id).due, town.sums(stay_id).waived) == (1000, 0)
    assert len(town.kept(stay_id)["covered"]) == 1


def test_a_pass_of_the_inner_lot_leaves_the_outer_one_to_be_paid(town: Town) -> None:
    town.under(NESTED)
    town.database.write(lambda uow: keeping.save_holder(uow, Holder("h1", "Wang", None, (Plate(PLATE),), ())))
    town.database.write(lambda uow: keeping.save_pass(uow, a_pass("p1", PLATE, lots=(INNER,))))
    stay_id = town.come()
    town.park(hours=1)
    town.drive(Direction.IN, stay_id, right="pass:p1")
    town.park(hours=5)
    town.drive(Direction.OUT, stay_id)
    town.park(hours=1)
    assert town.bill(stay_id) == 1000
    town.leave(PLATE)
    assert (town.sums(stay_id).due, town.sums(stay_id).waived) == (1000, 0)


def test_a_bill_can_be_worked_out_again_when_everything_that_it_rested_on_is_gone(town: Town) -> None:
    town.under(
        ONCE_A_DAY.replace(
            "step:",
            "classes:\n  - { name: { zh: 绿, en: Green }, for: { plates: [green] }, step: { minutes: 60, amount: 1 } }\nstep:",
        )
    )
    plate = "浙AD12345"
    town.come(plate)
    town.park(minutes=50)
    town.leave(plate)
    stay_id = town.come(plate)
    town.park(hours=3)
    town.leave(plate)
    booked = town.sums(stay_id).due
    assert booked == 300
    town.under(PLAIN)
    town.park(days=1)
    town.database.write(lambda uow: erasure.forget_plate(uow, Plate(plate), uow.now))
    town.application.tariffs._known.clear()  # another process, which has only the database
    assert town.bill(stay_id) == booked
    facts = recalled(town.kept(stay_id))
    assert (facts.plate_class, len(facts.earlier)) == ("green", 1)


def test_a_bill_from_before_bills_kept_their_facts_is_still_explained(town: Town) -> None:
    town.under(PLAIN)
    stay_id = town.come()
    town.park(hours=3)
    town.leave(PLATE)
    bill = payments_store.bill_table
    town.database.write(lambda uow: uow.connection.execute(bill.update().values(facts=sa.null())))
    assert town.bill(stay_id) == 1500


def test_whoever_has_paid_leaves_within_the_time_that_his_tariff_gives(town: Town) -> None:
    town.under(PLAIN + "free_exit_minutes: 25\n")
    stay_id = town.come()
    town.park(hours=1)
    town.pay(stay_id)
    paid_at: datetime = town.clock.now()
    assert town.due_at_the_lane(stay_id, paid_at + timedelta(minutes=25)) == 0
    assert town.due_at_the_lane(stay_id, paid_at + timedelta(minutes=26)) == 500
    town.park(minutes=24)
    town.leave(PLATE)
    assert town.sums(stay_id).debt == 0


def test_where_a_tariff_gives_no_time_to_leave_a_minute_later_is_charged(town: Town) -> None:
    town.under(PLAIN + "free_exit_minutes: 0\n")
    stay_id = town.come()
    town.park(hours=1)
    town.pay(stay_id)
    assert town.due_at_the_lane(stay_id, town.clock.now() + timedelta(minutes=1)) == 500


def test_what_is_given_once_in_24_hours_is_given_every_other_day_to_who_comes_a_little_earlier_each_day(
    town: Town,
) -> None:
    town.under(ONCE_A_DAY.replace("free_per: day", "free_per: 24h").replace("day: { cap: 12, limit: aggregate }\n", ""))
    bills = []
    for _ in range(8):
        stay_id = town.come()
        town.park(minutes=50)
        town.leave(PLATE, stay=stay_id)
        bills.append(town.sums(stay_id).due)
        town.park(hours=23)
    assert bills == [0, 500] * 4
    town.park(days=3)
    last = town.come()
    town.park(minutes=50)
    town.leave(PLATE, stay=last)
    assert len(town.kept(last).get("earlier", ())) == 0, "after two days nothing is remembered"
