"""Which tariff a vehicle gets: by the day on which it enters, and by what its plate says of it; frozen from then on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parking.kernel.plate import Plate
from payments.tariff.plate_words import facts_of_plate
from payments.tariff_book import TariffBook
from tests.builders.payments import DEMO, START, Desk, Stay, a_tariff

pytestmark = pytest.mark.req("FEE-1")
OLD = a_tariff(DEMO + "valid: { to: 2026-06-30 }\n")
NEW = a_tariff(DEMO.replace("4.00", "5.00") + "valid: { from: 2026-07-01, to: 2026-12-31 }\n")


@pytest.mark.parametrize(
    ("moment", "version"),
    [
        ("2026-06-30T15:59:59", OLD.version),  # still June in Shanghai
        ("2026-06-30T16:00:00", NEW.version),
        ("2027-02-01T00:00:00", NEW.version),  # nobody wrote a newer one
    ],
)
def test_a_vehicle_gets_the_tariff_of_the_local_day_on_which_it_enters(moment: str, version: str) -> None:
    book = TariffBook(NEW, OLD)
    assert book.current(datetime.fromisoformat(moment).replace(tzinfo=UTC)).version == version


@pytest.mark.parametrize(
    ("plate", "words"),
    [
        ("浙AD12345", ("small", "green", "electric")),
        ("浙AF12345", ("small", "green", "hybrid")),
        ("浙A12345D", ("large", "green", "electric")),
        ("浙A1234警", ("", "police", "")),
        ("浙A12应急", ("", "emergency", "")),
        ("浙A12345", ("", "", "")),
        ("B AB 1234", ("", "", "")),
    ],
)
def test_a_plate_says_what_vehicle_it_is(plate: str, words: tuple[str, str, str]) -> None:
    facts = facts_of_plate(Plate.parse(plate))
    assert (facts.vehicle, facts.plate_class, facts.energy) == words


def test_an_electric_vehicle_has_its_free_time_while_parked_and_on_the_booked_bill() -> None:
    text = DEMO + "free: [{ name: { zh: 新能源, en: Electric }, minutes: 120, for: { energy: [electric] } }]\n"
    desk = Desk(tariff=a_tariff(text))
    electric = Stay(tariff_version=a_tariff(text).version, plate=Plate.parse("浙AD12345"))
    desk.park(hours=3)
    assert desk.due(electric) == 600
    rows = desk.database.read(
        lambda conn: desk.cashier.schedule(conn, electric, START, desk.clock.now() + timedelta(hours=1))
    )
    assert rows[0] == (START + timedelta(minutes=121), 0)
    assert desk.leave(electric) == 600
    assert desk.due(electric) == 600
