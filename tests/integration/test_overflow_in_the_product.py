"""From a neighbour's feed on the wire to the page, the sign at the approach and the way: one story, whatever the feed does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from guidance.feed_polling import client, poll
from guidance.neighbours.feeds import FEEDS
from guidance.next_door import sign_zone
from guidance.signs.base import FaceKind
from hardware_sim.devices.neighbour_lot import NeighbourFeedSim, SimulatedLot
from parking.bootstrap.next_door import rows_of
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LotId
from tests.builders.application import HOST, Server, problem_of
from tests.builders.finding import a_drawn_mall
from tests.builders.journeys import MORNING

GOLDEN = Path(__file__).parents[1] / "golden" / "neighbours"
FILE = """\
needed_from: 4
feeds:
  - id: city
    kind: {kind}
    url: {url}
    poll_s: 60
    lots:
      - {{id: riverside, at_feed: p1, name: {{zh: 滨江, en: Riverside}}, capacity: 100, drive_min: 2, walk_min: 3,
         hour_minor: 800, kept_back: 10, address: 12 River Road}}
      - {{id: harbour, at_feed: p2, name: {{zh: 港口, en: Harbour}}, capacity: 200, drive_min: 8, walk_min: 6}}
signs:
  - {{id: approach-1, lot: riverside, driver: memory}}
