"""Whose car is it: nobody's by a plate alone, after a cooling time, with a notice to whoever holds it, and one at a time (I22)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.plate import Plate
from parking.members import service, store, tombstones, vehicles
from parking.members.model import COOLING, COOLING_WHILE_HELD, VEHICLES_MOST, Proof, Vehicle, VehicleState
from parking.plumbing.db import Database

pytestmark = pytest.mark.req("MEM-1")
PLATE = Plate("浙A12345")
START = datetime(2026, 3, 7, 2, 0, tzinfo=UTC)


class Members:
    """Two members of one app, and the job that ends cooling times."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock(START)
        database.clock = self.clock
        self.one, self.two = self._joined("one"), self._joined("two")

    def _joined(self, ref: str) -> str:
        return self.database.write(lambda uow: service.join(uow, "app", ref)).member_id

    def claim(self, member: str, proof: Proof = Proof.LANE_QR, plate: Plate = PLATE) -> Vehicle:
        return self.database.write(lambda uow: vehicles.claim(uow, member, plate, proof))

    def after(self, span: timedelta, *claimed: Vehicle) -> list[VehicleState]:
        """Time passes, the jobs of these run; what each has become."""
        self.clock.advance(span)
        for one in claimed:
            self.database.write(lambda uow, one=one: vehicles.activate(uow, one.vehicle_id))  # type: ignore[misc]  # bound per turn
        return [self.state(one) for one in claimed]

    def state(self, one: Vehicle) -> VehicleState:
        found = self.database.read(lambda conn: store.vehicle(conn, one.vehicle_id))
        assert found is not None
        return found.state

    def notices(self, member: str) -> list[str]:
        return [str(row.kind) for row in self.database.read(lambda conn: store.notices(conn, member, 9))]

    def owns(self, member: str) -> Vehicle:
        held = self.claim(member)
        assert self.after(COOLING[Proof.LANE_QR], held) == [VehicleState.ACTIVE]
        return held

    def holder(self) -> str:
        found = self.database.read(lambda conn: store.holder(conn, PLATE))
        return found.member_id if found is not None else ""


@pytest.fixture
def members(memory_database: Database) -> Members:
    return Members(memory_database)


@pytest.mark.parametrize("proof", [Proof.PAYMENT, Proof.LANE_QR])
def test_a_proven_car_counts_after_its_cooling_time_and_not_a_second_before(members: Members, proof: Proof) -> None:
    claimed = members.claim(members.one, proof)
    assert members.after(COOLING[proof] - timedelta(seconds=1), claimed) == [VehicleState.COOLING]
    assert members.holder() == ""
    assert members.after(timedelta(seconds=1), claimed) == [VehicleState.ACTIVE]
    assert members.holder() == members.one


def test_a_document_waits_for_a_person_and_cools_only_then(members: Members) -> None:
    claimed = members.claim(members.one, Proof.DOCUMENT)
    assert members.after(timedelta(days=30), claimed) == [VehicleState.REVIEW]
    members.database.write(lambda uow: vehicles.approve(uow, claimed.vehicle_id))
    assert members.after(timedelta(0), claimed) == [VehicleState.COOLING]
    assert members.after(COOLING[Proof.DOCUMENT], claimed) == [VehicleState.ACTIVE]
    with pytest.raises(ParkingError, match="nobody has to look"):
        members.database.write(lambda uow: vehicles.approve(uow, claimed.vehicle_id))


def test_a_car_that_somebody_holds_takes_a_week_tells_him_and_then_changes_hands(members: Members) -> None:
    held = members.owns(members.one)
    claimed = members.claim(members.two)
    assert members.notices(members.one) == ["vehicle_claimed"]
    assert members.after(COOLING_WHILE_HELD - timedelta(seconds=1), claimed) == [VehicleState.COOLING]
    assert members.holder() == members.one, "until then it stays with him"
    members.after(timedelta(seconds=1), claimed)
    assert (members.state(held), members.state(claimed)) == (VehicleState.ENDED, VehicleState.ACTIVE)
    assert members.notices(members.one) == ["vehicle_moved_on", "vehicle_claimed"]


