"""A marked statement says the same by the driver's way as by SQLAlchemy's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from parking.kernel.plate import Plate
from parking.plumbing.column_types import Json, PlateText, UtcDateTime
from parking.plumbing.prepared import Answer, attempt, direct, prepared

NOON = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)
tables = sa.MetaData()
car = sa.Table(
    "car",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("plate", PlateText, nullable=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("about", Json, nullable=True),
    sa.Column("note", sa.Text, nullable=False, default="none"),
)
ADD = prepared(car.insert())
MOVE = prepared(car.update().where(car.c.id == sa.bindparam("of_car")))
TAKE = prepared(car.delete().where(car.c.id == sa.bindparam("of_car")).returning(car.c.plate))
BY_PLATES = prepared(
    sa.select(car)
    .where(car.c.plate.in_(sa.bindparam("plates", expanding=True)), car.c.note.in_(("none", "seen")))
    .order_by(car.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
COUNT = prepared(sa.select(sa.func.count()).select_from(car))


def a_row(number: int, **values: Any) -> dict[str, Any]:
    return {"id": number, "plate": Plate(f"A{number}"), "at": NOON, "about": {"n": [number, None]}} | values


@pytest.fixture(params=["direct", "by SQLAlchemy"])
def connection(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, hide_parameters=True)
    if request.param == "direct":
        direct(engine)
    with engine.connect() as conn:
        tables.create_all(conn)
        yield conn
    engine.dispose()


class TestAMarkedStatement:
    def test_gives_back_what_went_in(self, connection: sa.Connection) -> None:
        assert connection.execute(ADD, a_row(1)).rowcount == 1

        found = connection.execute(BY_PLATES, {"plates": [Plate("A1")], "most": 5}).one()
        assert found._asdict() == a_row(1, note="none")
        assert (found.plate, found[2], found._mapping["about"]) == (Plate("A1"), NOON, {"n": [1, None]})

    def test_takes_lists_of_any_length(self, connection: sa.Connection) -> None:
        connection.execute(ADD, [a_row(number) for number in range(4)])

        for wanted in ([], [Plate("A1")], [Plate("A3"), Plate("A0"), Plate("B7")]):
            found = connection.execute(BY_PLATES, {"plates": wanted, "most": 9}).all()
            assert [row.plate for row in found] == sorted(set(wanted) - {Plate("B7")}, key=lambda one: one.text)
        assert len(connection.execute(BY_PLATES, {"plates": [Plate(f"A{n}") for n in range(4)], "most": 2}).all()) == 2

    def test_changes_what_its_values_name(self, connection: sa.Connection) -> None:
        connection.execute(ADD, a_row(1))

        assert connection.execute(MOVE, {"of_car": 1, "plate": None}).rowcount == 1
        assert connection.execute(MOVE, {"of_car": 1, "note": "seen", "about": None}).rowcount == 1
        assert connection.execute(MOVE, {"of_car": 2, "note": "seen"}).rowcount == 0
        kept = connection.execute(sa.select(car)).one()
        assert (kept.plate, kept.note, kept.about, kept.at) == (None, "seen", None, NOON)

    def test_returns_what_it_took(self, connection: sa.Connection) -> None:
        connection.execute(ADD, a_row(1))

        assert connection.execute(TAKE, {"of_car": 1}).scalar_one_or_none() == Plate("A1")
        assert connection.execute(TAKE, {"of_car": 1}).one_or_none() is None
        assert connection.scalar(COUNT) == 0

    def test_fails_as_ever_and_without_values(self, connection: sa.Connection) -> None:
        connection.execute(ADD, a_row(1, plate=Plate("SECRET1")))

        with pytest.raises(sa.exc.IntegrityError) as refused:
            connection.execute(ADD, a_row(1, plate=Plate("SECRET1")))
        assert "SECRET" not in str(refused.value)
        with pytest.raises(sa.exc.NoResultFound):
            connection.execute(BY_PLATES, {"plates": [], "most": 1}).one()

    def test_that_changed_is_another_statement(self, connection: sa.Connection) -> None:
        connection.execute(ADD, [a_row(1), a_row(2)])

        assert connection.execute(BY_PLATES.where(car.c.id == 2), {"plates": [Plate("A1")], "most": 1}).all() == []

    def test_is_heard_by_whoever_listens(self, connection: sa.Connection) -> None:
        heard: list[str] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *args: heard.append(args[2]))

        connection.execute(ADD, a_row(1))
        assert [text.split()[0] for text in heard] == ["INSERT"]


class TestAnAttempt:
    def test_is_undone_by_itself(self, connection: sa.Connection) -> None:
        connection.execute(ADD, a_row(1))
        with pytest.raises(ValueError, match="no"):
            _fail_after_two(connection)

        with attempt(connection):
            connection.execute(ADD, a_row(4))
        assert connection.execute(sa.select(car.c.id)).scalars().all() == [1, 4]


def _fail_after_two(connection: sa.Connection) -> None:
    with attempt(connection):
        connection.execute(ADD, a_row(2))
        with attempt(connection):
            connection.execute(ADD, a_row(3))
        raise ValueError("no")


def test_several_rows_are_not_one() -> None:
    engine = direct(sa.create_engine("sqlite://", poolclass=sa.StaticPool))
    with engine.connect() as conn:
        tables.create_all(conn)
        conn.execute(ADD, [a_row(1), a_row(2)])
        found = conn.execute(BY_PLATES, {"plates": [Plate("A1"), Plate("A2")], "most": 9})
        assert isinstance(found, Answer)
        with pytest.raises(sa.exc.MultipleResultsFound):
            found.one_or_none()
    engine.dispose()
