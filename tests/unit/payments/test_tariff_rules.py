"""Every rule that a tariff may have, one small case each; what people argued about in the papers among them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from parking.kernel import money
from parking.kernel.errors import ParkingError
from parking.kernel.money import Money, decimals
from payments.tariff.facts import NO_FACTS, Facts, Place, Visit
from payments.tariff.outlook import Before, outlook
from payments.tariff.price import itemise, price
from tests.builders.payments import a_tariff

pytestmark = pytest.mark.req("FEE-1")
SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = "tariff: 1\nname: { zh: 测, en: T }\ncurrency: CNY\ntimezone: Asia/Shanghai\n"
HOURLY = HEAD + "step: { minutes: 60, amount: 5 }\n"


def at(text: str) -> datetime:
    """A time on the wall in Shanghai, such as `05-06 10:00` (2026; a Wednesday)."""
    return datetime.fromisoformat(f"2026-{text.replace(' ', 'T')}").replace(tzinfo=SHANGHAI)


def cost(text: str, entered: str, left: str, facts: Facts = NO_FACTS) -> float:
    """In whole units."""
    return price(a_tariff(text), at(entered), at(left), facts).total.minor / 100


def codes(text: str, entered: str, left: str, facts: Facts = NO_FACTS) -> list[tuple[str, int]]:
    return [(line.code, line.count) for line in price(a_tariff(text), at(entered), at(left), facts).lines]


def test_an_entry_may_be_all_that_is_charged() -> None:
    per_entry = HEAD + "entry: { amount: 8 }\n"
    assert cost(per_entry, "05-06 10:00", "05-06 10:01") == cost(per_entry, "05-06 10:00", "05-09 10:00") == 8
    assert codes(per_entry, "05-06 10:00", "05-09 10:00") == [("entry", 1)]


def test_an_entry_may_be_charged_again_on_each_day() -> None:
    assert cost(HEAD + "entry: { amount: 8, each: day }\n", "05-06 23:00", "05-08 01:00") == 24


def test_first_periods_may_follow_each_other() -> None:
    text = HOURLY + "first: [{ minutes: 30, amount: 1 }, { minutes: 60, amount: 3, count: 2 }]\n"
    assert cost(text, "05-06 10:00", "05-06 13:30") == 1 + 3 + 3 + 5
    assert codes(text, "05-06 10:00", "05-06 13:30") == [("first", 1), ("next", 2), ("step", 1)]


NIGHT = """bands:
  - { name: { zh: 夜, en: Night }, from: "20:00", to: "08:00", first: { minutes: 60, amount: 9 }, step: { minutes: 60, amount: 1 } }
first: { minutes: 60, amount: 7 }
"""


@pytest.mark.parametrize(("period", "due"), [("once", 7 + 5 + 1 + 1), ("each_band", 7 + 5 + 9 + 1)])
def test_the_first_period_holds_once_or_in_each_band(period: str, due: int) -> None:
    assert cost(HOURLY + NIGHT + f"first_period: {period}\n", "05-06 18:00", "05-06 22:00") == due


HOLIDAYS = """holidays: { country: CN, overrides: [{ on: 2026-05-07, is: holiday }] }
bands:
  - { name: { zh: 休, en: Off }, days: [holiday], from: "00:00", to: "24:00", step: { minutes: 60, amount: 10 } }
"""


@pytest.mark.parametrize(
    ("day", "each"),
    [
        ("05-06", 5),  # a Wednesday
        ("05-05", 10),  # a public holiday
        ("05-09", 5),  # a Saturday that is worked
        ("05-10", 10),  # a Sunday
        ("05-07", 10),  # the tariff's own table
    ],
)
def test_holidays_are_those_of_the_country_and_of_the_table(day: str, each: int) -> None:
    assert cost(HOURLY + HOLIDAYS, f"{day} 10:00", f"{day} 11:00") == each


@pytest.mark.parametrize(("mode", "monday"), [("legal", 10), ("calendar", 5), ("financial, market: XNYS", 5)])
def test_there_are_legal_plain_and_financial_calendars(mode: str, monday: int) -> None:
    text = HOURLY + HOLIDAYS.replace("country: CN", f"mode: {mode}, country: CN")
    assert cost(text, "05-04 10:00", "05-04 11:00") == monday


def test_an_event_goes_before_holidays_and_days_of_the_week() -> None:
    event = (
        HOLIDAYS
        + """  - name: { zh: 演出, en: Show }
    dates: [{ from: 2026-05-10, to: 2026-05-10 }]
    from: "18:00"
    to: "01:00"
    entry: { amount: 30 }
