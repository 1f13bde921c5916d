"""What the server gave up, for whoever looks after it: told as a device's trouble, listed, done again or let be, each on record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import StringConstraints

from guidance.sign_board import publish_to
from parking.bootstrap.device_watch import DeviceWatch
from parking.kernel import events
from parking.kernel.clock import Clock
from parking.kernel.device import Health, HealthReport
from parking.kernel.errors import conflict
from parking.kernel.ids import DeviceId
from parking.kernel.principal import Principal, Scope
from parking.plumbing import given_up
from parking.plumbing.bus import Subscription
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.jobs import JobRunner
from parking.security import audit
from parking.web.deps import require
from parking.web.schemas import Moment, Strict

SERVER = DeviceId("server")
STILL_TRUE = frozenset(
    event.__name__
    for event in (
        *(events.VehiclePassed, events.StayOpened, events.StayClosed, events.StayCorrected),
        *(events.PaymentCaptured, events.PaymentRefunded),
    )
)
"""What may be handled late. Any other event says what was so at that moment: an old fire would open the house again, an old ruling of a
lane end the stays of cars that came since, an old count shut an entry.
"""
SCREENS = "live"
"""Its group shows what is so now: an event of yesterday would only make the screens old."""
Technician = Annotated[Principal, Depends(require(Scope.DEVICES_WRITE))]


class GivenUpView(Strict):
    """An event that `group` could not handle, or a job (`group` empty); `code` its type or kind; `may_again`: it makes sense."""

    id: str
    code: str
    group: str
    ended_at: Moment
    attempts: int
    error: str
    may_again: bool


class GivenUpList(Strict):
    """The newest first, 200 at most; `waiting` counts all."""

    items: list[GivenUpView]
    waiting: int
    now: Moment


class DoneAgain(Strict):
    """Whether it went well this time; `error` says what failed, and then it waits on."""

    done: bool
    error: str


class LetBe(Strict):
    """Why nobody needs it done any more."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


@dataclass(frozen=True, slots=True)
class GivenUpDesk:
    """All that this server gave up, and the groups that can try again."""

    database: Database
    clock: Clock
    groups: dict[str, Subscription]
    jobs: JobRunner
    watch: DeviceWatch

    @classmethod
    def over(cls, database: Database, clock: Clock, groups: dict[str, Subscription], jobs: JobRunner) -> GivenUpDesk:
        """With the server among the devices: well while nothing waits."""
        watch = DeviceWatch(publish_to(database))
        watch.add(SERVER, lambda: _health(database, clock))
        return cls(database, clock, groups, jobs, watch)

    def router(self) -> APIRouter:
        """Routes under /given-up."""
        routes = APIRouter(prefix="/given-up", tags=["operators"])
        database = self.database

        @routes.get("")
        def found(_: Technician) -> GivenUpList:
            items, waiting = database.read(lambda conn: (given_up.newest(conn), given_up.count(conn)))
            return GivenUpList(items=[self._view(one) for one in items], waiting=waiting, now=self.clock.now())

        @routes.post("/{given_up_id}/again")
        def again(given_up_id: str, who: Technician) -> DoneAgain:
            """Have it done once more: an event at once and for the one group that failed, a job as soon as its turn comes."""

            def work(uow: UnitOfWork) -> str:
                known = given_up.letter(uow.connection, given_up_id)
                if known is not None and not self._may_again(known):
                    raise conflict("given_up.past", "it tells what was so then: doing it now would be wrong")
                error = given_up.again(uow, self.groups, given_up_id)
                audit.record(uow, who, "device.again", given_up_id, error)
                return error

            error = database.write(work)
            self.jobs.wake()
            return DoneAgain(done=not error, error=error)

        @routes.post("/{given_up_id}/let-be", status_code=204)
        def let_be(given_up_id: str, who: Technician, body: LetBe) -> None:
            """Nobody needs it done any more."""

            def work(uow: UnitOfWork) -> None:
                given_up.let_be(uow, given_up_id)
                audit.record(uow, who, "device.let_be", given_up_id, body.reason)

            database.write(work)

        return routes

    def _may_again(self, one: given_up.GivenUp) -> bool:
        return not one.group or (one.group in self.groups and one.group != SCREENS and one.code in STILL_TRUE)

    def _view(self, one: given_up.GivenUp) -> GivenUpView:
        return GivenUpView(**asdict(one), may_again=self._may_again(one))


def _health(database: Database, clock: Clock) -> HealthReport:
    if database.read(given_up.count) == 0:
        return HealthReport(Health.OK, clock.now())
    return HealthReport(Health.FAULTY, clock.now(), "an event or a job was given up after every try")
