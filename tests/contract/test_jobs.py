"""What durable jobs promise on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.plumbing import given_up
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import RetryPolicy
from parking.plumbing.jobs import JobRunner, enqueue, forget_done, job
from tests.builders.plumbing import NOON, count, eventually, note, noted
from tests.builders.plumbing_processes import kill, run_jobs, start
from tests.fixtures.databases import fresh_database


class Desk:
    """A runner with one kind of job, whose first `failures` runs fail."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.failures = 0
        self.ran: list[Any] = []
        self.runner = self.new_runner()

    def new_runner(self) -> JobRunner:
        retry = RetryPolicy(attempts=3, first_s=10, most_s=60)
        return JobRunner(self.database, {"charge": self._charge}, self.clock, retry=retry, lease=timedelta(seconds=30))

    def _charge(self, database: Database, payload: dict[str, Any]) -> None:
        self.ran.append(payload["stay"])
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionError("provider away")
        database.write(lambda unit: note(unit, "book", payload["stay"]))

    def enqueue(self, stay: str, **options: Any) -> bool:
        return self.database.write(lambda unit: enqueue(unit, "charge", f"charge:{stay}", {"stay": stay}, **options))

    def states(self) -> list[str]:
        return list(self.database.read(lambda c: c.scalars(sa.select(job.c.state).order_by(job.c.id)).all()))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each engine."""
    url = {"memory": "sqlite://", "sqlite": f"sqlite:///{tmp_path}/parking.db"}.get(request.param)
    clock = ManualClock(NOON)
    made = Desk(fresh_database(url or request.getfixturevalue("postgres_url"), clock), clock)
    yield made
    made.database.close()


def test_a_job_runs_once_and_is_done(desk: Desk) -> None:
    desk.enqueue("s1")
    assert desk.runner.run_due() == 1
    assert desk.runner.run_due() == 0
    assert (desk.ran, desk.states()) == (["s1"], ["done"])


@pytest.mark.req("PAY-3")
def test_the_same_job_is_accepted_once_even_when_it_is_done(desk: Desk) -> None:
    assert desk.enqueue("s1")
    assert not desk.enqueue("s1")
    desk.runner.run_due()
    assert not desk.enqueue("s1")
    desk.runner.run_due()
    assert desk.ran == ["s1"]


def test_a_job_of_a_transaction_that_failed_was_never_there(desk: Desk) -> None:
    def work(unit: Any) -> None:
        enqueue(unit, "charge", "charge:s1", {"stay": "s1"})
        raise KeyError

    with pytest.raises(KeyError):
        desk.database.write(work)
    assert desk.runner.run_due() == 0


def test_a_job_waits_for_its_time(desk: Desk) -> None:
    desk.enqueue("later", run_at=NOON + timedelta(minutes=5))
    assert desk.runner.run_due() == 0
    desk.clock.advance(timedelta(minutes=5))
    assert desk.runner.run_due() == 1


def test_a_failed_job_is_tried_again_after_a_growing_pause(desk: Desk) -> None:
    desk.failures = 2
    desk.enqueue("s1")
    for wait_s, runs in ((0, 1), (9, 1), (1, 2), (19, 2), (1, 3)):
        desk.clock.advance(timedelta(seconds=wait_s))
        desk.runner.run_due()
        assert len(desk.ran) == runs
    assert (noted(desk.database), desk.states()) == (["s1"], ["done"])


def test_a_job_that_always_fails_is_dead_until_a_person_revives_it(desk: Desk) -> None:
    desk.failures = 3
    desk.enqueue("s1")
    for _ in range(6):
        desk.runner.run_due()
        desk.clock.advance(timedelta(minutes=2))
    assert (len(desk.ran), desk.states()) == (3, ["dead"])

    (found,) = desk.database.read(given_up.newest)
    assert (found.code, found.group, found.attempts) == ("charge", "", 3)
    assert desk.database.write(lambda unit: given_up.again(unit, {}, found.id)) == ""
    desk.runner.run_due()
    assert desk.states() == ["done"]
    with pytest.raises(ParkingError, match="somebody has seen to it"):
        desk.database.write(lambda unit: given_up.again(unit, {}, found.id))


def test_a_dead_job_that_a_person_lets_be_is_over(desk: Desk) -> None:
    desk.failures = 3
    desk.enqueue("s1")
    for _ in range(6):
        desk.runner.run_due()
        desk.clock.advance(timedelta(minutes=2))
    (found,) = desk.database.read(given_up.newest)
    desk.database.write(lambda unit: given_up.let_be(unit, found.id))
    desk.runner.run_due()
    assert (len(desk.ran), desk.database.read(given_up.count)) == (3, 0)


@pytest.mark.parametrize("strange", ["", "job:", "job:x", "job:99999999999999999999", "job:²", "nobody:e1", ":"])
def test_an_id_of_nothing_that_was_given_up_is_refused(desk: Desk, strange: str) -> None:
    for deed in (lambda uow: given_up.again(uow, {}, strange), lambda uow: given_up.let_be(uow, strange)):
        with pytest.raises(ParkingError, match="nothing is waiting under this id"):
            desk.database.write(deed)


def test_jobs_of_kinds_that_this_runner_does_not_know_stay_for_another(desk: Desk) -> None:
    desk.database.write(lambda unit: enqueue(unit, "invoice", "invoice:1", {}))
    assert desk.runner.run_due() == 0
    assert desk.states() == ["waiting"]


def test_a_job_whose_runner_vanished_is_taken_over_when_its_lease_runs_out(desk: Desk) -> None:
    desk.enqueue("s1")
    desk.database.write(desk.runner._claim)
    other = desk.new_runner()
    assert other.run_due() == 0

    desk.clock.advance(timedelta(seconds=31))
    assert other.run_due() == 1
    assert desk.states() == ["done"]


def test_a_runner_that_overran_its_lease_does_not_overwrite_what_its_successor_found(desk: Desk) -> None:
    desk.enqueue("s1")
    slow = desk.database.write(desk.runner._claim)
    assert slow is not None
    desk.clock.advance(timedelta(seconds=31))
    desk.new_runner().run_due()

    desk.failures = 1
    desk.runner._run_one(slow)
    assert desk.states() == ["done"]


def test_a_job_that_takes_its_runner_down_every_time_is_given_up(desk: Desk) -> None:
    desk.enqueue("s1")
    for _ in range(3):
        assert desk.database.write(desk.runner._claim) is not None
        desk.clock.advance(timedelta(minutes=5))
    desk.runner.run_due()
    assert (desk.ran, desk.states()) == ([], ["dead"])


def test_done_jobs_can_be_forgotten(desk: Desk) -> None:
    desk.enqueue("s1")
    desk.runner.run_due()
    desk.clock.advance(timedelta(days=91))
    assert desk.database.write(lambda unit: forget_done(unit, older_than=timedelta(days=90))) == 1
    assert count(desk.database, job) == 0


@pytest.mark.req("PAY-3")
def test_two_workers_that_are_killed_charge_everybody_exactly_once(lasting_url: str, tmp_path: Path) -> None:
    """The provider honours our key, as recipe 4.2 asks; every key is charged, and the job table says so."""
    database = fresh_database(lasting_url)
    charged = tmp_path / "provider"
    charged.mkdir()
    keys = [f"stay-{n}" for n in range(60)]
    for key in keys:
        database.write(lambda unit, k=key: enqueue(unit, "charge", f"charge:{k}", {"key": k}))  # type: ignore[misc]

    for share in (10, 25):
        workers = [start(run_jobs, lasting_url, str(charged)) for _ in range(2)]
        eventually(lambda: len(list(charged.iterdir())) >= share)  # noqa: B023 - asked before the next turn
        for worker in workers:
            kill(worker)
    _release_leases(database)
    last = start(run_jobs, lasting_url, str(charged))
    waiting = sa.select(sa.func.count()).select_from(job).where(job.c.state != "done")
    eventually(lambda: database.read(lambda c: c.scalar(waiting)) == 0)
    kill(last)

    assert sorted(file.name for file in charged.iterdir()) == sorted(keys)
    assert set(noted(database)) == set(keys)
    database.close()


def _release_leases(database: Database) -> None:
    """What a minute of waiting would do: the leases of the killed run out."""
    database.write(lambda unit: unit.connection.execute(sa.update(job).values(leased_until=NOON)))


@pytest.mark.req("PAY-3")
def test_one_job_at_a_time_is_claimed_by_whatever_plan_the_database_makes(desk: Desk) -> None:
    def claim(unit: UnitOfWork) -> object:
        if unit.connection.dialect.name == "postgresql":  # as it plans with no statistics, or with stale ones
            for way in ("hashjoin", "mergejoin", "hashagg", "material", "sort"):
                unit.connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return desk.runner._claim(unit)

    for number in range(5):
        desk.enqueue(f"s{number}")
    assert desk.database.write(claim) is not None
    assert desk.runner.run_due() == 4
