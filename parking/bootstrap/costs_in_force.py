"""The prices of misreads: what was measured of the recogniser, and what people have taught since. Each version is worked out once."""

from __future__ import annotations

from sqlalchemy import Connection

from lpr import confusion_file
from parking.sessions.costs import Costs
from parking.sessions.desk.taught import Taught


class CostsInForce:
    """Ask with a connection: the costs as its snapshot has them, and the version of the lessons in them; safe to share."""

    def __init__(self) -> None:
        self.taught = Taught()
        self._tally = confusion_file.packaged().frame
        self._made: tuple[str, Costs] | None = None

    def __call__(self, conn: Connection) -> tuple[Costs, str]:
        taught = self.taught(conn)
        made = self._made
        if made is None or made[0] != taught.version:
            costs = Costs.learned(self._tally.signs, self._tally.colours, taught.misreads)
            made = self._made = (taught.version, costs)
        return made[1], made[0]