def test_an_objection_stops_the_clock_and_only_the_holder_may_object(members: Members) -> None:
    members.owns(members.one)
    claimed = members.claim(members.two)
    with pytest.raises(ParkingError, match="no such claim against you"):
        members.database.write(lambda uow: vehicles.object_to(uow, members.two, claimed.vehicle_id))
    members.database.write(lambda uow: vehicles.object_to(uow, members.one, claimed.vehicle_id))
    assert members.after(timedelta(days=365), claimed) == [VehicleState.REVIEW]
    assert members.holder() == members.one
    with pytest.raises(ParkingError, match="waits for a person already"):
        members.database.write(lambda uow: vehicles.object_to(uow, members.one, claimed.vehicle_id))


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=1), timedelta(hours=23)])
def test_of_two_who_claim_a_free_car_the_first_holds_it_and_a_person_looks_at_the_other(
    members: Members, later: timedelta
) -> None:
    """The other has given no notice, for there was nobody to give it to: time alone must not hand the car over."""
    first = members.claim(members.one)
    members.clock.advance(later)
    second = members.claim(members.two)
    members.after(COOLING[Proof.LANE_QR] - later, first)
    assert members.after(timedelta(days=30), second) == [VehicleState.REVIEW]
    assert (members.state(first), members.holder()) == (VehicleState.ACTIVE, members.one)


def test_the_same_claim_again_changes_nothing_and_five_cars_are_the_most(members: Members) -> None:
    assert members.claim(members.one) == members.claim(members.one)
    for number in range(VEHICLES_MOST - 1):
        members.claim(members.one, plate=Plate(f"浙A5432{number}"))
    with pytest.raises(ParkingError, match="at most 5"):
        members.claim(members.one, plate=Plate("浙A54329"))


def test_whoever_is_erased_holds_nothing_and_a_claim_on_his_car_finds_it_free(members: Members) -> None:
    members.owns(members.one)
    claimed = members.claim(members.two)
    assert members.database.write(lambda uow: [*service.erase(uow, members.one)]) == [PLATE]
    assert members.holder() == ""
    assert members.database.read(lambda conn: tombstones.covers(conn, PLATE, START))
    assert members.after(COOLING_WHILE_HELD, claimed) == [VehicleState.ACTIVE]
    assert members.notices(members.one) == []


def test_once_a_person_has_let_a_claim_go_on_its_holder_cannot_stop_it_again(members: Members) -> None:
    members.owns(members.one)
    claimed = members.claim(members.two)
    members.database.write(lambda uow: vehicles.object_to(uow, members.one, claimed.vehicle_id))
    members.database.write(lambda uow: vehicles.approve(uow, claimed.vehicle_id))
    with pytest.raises(ParkingError, match="has decided"):
        members.database.write(lambda uow: vehicles.object_to(uow, members.one, claimed.vehicle_id))
    assert members.after(COOLING_WHILE_HELD, claimed) == [VehicleState.ACTIVE]


@pytest.mark.parametrize("proof", [Proof.LANE_QR, Proof.DOCUMENT])
def test_a_person_may_hand_a_car_on_whose_holder_came_while_the_claim_waited(members: Members, proof: Proof) -> None:
    """The holder has had his notice by then, and a week to object."""
    first = members.claim(members.one)
    members.clock.advance(timedelta(hours=1))
    second = members.claim(members.two, proof)
    assert members.after(timedelta(days=2), first, second) == [VehicleState.ACTIVE, VehicleState.REVIEW]
    members.database.write(lambda uow: vehicles.approve(uow, second.vehicle_id))
    assert members.notices(members.one) == ["vehicle_claimed"]
    assert members.after(COOLING_WHILE_HELD, second) == [VehicleState.ACTIVE]
    assert members.state(first) is VehicleState.ENDED
