"""What people have taught, kept at hand: an exit asks at every passage, and in a year of a mall there are thousands of lessons."""

from __future__ import annotations

from sqlalchemy import Connection

from parking.sessions.desk import lesson_store
from parking.sessions.desk.lessons import Teaching, differences, teaching_of


class Taught:
    """Ask with a connection: what the lessons in force teach, as its snapshot has them; read anew only after a change. Safe to share."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[tuple[str, str], ...]] = {}
        self._made: tuple[str, Teaching] | None = None

    def __call__(self, conn: Connection) -> Teaching:
        change = lesson_store.last_change(conn)
        made = self._made
        if made is None or made[0] != change:
            made = self._made = change, self._read(conn)
        return made[1]

    def _read(self, conn: Connection) -> Teaching:
        """A lesson's plates may be blanked later; what it teaches never changes, so that each is read once."""
        in_force, known = lesson_store.lessons_in_force(conn), self._said
        new = lesson_store.lessons_of(conn, [one for one in in_force if one not in known])
        known = known | {one.id: differences(one.read, one.true) for one in new}
        self._said = {one: known[one] for one in in_force}
        return teaching_of(self._said)
