"""The migrations that are released build exactly the tables that the code expects, on both engines, and take them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from parking import migrations
from parking.bootstrap.tables import all_tables

T = TypeVar("T")


def look(url: str, question: Callable[[sa.Connection], T]) -> T:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return question(connection)


def test_the_released_migrations_make_the_tables_of_the_code(lasting_url: str) -> None:
    migrations.run(lasting_url)

    assert look(lasting_url, migrations.current) == migrations.head()
    found = look(lasting_url, lambda connection: migrations.differences(connection, all_tables()))
    assert [difference for difference in found if "'test_" not in difference] == []  # tests bring tables of their own


def test_the_released_migrations_go_down_to_nothing_and_up_again(lasting_url: str) -> None:
    migrations.run(lasting_url)
    migrations.back(lasting_url, "base")

    left = look(lasting_url, lambda connection: set(sa.inspect(connection).get_table_names()))
    assert left <= {"alembic_version", "sqlite_sequence"}

    migrations.run(lasting_url)