"""
    )
    assert cost(HOURLY + event, "05-10 19:00", "05-11 00:30") == 30
    assert cost(HOURLY + event, "05-10 17:00", "05-10 19:00") == 10
    assert cost(HOURLY + event, "05-11 19:00", "05-11 20:00") == 5


@pytest.mark.parametrize(
    ("per", "second", "third"),
    [("entry", 0, 0), ("day", 5, 0), ("24h", 5, 5), ("cumulative", 0, 0)],
)
def test_free_minutes_are_given_at_each_entry_or_once_a_day_or_in_24_hours(per: str, second: int, third: int) -> None:
    text = HOURLY + f"free_minutes: 60\nfree_per: {per}\n"
    morning = Visit(at("05-06 10:00"), at("05-06 10:30"))
    assert cost(text, "05-06 12:00", "05-06 12:30", Facts(earlier=(morning,))) == second
    assert cost(text, "05-07 09:00", "05-07 09:30", Facts(earlier=(morning,))) == third


def test_free_minutes_of_a_day_may_be_shared_by_its_entries() -> None:
    text = HOURLY + "free_minutes: 60\nfree_per: cumulative\n"
    earlier = (Visit(at("05-06 08:00"), at("05-06 08:40")),)
    assert cost(text, "05-06 10:00", "05-06 10:20", Facts(earlier=earlier)) == 0
    assert cost(text, "05-06 10:00", "05-06 10:21", Facts(earlier=earlier)) == 5


ELECTRIC = """free_minutes: 30
charge_from: after_free
free: [{ name: { zh: 新能源, en: Electric }, minutes: 120, for: { energy: [electric] } }]
"""


@pytest.mark.parametrize(("start", "due"), [("concurrent", 10), ("sequential", 5)])
def test_free_periods_run_together_or_one_after_the_other(start: str, due: int) -> None:
    text = HOURLY + ELECTRIC + f"free_start: {start}\n"
    electric = Facts(energy="electric")
    assert cost(text, "05-06 10:00", "05-06 13:20", electric) == due
    assert cost(text, "05-06 10:00", "05-06 13:20") == 15


@pytest.mark.parametrize(("limit", "due"), [("single", 20), ("aggregate", 8)])
def test_a_cap_holds_for_one_stay_or_for_all_stays_of_a_day(limit: str, due: int) -> None:
    text = HOURLY + f"day: {{ cap: 23, limit: {limit} }}\n"
    facts = Facts(earlier=(Visit(at("05-06 06:00"), at("05-06 09:00")),))
    assert cost(text, "05-06 10:00", "05-06 14:00", facts) == due
    if limit == "aggregate":
        assert codes(text, "05-06 10:00", "05-06 14:00", facts) == [("day_rest", 1)]


CLASSES = """classes:
  - { name: { zh: 大型车, en: Large }, for: { vehicles: [large] }, step: { minutes: 60, amount: 12 } }
  - { name: { zh: 警车, en: Police }, for: { plates: [police] }, entry: { amount: 0 }, step: null }
