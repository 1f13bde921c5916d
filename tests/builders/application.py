"""The whole server as an ASGI application on a file, with everybody who talks to it: operators, a kiosk, a gate box, drivers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from parking.bootstrap.application import Application, build
from parking.bootstrap.keys import Ed25519Signer, create_key
from parking.bootstrap.server import wrap
from parking.bootstrap.settings import Settings
from parking.bootstrap.tables import all_tables
from parking.journeys import paying
from parking.kernel import codec
from parking.kernel.chain import canonical
from parking.kernel.clock import Clock, ManualClock
from parking.kernel.events import Direction, Envelope, Event
from parking.kernel.ids import RandomIds, StayId
from parking.kernel.signed import seal
from parking.plumbing.db import Database, UnitOfWork, open_database
from parking.plumbing.outbox import backlog
from parking.plumbing.tables import delivery
from parking.security import store as security_store
from parking.security.devices import enrol_edge, enrol_kiosk
from parking.security.model import Session, Whence
from parking.security.service import create_operator, token_hash
from payments import store as payments_store
from payments.invoices.loader import Platform
from payments.providers.base import Provider
from payments.providers.channels import Channel
from payments.providers.memory import MemoryProvider
from tests.builders import promises
from tests.builders.journeys import MORNING, PLATE, demo_settings, envelope, passage
from tests.builders.plumbing import eventually
from tests.builders.security import PASSWORD, SET_UP, cheap_passwords

HOST = "http://testserver"
ROLES = ("cashier", "attendant", "technician", "manager", "auditor")
TRACE = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
"""With a trace of the caller's own, two answers to the same thing are the same bytes."""


class Box:
    """A gate box as the server meets it: a key, a journal that numbers what happened, and batches over it."""

    def __init__(
        self, client: TestClient, key: Ed25519Signer, *, device: str = "edge-1", epoch: str = "epoch-1"
    ) -> None:
        self._client = client
        self.key = key
        self.device = device
        self.epoch = epoch
        self.journal: list[Envelope] = []

    def note(self, event: Event, at: Any = MORNING) -> int:
        """Journal an event; its number."""
        number = len(self.journal) + 1
        self.journal.append(envelope(event, at, number=number, box=self.device))
        return number

    def body(self, numbers: Sequence[int], **changes: Any) -> bytes:
        """A batch of these numbers as the box would write it."""
        events = [{"seq": n, **codec.encode(self.journal[n - 1])} for n in numbers]
        plain = {"device": self.device, "epoch": self.epoch, "sent_at": "2026-03-07T02:00:00Z", "events": events}
        return canonical({**plain, **changes})

    def signature(self, raw: bytes) -> str:
        signed = base64.urlsafe_b64encode(self.key.sign(raw)).rstrip(b"=").decode()
        return f"{self.key.key_id}.{signed}"

    def post(self, raw: bytes, *, signature: str | None = None, **headers: str) -> Response:
        signed = self.signature(raw) if signature is None else signature
        return self._client.post(
            "/api/v1/edge/events", content=raw, headers={"Device-Signature": signed, **TRACE, **headers}
        )

    def send(self, *numbers: int) -> int:
        """Send these, or all; the acknowledged number."""
        reply = self.post(self.body(numbers or range(1, len(self.journal) + 1)))
        assert reply.status_code == 200, reply.text
        return int(reply.json()["acked"])

    def token(self, clock: Clock, **changes: Any) -> str:
        """What it shows when it asks for its copy."""
        expires = int((clock.now() + timedelta(minutes=2)).timestamp())
        return seal({"use": "edge", "device": self.device, "exp": expires, **changes}, self.key)


