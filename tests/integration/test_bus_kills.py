"""kill -9 of a relay, of a handler, of an acknowledgement: nothing is lost, nothing is done twice. Redis may forget everything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import redis

from parking.kernel.clock import ManualClock
from parking.kernel.events import VehicleBackedAway
from parking.plumbing.bus import Subscription
from parking.plumbing.db import Database
from parking.plumbing.outbox import OutboxRelay
from parking.plumbing.redis_streams import RedisBus
from tests.builders.plumbing import NOON, an_event, eventually, noted, noting
from tests.builders.plumbing_processes import die_acknowledging, die_handling, kill, relay_and_handle, start
from tests.fixtures.databases import fresh_database
from tests.fixtures.redis import RedisServer


def _publish(database: Database, how_many: int) -> list[str]:
    return [database.write(lambda unit, n=n: unit.publish(an_event(n))).id for n in range(how_many)]  # type: ignore[misc]


@pytest.fixture(params=["in process", "redis"])
def redis_url_or_none(request: pytest.FixtureRequest) -> str | None:
    """No Redis, then a Redis."""
    return str(request.getfixturevalue("redis_url")) if request.param == "redis" else None


@pytest.mark.req("GATE-3", "PAY-3")
def test_a_relay_killed_again_and_again_loses_and_doubles_nothing(
    lasting_url: str, redis_url_or_none: str | None
) -> None:
    database = fresh_database(lasting_url)
    sent = _publish(database, 300)
    for share in (30, 90, 150, 600):
        process = start(relay_and_handle, lasting_url, redis_url_or_none)
        eventually(lambda: len(noted(database)) >= share, within_s=60)  # noqa: B023 - asked before the next turn
        kill(process)

    assert list(noted(database, "first")) == sent
    assert list(noted(database, "second")) == sent
    database.close()


def test_a_handler_that_takes_its_process_down_leaves_no_half_effect(
    lasting_url: str, redis_url_or_none: str | None, tmp_path: Path
) -> None:
    database = fresh_database(lasting_url)
    sent = _publish(database, 5)
    marker = str(tmp_path / "died once")
    first = start(die_handling, lasting_url, redis_url_or_none, marker)
    first.join(30)
    assert first.exitcode == -9
    assert noted(database) == []

    second = start(die_handling, lasting_url, redis_url_or_none, marker)
    eventually(lambda: len(noted(database)) == 5)
    kill(second)
    assert list(noted(database)) == sent
    database.close()


def test_a_process_killed_between_commit_and_acknowledgement_does_not_repeat_its_effect(
    sqlite_database: Database, redis_url: str, tmp_path: Path
) -> None:
    sent = _publish(sqlite_database, 5)
    process = start(die_acknowledging, f"sqlite:///{tmp_path}/parking.db", redis_url)
    process.join(30)
    assert process.exitcode == -9
    assert list(noted(sqlite_database)) == sent

    bus = RedisBus(sqlite_database, redis_url, lease_s=0.3)
    bus.subscribe(Subscription("deadly", {VehicleBackedAway: (noting("deadly"),)}))
    eventually(lambda: bus.drain() > 0)
    assert list(noted(sqlite_database)) == sent
    bus.stop()


@pytest.mark.req("PAY-3")
def test_what_redis_forgot_is_sent_again(memory_database: Database, redis_server: RedisServer, redis_url: str) -> None:
    clock = ManualClock(NOON)
    memory_database.clock = clock
    bus = RedisBus(memory_database, redis_url, lease_s=0.2)
    bus.subscribe(Subscription("a", {VehicleBackedAway: (noting("a"),)}))
    relay = OutboxRelay(memory_database, bus)
    sent = _publish(memory_database, 3)
    relay.drain()
    bus.drain()

    sent += _publish(memory_database, 4)
    relay.drain()
    redis_server.stop()
    redis_server.start()
    assert eventually_drained(bus) == 0
    assert bus.recover_lost() == 0  # too early to call anything lost

    clock.advance(timedelta(minutes=5))
    assert bus.recover_lost() == 4
    relay.drain()
    bus.drain()
    assert list(noted(memory_database)) == sent
    assert bus.recover_lost() == 0
    bus.stop()


def eventually_drained(bus: RedisBus) -> int:
    handled: list[int] = []

    def answered() -> bool:
        try:
            handled.append(bus.drain())
        except redis.ConnectionError:  # the connection from before the restart
            return False
        return True

    eventually(answered)
    return handled[-1]
