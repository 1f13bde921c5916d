"""The same key and request get the same reply, on every engine; the same key for another request is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.principal import Principal
from parking.plumbing.db import Database, UnitOfWork
from parking.web import errors
from parking.web.deps import current_principal
from parking.web.idempotency import IdempotencyKey, Once, Reply, forget, idempotency_key
from parking.web.schemas import Strict
from tests.builders.plumbing import count, note, noted

DRIVER = Principal("driver", "stay-1", frozenset())


def once(key: str = "k1", amount: int = 1500, who: Principal = DRIVER) -> Once:
    return Once.of(who, key, "POST /my/payments", {"amount": amount})


def paying(unit: UnitOfWork) -> Reply:
    note(unit, "paid", "1500")
    return Reply(201, {"payment_id": f"p{unit.ids.new(unit.now)}"})


@pytest.mark.req("PAY-3")
def test_a_repeat_gets_the_stored_reply_and_does_nothing(database: Database) -> None:
    first = once().do(database, paying)
    assert once().do(database, paying) == first
    assert len(noted(database)) == 1


@pytest.mark.req("PAY-3")
def test_many_at_once_do_it_once(database: Database) -> None:
    with ThreadPoolExecutor(6) as taps:
        replies = list(taps.map(lambda _: once().do(database, paying), range(6)))
    assert len({str(reply) for reply in replies}) == 1
    assert len(noted(database)) == 1


def test_the_key_of_another_request_is_refused(database: Database) -> None:
    once(amount=1500).do(database, paying)
    with pytest.raises(ParkingError, match="another request") as error:
        once(amount=1).do(database, paying)
    assert error.value.code == "idempotency.reused"


def test_keys_of_different_callers_do_not_meet(database: Database) -> None:
    other = Principal("driver", "stay-2", frozenset())
    assert once().do(database, paying) != once(who=other).do(database, paying)


def test_a_deed_that_failed_leaves_the_key_free(database: Database) -> None:
    def failing(unit: UnitOfWork) -> Reply:
        note(unit, "paid", "1500")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        once().do(database, failing)
    assert count(database, idempotency_key) == 0
    assert once().do(database, paying).status == 201


def test_a_deed_between_two_transactions_takes_the_key_first_and_keeps_the_first_reply(database: Database) -> None:
    assert database.write(once().take) is None
    assert database.write(once().take) is None  # still under way: the deed itself is idempotent by the same key
    with pytest.raises(ParkingError, match="another request"):
        database.write(once(amount=2).take)

    database.write(lambda unit: once().keep(unit, Reply(201, {"n": 1})))
    database.write(lambda unit: once().keep(unit, Reply(201, {"n": 2})))
    assert database.write(once().take) == Reply(201, {"n": 1})
    assert database.read(once().earlier) == Reply(201, {"n": 1})


def test_old_keys_are_forgotten(database: Database) -> None:
    once().do(database, paying)
    assert database.write(forget) == 0
    assert database.write(lambda unit: forget(unit, older_than=timedelta(seconds=-1))) == 1


@pytest.mark.req("PAY-3")
def test_a_day_later_the_reply_is_still_given_and_after_a_week_the_key_is_free(database: Database) -> None:
    clock = ManualClock(datetime(2026, 3, 7, 2, 0, tzinfo=UTC))
    database.clock = clock
    first = once().do(database, paying)
    clock.advance(timedelta(hours=24))
    assert database.write(forget) == 0
    assert once().do(database, paying) == first
    with pytest.raises(ParkingError, match="another request"):
        once(amount=1).do(database, paying)
    clock.advance(timedelta(days=7))
    assert database.write(forget) == 1
    assert once().do(database, paying) != first
    assert len(noted(database)) == 2


class Opening(Strict):
    reason: str


@pytest.fixture
def client(memory_database: Database) -> Iterator[TestClient]:
    app = FastAPI()
    errors.install(app)

    @app.post("/open")
    async def open_lane(
        body: Opening, key: IdempotencyKey, who: Annotated[Principal, Depends(current_principal)]
    ) -> JSONResponse:
        request = Once.of(who, key, "POST /open", body.model_dump())
        reply = request.do(memory_database, paying)
        return JSONResponse(reply.body, reply.status)

    with TestClient(app) as opened:
        yield opened


def test_over_http_the_reply_is_the_same_byte_for_byte(client: TestClient) -> None:
    replies = [client.post("/open", json={"reason": "help"}, headers={"Idempotency-Key": "abc"}) for _ in range(2)]
    assert replies[0].content == replies[1].content
    assert {reply.status_code for reply in replies} == {201}

    other = client.post("/open", json={"reason": "other"}, headers={"Idempotency-Key": "abc"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.reused")


@pytest.mark.parametrize("key", [None, "", "  ", "x" * 129])
def test_without_a_key_nothing_is_done(client: TestClient, memory_database: Database, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    reply = client.post("/open", json={"reason": "help"}, headers=headers)
    assert reply.status_code == 422
    assert "empotency" in str(reply.json()["errors"][0]["field"])
    assert noted(memory_database) == []