"""


class City:
    """A server with two lots next door, read when the test says so."""

    def __init__(self, server: Server, feed: NeighbourFeedSim) -> None:
        self.server, self.feed = server, feed
        self.http = client()

    def read(self, minutes: float = 1.0) -> None:
        self.server.clock.advance(timedelta(minutes=minutes))
        self.feed._clock = self.server.clock
        door = self.server.application.next_door
        poll(door, door.feeds[0], self.http)

    def lots(self) -> dict[str, dict[str, Any]]:
        return {one["lot"]: one for one in self.page()["lots"]}

    def page(self) -> dict[str, Any]:
        return dict(self.server.ask("GET", "/overflow").json())

    def way(self, at: str = "testclient", **said: Any) -> dict[str, Any]:
        """Of a phone at some address."""
        self.server.clock.advance(timedelta(seconds=3))
        phone = TestClient(self.server.app, base_url=HOST, client=(at, 40_000))
        reply = phone.post("/api/v1/overflow/ways", json=said)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def sign(self) -> Any:
        self.server.application.signs.step()
        keeper = next(
            k for k in self.server.application.signs._keepers if k.spec.zone_id == sign_zone(LotId("riverside"))
        )
        return keeper.wanted


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    feed = NeighbourFeedSim(ManualClock(MORNING), "park_api", SimulatedLot("p1", 100, 40), SimulatedLot("p2", 200, 150))
    feed.start()
    file = tmp_path / "neighbours.yaml"
    file.write_text(FILE.format(kind="park_api", url=feed.url), encoding="utf-8")
    with a_drawn_mall(tmp_path / "site", neighbours_file=file) as server:
        made = City(server, feed)
        yield made
        made.http.close()
    feed.stop()


@pytest.mark.req("OVER-1")
def test_feed_page_sign_and_way_tell_one_story(city: City) -> None:
    assert city.lots()["riverside"]["state"] == "unknown"
    assert city.sign().kind is FaceKind.UNKNOWN
    city.read()
    near = city.lots()["riverside"]
    assert (near["state"], near["free_on_arrival"], near["first"]) == ("free", 30, True), "ten are kept back"
    assert (near["hour"], near["drive_min"], near["walk_min"]) == ({"amount": 800, "currency": "CNY"}, 2, 3)
    assert city.sign().free == 30
    way = city.way()
    assert way["to"]["lot"] == "riverside"
    assert city.lots()["riverside"]["free_on_arrival"] == 29, "one is on its way"
    assert city.sign().free == 29
    city.server.settle_down()
    shown = json.loads(city.server.application.hub.values["sign.approach-1"])
    assert (shown["name"]["en"], shown["health"]) == ("Riverside", "ok"), "operators see it by the name of its lot"


@pytest.mark.req("OVER-1")
def test_one_phone_that_asks_again_and_again_does_not_make_a_sign_say_full(city: City) -> None:
    city.read()
    codes = {city.way(lot="riverside")["code"] for _ in range(9)}
    assert len(codes) == 9, "the way is shown each time"
    for code in codes:
        city.way(code=code, lot="riverside")
    assert city.lots()["riverside"]["free_on_arrival"] == 28
    assert city.sign().free == 28


@pytest.mark.req("OVER-1")
def test_many_who_show_no_stay_take_half_of_a_lot_at_most_and_whoever_shows_his_counts(city: City) -> None:
    city.read()
    door = city.server.application.next_door
    for _ in range(30):  # from as many networks
        assert door.send(wanted="riverside")[1] is not None
    assert city.lots()["riverside"]["free_on_arrival"] == 10, "forty are free, ten of them kept back"
    stay_id = city.server.enter()
    for _ in range(3):
        told = city.server.ask("POST", "/overflow/ways", "driver", stay=stay_id, json={"lot": "riverside"})
        assert told.status_code == 200, told.text
    assert city.lots()["riverside"]["free_on_arrival"] == 8


@pytest.mark.req("OVER-1")
def test_more_are_never_sent_than_are_free_and_not_kept_back(city: City) -> None:
    city.feed.park("p1", 20)
    city.read()
    door = city.server.application.next_door
    led = [to.neighbour.lot.id for _, to in (door.send() for _ in range(25)) if to is not None]
    assert led.count(LotId("riverside")) <= 10
    assert set(led) == {"riverside", "harbour"}
    assert city.lots()["riverside"]["free_on_arrival"] == 0
    assert city.sign().kind is FaceKind.FULL


@pytest.mark.req("OVER-1")
def test_who_finds_a_lot_full_is_sent_on_and_never_back(city: City) -> None:
    city.read()
    first = city.way()
    city.server.clock.advance(timedelta(minutes=2))
    second = city.way(code=first["code"], full=["riverside"])
    assert (second["code"], second["to"]["lot"]) == (first["code"], "harbour")
    third = city.way(code=first["code"], full=["harbour"])
    assert third["to"] is None
    assert city.way(code=first["code"])["to"] is None, "what was found full on this way stays so"
    assert city.lots()["riverside"]["first"], "one driver may be wrong"
    assert city.way()["to"]["lot"] == "harbour", "those who are on the way to it have not told yet"
    city.read(minutes=3)
    assert city.way()["to"]["lot"] == "riverside"


@pytest.mark.req("OVER-1")
@pytest.mark.parametrize("fault", ["silent", "broken", "stale"])
def test_a_feed_that_is_silent_broken_or_stale_becomes_unknown_everywhere(city: City, fault: str) -> None:
    city.read()
    city.feed.fault(fault)
    for _ in range(6):
        city.read()
    assert {one["state"] for one in city.page()["lots"]} == {"unknown"}
    assert city.sign().kind is FaceKind.UNKNOWN
    assert city.way()["to"] is None
    problem_of(city.server.ask("POST", "/overflow/ways", json={"lot": "riverside"}), 409)
    city.feed.fault()
    city.read(minutes=6)
    assert city.lots()["riverside"]["state"] in ("free", "likely")


@pytest.mark.req("OVER-1")
def test_a_word_from_a_time_to_come_does_not_outdate_what_a_feed_says_afterwards(city: City) -> None:
    city.read()
    door = city.server.application.next_door
    rows = [{"id": "p1", "free": 90, "total": 100, "state": "open"}]
    assert len(door.hear(door.feeds[0], {"last_updated": "2099-01-01T00:00:00Z", "lots": rows}).bad) == 1
    assert city.lots()["riverside"]["free_on_arrival"] == 30
    for _ in range(6):
        city.read()
    assert city.lots()["riverside"]["state"] == "free"


@pytest.mark.req("OVER-1")
def test_a_time_that_is_in_no_year_is_a_bad_row_and_the_page_stands(city: City) -> None:
    door = city.server.application.next_door
    rows = [{"id": "p1", "free": 90, "total": 100, "state": "open"}]
    assert door.hear(door.feeds[0], {"last_updated": "0001-01-01T00:00:00+14:00", "lots": rows}).good == 0
    assert city.lots()["riverside"]["state"] == "unknown"


@pytest.mark.req("OVER-1")
def test_a_garbage_row_loses_nothing_else_and_a_lie_is_found_out_by_those_who_were_there(city: City) -> None:
    city.feed.fault("garbage_row", "lies")
    city.read()
    assert city.lots()["riverside"]["free_on_arrival"] == 40
    assert len(city.server.application.next_door.health["city"].bad) == 1
    for at in ("192.0.2.1", "192.0.2.1", "198.51.100.7"):
        assert city.lots()["riverside"]["state"] == "free", "one phone may say it as often as it likes"
        way = city.way(at, lot="riverside")
        city.server.clock.advance(timedelta(minutes=2))
        city.way(at, code=way["code"], full=["riverside"])
        city.read()
    assert city.lots()["riverside"]["state"] == "unknown"
    assert city.way()["to"]["lot"] == "harbour"


@pytest.mark.req("OVER-1")
def test_whoever_cannot_have_been_there_does_not_count_against_a_lot(city: City) -> None:
    city.read()
    for _ in range(5):
        code = city.way(lot="riverside")["code"]
        city.way(code=code, full=["riverside"])
    assert city.lots()["riverside"]["state"] == "free"


@pytest.mark.req("OVER-1")
def test_drivers_are_sent_next_door_when_our_own_lots_run_short_and_not_at_every_car(city: City) -> None:
    city.read()
    door = city.server.application.next_door
    said = []
    for free in (20, 5, 4, 6, 8, 9, 4, None, 9):
        door.own_free = partial(_said, free)
        said.append(city.page()["needed"])
    assert said == [False, False, True, True, True, False, True, True, False]


def _said(free: int | None) -> int | None:
    return free


def test_a_lot_that_there_is_not_is_named(city: City) -> None:
    problem_of(city.server.ask("POST", "/overflow/ways", json={"lot": "moon"}), 404)
    problem_of(city.server.ask("POST", "/overflow/ways", json={"full": ["moon"]}), 404)


@pytest.mark.req("OVER-1")
@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("park_api", {"riverside-p1": 84, "station-north": 0, "opera": None}, 2),
        ("datex2_light", {"CITY-0007": 41, "CITY-0011": 0, "CITY-0013": None}, 1),
        ("own_api", {"west-mall": 61}, 0),
    ],
)
def test_saved_answers_are_read_row_by_row(kind: str, good: dict[str, int | None], bad: int) -> None:
    read, wrong = FEEDS[kind](json.loads((GOLDEN / f"{kind}.json").read_text(encoding="utf-8")))
    assert {state.lot_id: state.free for state in read} == good
    assert len(wrong) == bad


@pytest.mark.req("OVER-1")
def test_our_own_page_is_a_feed_for_the_next_site(city: City) -> None:
    city.server.settle_down()
    good, bad = FEEDS["own_api"](city.server.ask("GET", "/availability").json())
    assert [state.lot_id for state in good] == ["mall"]
    assert bad == []


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("feeds: [{id: a, kind: fax, url: 'http://x', lots: []}]", "feeds.0.lots"),
        ("feeds: 7", "feeds"),
        (FILE.format(kind="fax", url="http://x"), "feeds.0.kind"),
        (FILE.format(kind="park_api", url="ftp://x"), "feeds.0.url"),
        (
            FILE.format(kind="park_api", url="http://x").replace("lot: riverside, driver", "lot: moon, driver"),
            "signs.0.lot",
        ),
    ],
)
def test_a_wrong_settings_file_is_named_by_its_field(tmp_path: Path, said: str, named: str) -> None:
    file = tmp_path / "neighbours.yaml"
    file.write_text(said, encoding="utf-8")
    with pytest.raises(ParkingError) as error:
        rows_of(file)
    assert named in (error.value.field or "")


def test_the_example_file_is_read() -> None:
    example = Path(__file__).parents[2] / "docs" / "neighbours.example.yaml"
    assert [lot.id for feed in rows_of(example).feeds for lot in feed.lots] == ["riverside"]