@dataclass
class Server:
    """A running application with a client that is nobody; `as_` gives the headers of somebody."""

    application: Application
    app: FastAPI
    client: TestClient
    settings: Settings
    signer: Ed25519Signer
    clock: ManualClock
    wallet: MemoryProvider
    box: Box
    kiosk_token: str
    _cookies: dict[str, str] = field(default_factory=dict)

    def as_(self, who: str, stay_id: str = "0197f000-0000-7000-8000-000000000001") -> dict[str, str]:
        """Headers of an operator by role, of `kiosk`, `driver` (of `stay_id`), `edge`, or `anonymous`."""
        if who == "anonymous":
            return {}
        if who == "kiosk":
            return {"Authorization": f"Bearer {self.kiosk_token}"}
        if who == "driver":
            return {"Authorization": f"Bearer {self.ticket(stay_id)}"}
        if who == "edge":
            return {"Device-Auth": self.box.token(self.clock)}
        return {"Cookie": f"parking_session={self._session(who)}", "Origin": HOST}

    def ticket(self, stay_id: str) -> str:
        return paying.ticket(StayId(stay_id), self.signer, self.clock.now() + timedelta(hours=1))

    def _session(self, role: str) -> str:
        if role not in self._cookies:
            database, token = self.application.database, f"session-of-{role}-{RandomIds().new(self.clock.now())}"
            until = self.clock.now() + timedelta(days=30)
            found = database.read(lambda conn: security_store.credentials(conn, role))
            assert found is not None, f"no operator called {role}"
            operator = found[0]
            now = self.clock.now()
            session = Session(RandomIds().new(now), operator.id, now, now, until, Whence("testclient"), "password")
            database.write(lambda uow: security_store.add_session(uow.connection, token_hash(token), session))
            self._cookies[role] = token
        return self._cookies[role]

    def drop_session(self, role: str) -> None:
        """The next request of this operator comes with a fresh log-in."""
        token = self._cookies.pop(role, None)
        if token is not None:
            self.application.database.write(lambda uow: security_store.end_session(uow.connection, token_hash(token)))

    def ask(self, method: str, path: str, who: str = "anonymous", *, stay: str = "", **how: Any) -> Response:
        """A request of somebody; `path` without the API's prefix."""
        headers = {**TRACE, **(self.as_(who, stay) if stay else self.as_(who)), **how.pop("headers", {})}
        reply = self.client.request(method, f"/api/v1{path}", headers=headers, **how)
        promises.check(method, f"/api/v1{path.partition('?')[0]}", reply)
        return reply

    def settle_down(self) -> None:
        """Wait until everything that was published has been handled by everybody."""
        database = self.application.database
        waiting = sa.select(sa.func.count()).select_from(delivery)
        eventually(lambda: database.read(lambda conn: backlog(conn) + conn.execute(waiting).scalar_one()) == 0)

    def enter(self, plate: str | None = PLATE, *, visit: str | None = None) -> str:
        """A car comes in now; its stay's id."""
        stay_id = visit or RandomIds().new(self.clock.now())
        self.box.note(passage(Direction.IN, stay_id, plate), self.clock.now())
        self.box.send()
        self.settle_down()
        return stay_id

    def park(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))

    def approve(self, pay_url: str) -> None:
        """The payer presses the button, the wallet's word is asked for, and the money is booked."""
        number = pay_url.rpartition("/")[2]
        self.wallet.approve(number)
        self.park(seconds=15)  # when the cashier asks
        self.application.jobs.wake()
        paid = sa.select(payments_store.payment_table.c.id).where(
            payments_store.payment_table.c.number == number, payments_store.payment_table.c.state == "PAID"
        )
        eventually(lambda: self.application.database.read(lambda conn: conn.execute(paid).first()) is not None)


@contextmanager
def a_server(
    folder: Path,
    *,
    providers: Mapping[str, Provider] | None = None,
    clock: ManualClock | None = None,
    fresh: bool = True,
    invoices: Platform | None = None,
    channels: Mapping[str, Channel] | None = None,
    **changes: Any,
) -> Iterator[Server]:
    """A server over a file in `folder`, with one operator of each role, the kiosk `kiosk-1` and the box `edge-1`.

    With `fresh` False it is the successor of an earlier server there (whose kiosk token nobody knows any more).
    """
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    url = changes.pop("database_url", f"sqlite:///{folder / 'server.db'}")
    settings = demo_settings(**{"database_url": url, "keys_dir": folder / "keys", "public_url": HOST, **changes})
    signer, edge_key = create_key(folder / "keys" / "server.pem"), create_key(folder / "keys" / "edge-1.pem")
    clock = clock or ManualClock(MORNING)
    wallet = MemoryProvider(clock)
    database = open_database(url, clock=clock, ids=RandomIds(), origin="server")
    application = build(
        settings,
        database,
        clock=clock,
        channels=channels,
        providers=providers or {"wallet": wallet},
        invoices=invoices,
    )
    kiosk_token = enrol(database, edge_key) if fresh else ""
    app = wrap(application, settings, signer=signer, clock=clock)
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        box = Box(client, edge_key)
        yield Server(application, app, client, settings, signer, clock, wallet, box, kiosk_token)


def enrol(database: Database, edge_key: Ed25519Signer) -> str:
    """All tables, everybody who has a role here, the box; returns the kiosk's token."""
    database.create_tables(all_tables())
    hashed = cheap_passwords().hash(PASSWORD)

    def work(uow: UnitOfWork) -> str:
        for role in ROLES:
            create_operator(uow, SET_UP, username=role, display_name=role.title(), password_hash=hashed, roles=(role,))
        enrol_edge(uow, SET_UP, device_id="edge-1", key_id=edge_key.key_id, public_key=edge_key.public)
        return enrol_kiosk(uow, SET_UP, device_id="kiosk-1")

    return database.write(work)


def rows(server: Server, table: Any) -> list[dict[str, Any]]:
    """All of a table."""
    return server.application.database.read(lambda conn: [dict(r) for r in conn.execute(table.select()).mappings()])


def problem_of(reply: Response, status: int) -> dict[str, Any]:
    """The problem that a refusal must be (RFC 9457), whatever was asked."""
    assert reply.status_code == status, (reply.status_code, reply.text)
    assert reply.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(reply.content)
    assert found.keys() == {"type", "title", "status", "detail", "instance", "code", "errors", "trace_id"}
    assert found["status"] == status
    assert found["detail"]
    return found
