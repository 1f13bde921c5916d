"""A server of the small drawn mall, with cars in its bays and people who look for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from parking.gate.credentials.codes import CodeUse, issue
from parking.journeys import paying
from parking.kernel.events import BaySeen
from parking.kernel.ids import BayId, DeviceId, RandomIds, StayId, ZoneId
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from tests.builders.application import Server, a_server
from tests.builders.plans import SMALL


@contextmanager
def a_drawn_mall(folder: Path, text: str = SMALL, **changes: Any) -> Iterator[Server]:
    """The small drawn site, or another, behind a whole server."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "small.yaml"
    file.write_text(text, encoding="utf-8")
    with a_server(folder, site_file=file, **changes) as server:
        yield server


def see(
    server: Server,
    bay: str,
    *,
    taken: bool | None = True,
    plate: str | None = None,
    source: str = "video",
    sure: float = 0.99,
    at: datetime | None = None,
) -> None:
    """A bay was seen taken or free, with a plate or without."""
    zone = ZoneId("z1" if bay.startswith("A") else "z2")

    def work(uow: UnitOfWork) -> None:
        read = Plate.parse(plate) if plate else None
        uow.publish(BaySeen(BayId(bay), zone, taken, source, DeviceId("cam-1"), sure, at or uow.now, read))

    server.application.database.write(work)
    server.settle_down()


def lane_ticket(server: Server, stay_id: str, *, by_box: bool = True, **changes: Any) -> str:
    """The code on the paper that the lane printed for this stay."""
    now = server.clock.now()
    said: dict[str, Any] = {
        "code_id": RandomIds().new(now),
        "lot": "mall",
        "not_before": now,
        "expires": now + timedelta(hours=24),
        "signer": server.box.key if by_box else server.signer,
        "stay_id": StayId(stay_id),
    }
    return issue(CodeUse.TICKET, **(said | changes))


def proven(server: Server, stay_id: str, who: str = "driver") -> str:
    """The token of whoever holds the stay's own code."""
    reply = server.ask("POST", "/find", who, stay=stay_id)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["token"])


def way(server: Server, token: str, **said: Any) -> dict[str, Any]:
    reply = server.ask("POST", "/find/way", json={"token": token, **said})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def kiosk_code(server: Server, stay_id: str) -> str:
    """What a phone gets that scanned the code of a kiosk: a stay looked up by nothing but its plate."""
    return paying.ticket(StayId(stay_id), server.signer, server.clock.now() + timedelta(minutes=30), at="kiosk")
