"""Find my car: the owner sees floor, zone, bay and the way; a stranger with a plate learns nothing, byte for byte."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.websockets import WebSocketDisconnect

from parking.journeys import car_places
from parking.kernel.events import BarrierPulsed, Direction, VehicleBackedAway
from parking.kernel.ids import RandomIds, StayId, VisitId
from parking.security import looks
from tests.builders.application import Server, problem_of, rows
from tests.builders.finding import a_drawn_mall, kiosk_code, lane_ticket, proven, see, way
from tests.builders.journeys import ENTRY, answer
from tests.builders.plans import SMALL

NUMBERS = itertools.count(100)


@pytest.fixture(scope="module")
def mall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_drawn_mall(tmp_path_factory.mktemp("mall")) as running:
        yield running


@pytest.fixture
def server(mall: Server) -> Server:
    """The one mall of this file, long after whatever the test before did there."""
    mall.park(minutes=30)
    return mall


@pytest.fixture
def plate() -> str:
    return f"沪A{next(NUMBERS):05d}"


@pytest.mark.req("FIND-1")
def test_the_owner_scans_a_pillar_and_sees_floor_zone_bay_and_the_way(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    server.park(minutes=5)
    see(server, "B-03", plate=plate)
    found = way(server, proven(server, stay), pillar="P1")
    assert found["known"] == "bay"
    assert found["floor"] == {"zh": "二", "en": "B2"}
    assert (found["zone"]["en"], found["bay"], found["source"]) == ("Zone 2", "B-03", "video")
    assert found["way"]["steps"][-1] | {"level_name": None} == {
        "turn": "arrive", "level": "b2", "metres": 0, "kind": None, "link": None, "level_name": None,
    }  # fmt: skip
    assert "stairs" in {leg["kind"] for leg in found["way"]["legs"]}
    assert server.ask("GET", found["map_url"].removeprefix("/api/v1")).headers["content-type"] == "image/svg+xml"


@pytest.mark.req("A11Y-1")
@pytest.mark.req("FIND-1")
def test_whoever_cannot_climb_is_led_by_the_lift(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    server.park(minutes=5)
    see(server, "B-03", plate=plate)
    found = way(server, proven(server, stay), pillar="P1", step_free=True)
    assert {leg["kind"] for leg in found["way"]["legs"]} == {None, "lift"}
    assert found["way"]["step_free"] is True


@pytest.mark.req("FIND-1")
def test_a_car_whose_stay_a_person_has_to_look_at_has_not_left(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    server.park(minutes=5)
    see(server, "B-03", plate=plate)
    server.park(minutes=40)
    server.enter(plate)
    assert server.ask("GET", "/my/stay", "driver", stay=stay).json()["state"] == "review"
    token = proven(server, stay)
    assert way(server, token)["bay"] == "B-03"
    marked = server.ask("POST", "/find/mark", json={"token": token, "bay": "A-01"})
    assert (marked.status_code, marked.json()["known"]) == (200, "bay")


@pytest.mark.req("FIND-1")
def test_the_only_car_that_came_in_stands_in_the_only_bay_that_was_taken(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    server.park(minutes=2)
    see(server, "A-04", source="sensor")
    found = way(server, proven(server, stay))
    assert (found["known"], found["bay"], found["source"]) == ("bay", "A-04", "sensor")


@pytest.mark.req("FIND-1")
def test_of_two_cars_that_came_in_together_only_the_zone_is_known_and_no_bay_is_guessed(
    server: Server, plate: str
) -> None:
    one, other = server.enter(plate), server.enter(f"沪B{next(NUMBERS):05d}")
    server.park(minutes=2)
    see(server, "A-04", source="sensor")
    see(server, "A-05", source="sensor")
    for stay in (one, other):
        found = way(server, proven(server, stay))
        assert (found["known"], found["bay"], found["zone"]["en"]) == ("zone", None, "Zone 1")


@pytest.mark.req("FIND-1")
def test_a_car_that_may_have_come_in_unseen_may_be_the_one_in_the_bay(server: Server, plate: str) -> None:
    stay, unseen = server.enter(plate), RandomIds().new(server.clock.now())
    pulse = BarrierPulsed(ENTRY, VisitId(unseen), True, "rule", "site_has_room")
    yes, back = answer(Direction.IN, unseen, f"沪B{next(NUMBERS):05d}"), VehicleBackedAway(ENTRY, VisitId(unseen))
    for event in (yes, pulse, back):
        server.box.note(event, server.clock.now())
    server.box.send()
    server.settle_down()
    assert server.ask("GET", "/my/stay", "driver", stay=unseen).json()["state"] == "doubtful"
    server.park(minutes=2)
    see(server, "A-04", source="sensor")
    assert way(server, proven(server, stay))["known"] == "zone"


def test_when_the_bays_lie_in_two_zones_nothing_is_said_at_all(server: Server, plate: str) -> None:
    one, _ = server.enter(plate), server.enter(f"沪B{next(NUMBERS):05d}")
    server.park(minutes=2)
    see(server, "A-04", source="sensor")
    see(server, "B-05", source="sensor")
    assert way(server, proven(server, one))["known"] == "nothing"


@pytest.mark.req("FIND-1")
def test_a_driver_marks_his_bay_himself_or_the_pillar_beside_it(server: Server, plate: str) -> None:
    token = proven(server, server.enter(plate))
    marked = server.ask("POST", "/find/mark", json={"token": token, "bay": "A-07"}).json()
    assert (marked["known"], marked["bay"], marked["source"]) == ("bay", "A-07", "driver")
    server.park(minutes=1)
    marked = server.ask("POST", "/find/mark", json={"token": token, "pillar": "P2"}).json()
    assert (marked["known"], marked["bay"], marked["pillar"], marked["floor"]["en"]) == ("pillar", None, "P2", "B2")
    assert way(server, token, pillar="P1")["way"]["metres"] > 10


def test_a_mark_that_names_nothing_or_both_is_refused(server: Server, plate: str) -> None:
    token = proven(server, server.enter(plate))
    problem_of(server.ask("POST", "/find/mark", json={"token": token}), 422)
    problem_of(server.ask("POST", "/find/mark", json={"token": token, "bay": "A-01", "pillar": "P1"}), 422)
    problem_of(server.ask("POST", "/find/mark", json={"token": token, "bay": "Z-99"}), 404)
    problem_of(server.ask("POST", "/find/way", json={"token": token, "pillar": "Z"}), 404)


@pytest.mark.req("FIND-1")
def test_a_car_that_moved_is_found_where_it_stands_now_and_one_that_left_not_at_all(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    server.park(minutes=5)
    see(server, "A-03", plate=plate)
    server.park(minutes=30)
    see(server, "A-03", taken=False)
    token = proven(server, stay)
    assert way(server, token)["known"] == "nothing"
    see(server, "B-02", plate=plate)
    assert way(server, token)["bay"] == "B-02"
    assert (
        server.ask(
            "POST",
            f"/stays/{stay}/close",
            "manager",
            json={"reason": "left by hand"},
            headers={"Idempotency-Key": "close-1"},
        ).status_code
        == 200
    )
    server.settle_down()
    assert way(server, token)["known"] == "gone"


@pytest.mark.req("FIND-1")
def test_nobody_is_led_to_a_bay_in_which_another_car_was_read_since(server: Server, plate: str) -> None:
    other = f"粤B{next(NUMBERS):05d}"
    mine, theirs = server.enter(plate), server.enter(other)
    server.park(minutes=20)
    see(server, "A-03", plate=plate)
    assert way(server, proven(server, mine))["bay"] == "A-03"
    server.park(minutes=20)
    see(server, "A-03", plate=other)
    assert way(server, proven(server, mine))["known"] == "nothing", "that mine had left the bay was seen by nobody"
    assert way(server, proven(server, theirs))["bay"] == "A-03"


@pytest.mark.req("FIND-1")
def test_a_car_in_a_zone_that_the_site_was_drawn_anew_without_is_nowhere_that_is_known(
    tmp_path: Path, plate: str
) -> None:
    with a_drawn_mall(tmp_path / "redrawn") as server:
        stay = server.enter(plate)
        see(server, "B-03", plate=plate)
        clock = server.clock
    with a_drawn_mall(tmp_path / "redrawn", text=SMALL.replace("z2", "z9"), fresh=False, clock=clock) as server:
        assert way(server, proven(server, stay), pillar="P1")["known"] == "nothing"


@pytest.mark.req("FIND-1")
def test_whoever_holds_the_paper_of_a_double_entry_that_was_joined_to_the_first_finds_his_car(
    tmp_path: Path, plate: str
) -> None:
    with a_drawn_mall(tmp_path / "double") as server:
        server.enter(plate)
        server.park(minutes=5)
        second = server.enter(plate)
        server.park(minutes=2)
        see(server, "A-04", plate=plate)
        (case,) = server.ask("GET", "/desk/cases", "attendant").json()["items"]
        taken = server.ask("POST", f"/desk/cases/{case['id']}/take", "attendant").json()
        said = {"version": taken["version"], "choice": "merge", "reason": "backed_out"}
        headers = {"Idempotency-Key": case["id"]}
        decided = server.ask("POST", f"/desk/cases/{case['id']}/decide", "attendant", json=said, headers=headers)
        assert decided.status_code == 200, decided.text
        server.settle_down()
        paper = server.ask("POST", "/find", json={"code": lane_ticket(server, second)}).json()
        assert way(server, paper["token"])["bay"] == "A-04"


@pytest.mark.req("PRIV-1")
def test_where_a_car_stood_is_kept_no_longer_than_its_stay_however_that_ended(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    token = proven(server, stay)
    assert server.ask("POST", "/find/mark", json={"token": token, "bay": "A-05"}).status_code == 200
    server.park(minutes=30)
    began = server.clock.now().isoformat()
    server.park(minutes=5)
    reads = [{"bay": bay, "occupied": False} for zone in server.application.site.zones for bay in zone.bays]
    round_ = server.ask("POST", "/bays/reads", "attendant", json={"reads": reads, "began": began})
    assert round_.json()["ends_unfound"]
    server.settle_down()
    assert way(server, proven(server, stay))["known"] == "gone"
    kept = server.application.database.read(lambda conn: car_places.of_stay(conn, StayId(stay)))
    assert kept == []


@pytest.mark.req("FIND-1")
def test_the_paper_of_the_lane_proves_at_a_kiosk_and_on_any_phone(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    for code in (lane_ticket(server, stay), lane_ticket(server, stay, by_box=False)):
        assert server.ask("POST", "/find", "kiosk", json={"code": code}).status_code == 201
        assert server.ask("POST", "/find", json={"code": code}).status_code == 201


@pytest.mark.req("FIND-1")
def test_a_paper_that_is_none_of_ours_proves_nothing(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    for code in (lane_ticket(server, stay, lot="other"), lane_ticket(server, stay)[:-6] + "AAAAAA"):
        problem_of(server.ask("POST", "/find", json={"code": code}), 401)


@pytest.mark.req("FIND-1")
def test_a_plate_typed_at_a_kiosk_proves_nothing_not_even_when_it_was_paid(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    as_phone = {"Authorization": f"Bearer {kiosk_code(server, stay)}"}
    problem_of(server.ask("POST", "/find", headers=as_phone), 403)
    problem_of(server.ask("POST", "/find", headers=as_phone, json={"payment_id": "none"}), 403)


@pytest.mark.req("FIND-1")
def test_where_the_house_says_so_the_phone_that_paid_may_ask(tmp_path: Path, plate: str) -> None:
    with a_drawn_mall(tmp_path / "trusting", find_by_payment=True) as server:
        stay = server.enter(plate)
        server.park(hours=2)
        as_phone = {"Authorization": f"Bearer {kiosk_code(server, stay)}", "Idempotency-Key": "pay-once-1"}
        begun = server.ask("POST", "/my/payments", headers=as_phone, json={"channel": "wallet"}).json()
        unpaid = server.ask("POST", "/find", headers=as_phone, json={"payment_id": begun["payment_id"]})
        problem_of(unpaid, 403)
        server.approve(begun["pay_url"])
        server.settle_down()
        paid = server.ask("POST", "/find", headers=as_phone, json={"payment_id": begun["payment_id"]})
        assert paid.status_code == 201
        stranger = {"Authorization": f"Bearer {kiosk_code(server, server.enter(f'沪B{next(NUMBERS):05d}'))}"}
        problem_of(server.ask("POST", "/find", headers=stranger, json={"payment_id": begun["payment_id"]}), 403)


def test_the_token_is_for_finding_alone_and_over_in_ten_minutes(server: Server, plate: str) -> None:
    token = proven(server, server.enter(plate))
    problem_of(server.ask("GET", "/my/stay", headers={"Authorization": f"Bearer {token}"}), 401)
    server.clock.advance(timedelta(minutes=11))
    problem_of(server.ask("POST", "/find/way", json={"token": token}), 401)


@pytest.mark.req("PRIV-1")
def test_every_look_is_on_record_and_so_is_every_refusal(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    way(server, proven(server, stay))
    server.ask("POST", "/find", json={"plate": plate})
    seen = {(r["actor_kind"], r["what"], r["subject"]) for r in rows(server, looks.look_table)}
    assert {("driver", "car", stay), ("anonymous", "car", stay), ("anonymous", "car_refused", "nobody")} <= seen


@pytest.mark.req("FIND-1")
def test_another_pillar_moves_the_route_of_whoever_walks(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    server.park(minutes=5)
    see(server, "B-03", plate=plate)
    token = proven(server, stay)
    with server.client.websocket_connect("/api/v1/find/live") as line:
        line.send_json({"token": token, "pillar": "P1"})
        first = line.receive_json()
        line.send_json({"pillar": "P2"})
        nearer = line.receive_json()
        way(server, token, pillar="P1")  # scanned in another window, on another phone
        again = line.receive_json()
    assert (first["type"], first["bay"]) == ("car", "B-03")
    assert nearer["way"]["metres"] < first["way"]["metres"]
    assert again["way"] == first["way"]


@pytest.mark.req("FIND-1")
def test_a_car_seen_elsewhere_is_told_to_whoever_walks(server: Server, plate: str) -> None:
    stay = server.enter(plate)
    token = proven(server, stay)
    with server.client.websocket_connect("/api/v1/find/live") as line:
        line.send_json({"token": token})
        assert line.receive_json()["known"] == "nothing"
        see(server, "A-02", plate=plate)
        server.clock.advance(timedelta(seconds=6))
        assert line.receive_json()["bay"] == "A-02"


@pytest.mark.parametrize("said", ["{", "[]", '{"token": 7}', '{"token": "x.y.z"}', '{"pillar": "P1"}', b"\0\xff"])
def test_a_line_that_shows_no_token_is_closed(server: Server, said: str | bytes) -> None:
    with server.client.websocket_connect("/api/v1/find/live") as line:
        line.send({"type": "websocket.receive", "bytes" if isinstance(said, bytes) else "text": said})
        assert line.receive_json()["type"] == "error"
        with pytest.raises(WebSocketDisconnect):
            line.receive_json()