"""


def test_classes_of_vehicles_and_plates_have_rules_of_their_own_and_the_bill_says_so() -> None:
    assert cost(HOURLY + CLASSES, "05-06 10:00", "05-06 12:00") == 10
    assert cost(HOURLY + CLASSES, "05-06 10:00", "05-06 12:00", Facts(vehicle="large")) == 24
    assert cost(HOURLY + CLASSES, "05-06 10:00", "05-06 12:00", Facts(plate_class="police")) == 0
    line = price(a_tariff(HOURLY + CLASSES), at("05-06 10:00"), at("05-06 12:00"), Facts(vehicle="large")).lines[0]
    assert line.text == {"zh": "大型车：按此车型计费", "en": "Large: Priced as this class of vehicle"}


ZONES = """zones:
  - name: { zh: 内场, en: Inner }
    zones: [inner]
    anew: true
    first: { minutes: 60, amount: 20 }
    step: { minutes: 60, amount: 8 }
    cap: 30
  - { name: { zh: 充电位, en: Charger }, bays: [ev], step: { minutes: 60, amount: 1 } }
"""


def test_a_stay_may_go_from_zone_to_zone_and_from_bay_to_bay() -> None:
    places = (Place(at("05-06 11:00"), "inner"), Place(at("05-06 13:00"), "", "ev"))
    assert cost(HOURLY + ZONES, "05-06 10:00", "05-06 14:00", Facts(places=places)) == 5 + 20 + 8 + 1
    assert codes(HOURLY + ZONES, "05-06 10:00", "05-06 20:00", Facts(places=places[:1])) == [
        ("step", 1),
        ("zone_cap", 1),
    ]


def test_each_day_of_a_stay_can_be_asked_for_and_they_sum_to_the_bill() -> None:
    tariff = a_tariff(HOURLY + "day: { cap: 40 }\n")
    days = itemise(tariff, at("05-06 18:00"), at("05-08 02:00"))
    assert [sum(line.amount.minor for line in day.lines) for day in days] == [3000, 4000, 1000]
    assert [day.begins_at_s for day in days[1:]] == [int(at(f"05-0{day} 00:00").timestamp()) for day in (7, 8)]


def test_no_period_begins_under_a_pass() -> None:
    covered = ((at("05-06 11:00"), at("05-06 15:30")),)
    assert cost(HOURLY, "05-06 10:00", "05-06 16:30", Facts(covered=covered)) == 10
    assert codes(HOURLY, "05-06 10:00", "05-06 16:30", Facts(covered=covered)) == [("step", 2), ("covered", 270)]


def test_a_stay_has_a_least_and_a_most() -> None:
    text = HOURLY + "minimum: 9\nstay_cap: 22\n"
    assert [cost(text, "05-06 10:00", f"05-06 {hour}:00") for hour in (11, 13, 20)] == [9, 15, 22]


HONG_KONG = """tariff: 1
name: { zh: 商场, en: Mall }
currency: HKD
timezone: Asia/Hong_Kong
step: { minutes: 60, amount: 55 }
day: { kind: rolling_24h }
zones: [{ name: { zh: 内区, en: Inner }, zones: [inner], step: { minutes: 60, amount: 55 } }]
tickets: [{ name: { zh: 日票, en: Day ticket }, amount: 145, zones: [inner] }]
"""


def test_twenty_two_hours_are_1210_dollars_where_the_day_ticket_does_not_hold_and_the_bill_says_why() -> None:
    bill = price(a_tariff(HONG_KONG), at("05-06 08:00"), at("05-07 06:00"))
    assert bill.total.minor == 121_000
    assert bill.lines[-1].text == {
        "zh": "日票 HK$145.00 不适用：车辆曾停在适用区域之外",
        "en": "Day ticket HK$145.00 does not hold: the vehicle stood outside its zones",
    }
    inside = Facts(places=(Place(at("05-06 08:00"), "inner"),))
    assert price(a_tariff(HONG_KONG), at("05-06 08:00"), at("05-07 06:00"), inside).total.minor == 14_500


def test_what_if_says_until_when_how_much_less_it_is() -> None:
    found = outlook(a_tariff(HOURLY), at("05-06 10:00"), at("05-06 17:30"), at("05-06 19:30"))
    assert [(one.until, one.saved.minor) for one in found] == [(at("05-06 18:01"), 500), (at("05-06 19:01"), 500)]
    assert found[0].text("18:01") == {"zh": "18:01 起多付 ¥5.00", "en": "From 18:01: ¥5.00 more"}


@pytest.mark.parametrize(
    ("total", "later", "zh", "en"),
    [
        (0, 100, "01:46 前免费，之后 ¥1.00", "Free until 01:46, then ¥1.00"),
        (600, 800, "01:46 起多付 ¥2.00", "From 01:46: ¥2.00 more"),
        (3900, 1800, "01:46 起少付 ¥21.00", "From 01:46: ¥21.00 less"),
        (600, 0, "01:46 起少付 ¥6.00", "From 01:46: ¥6.00 less"),
    ],
)
def test_what_changes_at_a_step_is_not_taken_for_a_discount_on_the_price_until_then(
    total: int, later: int, zh: str, en: str
) -> None:
    one = Before(at("05-06 01:46"), Money(total, "CNY"), Money(later, "CNY"))
    assert one.text("01:46") == {"zh": zh, "en": en}


def test_a_currency_may_have_three_decimals() -> None:
    dinar = HEAD.replace("CNY", "KWD").replace("Shanghai", "Kuwait") + "step: { minutes: 60, amount: 0.250 }\n"
    assert str(price(a_tariff(dinar), at("05-06 10:00"), at("05-06 13:00")).total) == "0.750 KWD"


def test_a_page_divides_an_amount_by_the_decimals_that_the_tariff_was_written_with() -> None:
    page = (Path(__file__).parents[3] / "kiosk_ui/shared/format.ts").read_text(encoding="utf-8")
    tables = {name: words.split() for name, words in re.findall(r'const (WHOLE|THOUSANDTHS) = "([A-Z ]+)";', page)}
    assert {name for name in tables["WHOLE"] if decimals(name)} == set()
    assert {decimals(name) for name in tables["THOUSANDTHS"]} == {3}
    assert {name for names in tables.values() for name in names} == set(money._DECIMALS)
    franc = HEAD.replace("CNY", "XOF") + "step: { minutes: 60, amount: 500 }\n"
    assert str(price(a_tariff(franc), at("05-06 10:00"), at("05-06 11:00")).total) == "500 XOF"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("step: null\n", "tariff.yaml, line 1: `the tariff` has neither `step` nor `entry`"),
        ("day: { limit: aggregate }\n", "line 6: `day.limit` is aggregate, but there is no `day.cap`; add one"),
        ("minimum: 9\nday: { cap: 8 }\n", "line 6: `minimum` is more than `day.cap`"),
        ("holidays: { country: XX }\n", "line 6: `holidays`: no calendar of holidays is known for XX"),
        (HOLIDAYS.split("\n", 1)[1], "line 7: `days` says holiday, but the tariff has no `holidays`; add them"),
        ("classes: [{ name: { zh: 大, en: L }, for: {} }]\n", "line 6: `for` names nobody"),
        ("zones: [{ name: { zh: 大, en: L }, step: { minutes: 1, amount: 1 } }]\n", "line 6: the zone 'L' is nowhere"),
        ("zones: [{ name: { zh: 大, en: L }, zones: [a] }]\n", "`zones.0` has neither `step` nor `entry`"),
        ("valid: { from: 2026-02-02, to: 2026-01-01 }\n", "line 6: `valid.to` is before `valid.from`"),
        ("valid: { from: soon }\n", "line 6: `valid.from` is wrong: input should be a valid date"),
    ],
)
def test_what_is_wrong_with_a_rule_is_named_with_its_row(lines: str, said: str) -> None:
    head = HEAD if lines.startswith("step") else HOURLY
    with pytest.raises(ParkingError) as error:
        a_tariff(head + lines)
    assert said in str(error.value)


def test_a_tariff_says_on_which_days_it_holds() -> None:
    tariff = a_tariff(HOURLY + "valid: { from: 2026-05-06, to: 2026-05-07 }\n")
    days = [tariff.holds_on((at("05-05 00:00") + timedelta(days=n)).date()) for n in range(4)]
    assert days == [False, True, True, False]
