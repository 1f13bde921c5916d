"""The same line of revisions makes the same database on both engines, wholly or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from parking import migrations
from parking.bootstrap.tables import all_tables
from parking.kernel.errors import ParkingError
from tests.builders.plumbing_processes import migrate, start

FIRST = """
import sqlalchemy as sa
from alembic import op
from parking.plumbing import column_types
revision, down_revision, branch_labels, depends_on = "0001", None, None, None

def upgrade():
    op.create_table("bay", sa.Column("id", sa.String(8), primary_key=True), sa.Column("at", column_types.UtcDateTime()))

def downgrade():
    op.drop_table("bay")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

def upgrade():
    with op.batch_alter_table("bay") as bay:
        bay.add_column(sa.Column("zone", sa.String(8), nullable=False, server_default="b1"))
        bay.alter_column("id", type_=sa.String(16), existing_type=sa.String(8))

def downgrade():
    with op.batch_alter_table("bay") as bay:
        bay.drop_column("zone")
"""
FAILING = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None

def upgrade():
    op.create_table("half_done", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("SELECT * FROM a_table_that_is_not_there")

def downgrade():
    pass
"""


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / "0001_bays.py").write_text(FIRST)
    (folder / "0002_zones.py").write_text(SECOND)
    return folder


class State:
    """What a database looks like from outside."""

    def __init__(self, url: str) -> None:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            look = sa.inspect(connection)
            self.revision = migrations.current(connection)
            self.tables = set(look.get_table_names()) - {"alembic_version"}
            self.columns = {c["name"] for c in look.get_columns("bay")} if "bay" in self.tables else set()
        engine.dispose()


def test_an_empty_database_becomes_the_newest(lasting_url: str, versions: Path) -> None:
    assert State(lasting_url).revision is None
    migrations.run(lasting_url, versions=versions)

    state = State(lasting_url)
    assert (state.revision, state.columns) == ("0002", {"id", "at", "zone"})
    assert migrations.head(versions=versions) == "0002"


def test_going_step_by_step_and_again_changes_nothing_more(lasting_url: str, versions: Path) -> None:
    migrations.run(lasting_url, "0001", versions=versions)
    assert State(lasting_url).columns == {"id", "at"}
    for _ in range(2):
        migrations.run(lasting_url, versions=versions)
    assert State(lasting_url).revision == "0002"


def test_what_is_in_the_tables_stays(lasting_url: str, versions: Path) -> None:
    migrations.run(lasting_url, "0001", versions=versions)
    engine = sa.create_engine(lasting_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO bay (id) VALUES ('b1-001')")
    migrations.run(lasting_url, versions=versions)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id, zone FROM bay").one() == ("b1-001", "b1")
    engine.dispose()


def test_a_revision_that_fails_leaves_nothing_half_done(lasting_url: str, versions: Path) -> None:
    (versions / "0003_failing.py").write_text(FAILING)
    migrations.run(lasting_url, "0002", versions=versions)
    with pytest.raises(sa.exc.DBAPIError):
        migrations.run(lasting_url, versions=versions)

    state = State(lasting_url)
    assert (state.revision, state.tables) == ("0002", {"bay"})


def test_two_processes_that_migrate_at_once_take_turns(lasting_url: str, versions: Path) -> None:
    processes = [start(migrate, lasting_url, str(versions)) for _ in range(3)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert State(lasting_url).revision == "0002"


def test_going_back_is_possible(lasting_url: str, versions: Path) -> None:
    migrations.run(lasting_url, versions=versions)
    migrations.back(lasting_url, "base", versions=versions)
    assert State(lasting_url).tables == set()


def test_an_unknown_revision_is_named(lasting_url: str, versions: Path) -> None:
    with pytest.raises(ParkingError, match="9999"):
        migrations.run(lasting_url, "9999", versions=versions)


def test_a_revision_written_from_the_code_makes_exactly_the_tables_of_the_code(
    lasting_url: str, tmp_path: Path
) -> None:
    """This is how 0001 was made, and it works for either engine."""
    versions = tmp_path / "generated"
    versions.mkdir()
    scratch = f"sqlite:///{tmp_path}/scratch.db"
    migrations.run(scratch, versions=versions)
    written = migrations.generate(scratch, "all rooms", number="0001", versions=versions)
    assert written.name == "0001_all_rooms.py"

    migrations.run(lasting_url, versions=versions)
    engine = sa.create_engine(lasting_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert _ours(migrations.differences(connection, all_tables())) == []
    engine.dispose()


def _ours(differences: list[str]) -> list[str]:
    """Without the tables that only tests define."""
    return [difference for difference in differences if "test_" not in difference]
