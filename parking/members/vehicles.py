"""A vehicle is bound only with proof, after a cooling time in which whoever holds it now has had a notice and may object (I22).

Two who claim one plate both wait; the first to become its holder is, and the other one's claim goes to a person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from parking.kernel.errors import conflict, not_found
from parking.kernel.events import MemberChanged
from parking.kernel.plate import Plate
from parking.members import store
from parking.members.model import COOLING, COOLING_WHILE_HELD, OBJECTED, VEHICLES_MOST, Proof, Vehicle, VehicleState
from parking.members.tables import vehicle_table
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobHandler, enqueue

ACTIVATE_JOB = "members.activate"


def claim(uow: UnitOfWork, member_id: str, plate: Plate, proof: Proof) -> Vehicle:
    """Begin to bind a vehicle whose proof the caller has checked; a document waits for a person first. Again changes nothing."""
    mine = store.vehicles_of(uow.connection, member_id)
    for known in mine:
        if known.plate == plate:
            return known
    if len(mine) >= VEHICLES_MOST:
        raise conflict("vehicle.too_many", f"a member has at most {VEHICLES_MOST} vehicles")
    review = proof is Proof.DOCUMENT
    new = Vehicle(
        vehicle_id=uow.ids.new(uow.now),
        member_id=member_id,
        plate=plate,
        state=VehicleState.REVIEW if review else VehicleState.COOLING,
        proof=proof,
        since=uow.now,
        active_at=None,
    )
    if not store.insert_vehicle(uow.connection, new):
        raise conflict("vehicle.at_once", "this vehicle is being claimed at this very moment")
    return new if review else _cool(uow, new)


def approve(uow: UnitOfWork, vehicle_id: str) -> Vehicle:
    """A person has seen the proof: the cooling time begins."""
    known = _known(uow, vehicle_id)
    # since now: whoever became its holder before this has his notice by it
    if not store.move_vehicle(uow.connection, vehicle_id, VehicleState.REVIEW, VehicleState.COOLING, since=uow.now):
        raise conflict("vehicle.not_in_review", "nobody has to look at this vehicle")
    return _cool(uow, known)


def _cool(uow: UnitOfWork, vehicle: Vehicle) -> Vehicle:
    held = store.holder(uow.connection, vehicle.plate)
    active_at = uow.now + (COOLING[vehicle.proof] if held is None else COOLING_WHILE_HELD)
    uow.connection.execute(
        vehicle_table.update().where(vehicle_table.c.id == vehicle.vehicle_id).values(active_at=active_at)
    )
    if held is not None:
        store.notify(
            uow.connection, uow.ids.new(uow.now), held.member_id, "vehicle_claimed", vehicle.vehicle_id, uow.now
        )
        uow.publish(MemberChanged(held.member_id, "vehicle"))
    payload = {"vehicle_id": vehicle.vehicle_id}
    enqueue(uow, ACTIVATE_JOB, f"activate:{vehicle.vehicle_id}:{active_at.timestamp():.0f}", payload, active_at)
    uow.publish(MemberChanged(vehicle.member_id, "vehicle"))
    return _known(uow, vehicle.vehicle_id)


def activate(uow: UnitOfWork, vehicle_id: str) -> Vehicle | None:
    """The cooling time is over: this member is the holder now, unless there was an objection or another came first. His vehicle, if so."""
    found = store.vehicle(uow.connection, vehicle_id)
    if found is None or found.state is not VehicleState.COOLING or found.active_at is None or found.active_at > uow.now:
        return None
    held = store.holder(uow.connection, found.plate)
    if (
        held is not None and (held.active_at or held.since) > found.since
    ):  # it got a holder while this claim was waiting: he has had no notice
        store.move_vehicle(
            uow.connection, vehicle_id, VehicleState.COOLING, VehicleState.REVIEW, reason="another_came_first"
        )
        return None
    if held is not None:
        end(uow, held, "moved_on")
        store.notify(uow.connection, uow.ids.new(uow.now), held.member_id, "vehicle_moved_on", held.vehicle_id, uow.now)
    store.move_vehicle(uow.connection, vehicle_id, VehicleState.COOLING, VehicleState.ACTIVE)
    uow.publish(MemberChanged(found.member_id, "vehicle"))
    return _known(uow, vehicle_id)


def object_to(uow: UnitOfWork, member_id: str, vehicle_id: str) -> None:
    """The present holder says no: a person decides by the documents."""
    claimed = store.vehicle(uow.connection, vehicle_id)
    held = store.holder(uow.connection, claimed.plate) if claimed is not None else None
    if held is None or held.member_id != member_id:  # one answer for a stranger's vehicle and for none at all
        raise not_found("vehicle.unknown", "there is no such claim against you")
    if claimed is not None and claimed.is_decided:
        raise conflict("vehicle.decided", "a person has decided on this objection already")
    if not store.move_vehicle(uow.connection, vehicle_id, VehicleState.COOLING, VehicleState.REVIEW, reason=OBJECTED):
        raise conflict("vehicle.not_cooling", "this claim waits for a person already")


def end(uow: UnitOfWork, vehicle: Vehicle, reason: str) -> None:
    """Unbind; nothing of this vehicle counts for the member from now on."""
    values: dict[str, Any] = {"ended_at": uow.now, "reason": reason}
    if store.move_vehicle(uow.connection, vehicle.vehicle_id, vehicle.state, VehicleState.ENDED, **values):
        uow.publish(MemberChanged(vehicle.member_id, "vehicle"))


def forget(uow: UnitOfWork, member_id: str) -> None:
    """Drop the rows of a member's vehicles; the caller has ended them."""
    uow.connection.execute(vehicle_table.delete().where(vehicle_table.c.member_id == member_id))


def _known(uow: UnitOfWork, vehicle_id: str) -> Vehicle:
    found = store.vehicle(uow.connection, vehicle_id)
    if found is None or found.state is VehicleState.ENDED:
        raise not_found("vehicle.unknown", "there is no such vehicle")
    return found


def jobs(became: Callable[[UnitOfWork, Vehicle], None] | None = None) -> dict[str, JobHandler]:
    """The durable job that ends a cooling time; `became` does what else changes with the holder, in the same transaction."""

    def end_cooling(uow: UnitOfWork, vehicle_id: str) -> None:
        vehicle = activate(uow, vehicle_id)
        if vehicle is not None and became is not None:
            became(uow, vehicle)

    def run(database: Database, payload: dict[str, Any]) -> None:
        database.write(lambda uow: end_cooling(uow, str(payload["vehicle_id"])))

    return {ACTIVATE_JOB: run}
