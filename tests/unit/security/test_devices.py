from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from parking.kernel.errors import ErrorKind, ParkingError
from parking.plumbing.db import Database
from parking.security import store
from parking.security.devices import DeviceKeys, enrol_edge, set_enabled
from parking.security.service import token_hash
from tests.builders.security import NOON, SET_UP, DeviceKey, a_kiosk, an_edge_box, ed25519_check

RAW = b'{"device":"edge-1","events":[]}'
SOON = int(NOON.timestamp()) + 60


@pytest.fixture
def keys() -> DeviceKeys:
    return DeviceKeys(ed25519_check)


def refused(call: Callable[[], object]) -> tuple[ErrorKind, str, str]:
    with pytest.raises(ParkingError) as error:
        call()
    return error.value.kind, error.value.code, error.value.message


def test_a_batch_signed_by_the_device_is_believed(database: Database, keys: DeviceKeys) -> None:
    key = an_edge_box(database)
    assert database.read(lambda conn: keys.verify_batch(conn, key.header(RAW), RAW)) == "edge-1"


@pytest.mark.req("GATE-3")
@pytest.mark.parametrize(
    "forge",
    [
        lambda own, other: (own.header(RAW), RAW + b" "),
        lambda own, other: (f"{own.key_id}.{other.header(RAW).partition('.')[2]}", RAW),
        lambda own, other: (other.header(RAW), RAW),
        lambda own, other: (own.header(RAW).partition(".")[2], RAW),
        lambda own, other: (f"{own.key_id}.", RAW),
        lambda own, other: (f"{own.key_id}.%%%", RAW),
        lambda own, other: (f"{own.key_id}.{base64.b64encode(b'x' * 64).decode()}", RAW),
        lambda own, other: ("", RAW),
        lambda own, other: (own.header(RAW) + "A" * 500, RAW),
        lambda own, other: ("\x00.\u9999", RAW),
    ],
    ids=[
        "changed body", "another key's signature under this id", "a key that is not enrolled", "no key id", "no signature",
        "not base64", "noise", "nothing", "too long", "strange signs",
    ],
)  # fmt: skip
def test_a_batch_that_is_not_the_devices_own_is_refused_with_one_and_the_same_error(
    database: Database, keys: DeviceKeys, forge: Callable[[DeviceKey, DeviceKey], tuple[str, bytes]]
) -> None:
    own, other = an_edge_box(database), DeviceKey("stranger")
    header, raw = forge(own, other)
    error = refused(lambda: database.read(lambda conn: keys.verify_batch(conn, header, raw)))
    assert error == (ErrorKind.UNAUTHENTICATED, "device.refused", "the device signature is not valid")


def test_a_disabled_device_is_a_stranger(database: Database, keys: DeviceKeys) -> None:
    key = an_edge_box(database)
    database.write(lambda uow: set_enabled(uow, SET_UP, device_id="edge-1", enabled=False, reason="stolen"))
    assert refused(lambda: database.read(lambda conn: keys.verify_batch(conn, key.header(RAW), RAW)))
    assert refused(lambda: database.read(lambda conn: keys.authenticate(conn, edge_token(key), NOON)))
    [entry, *_] = database.read(lambda conn: store.audit_before(conn, None, 10))
    assert (entry.action, entry.subject, entry.reason) == ("device.disabled", "edge-1", "stolen")


def edge_token(key: DeviceKey, *, device: str = "edge-1", use: str = "edge", exp: int = SOON) -> str:
    return key.token(use=use, device=device, exp=exp)


def test_a_device_token_of_its_own_making_is_believed(database: Database, keys: DeviceKeys) -> None:
    key = an_edge_box(database)
    assert database.read(lambda conn: keys.authenticate(conn, edge_token(key), NOON)) == "edge-1"


def test_a_device_cannot_speak_for_another(database: Database, keys: DeviceKeys) -> None:
    an_edge_box(database)
    second = an_edge_box(database, device_id="edge-2")
    for_the_first = edge_token(second, device="edge-1")
    assert refused(lambda: database.read(lambda conn: keys.authenticate(conn, for_the_first, NOON)))


@pytest.mark.parametrize(
    "wrong",
    [{"use": "stay"}, {"exp": int(NOON.timestamp()) - 1}, {"device": "edge-9"}],
    ids=["another use", "expired", "another device"],
)
def test_a_device_token_for_something_else_is_refused(
    database: Database, keys: DeviceKeys, wrong: dict[str, object]
) -> None:
    key = an_edge_box(database)
    token = edge_token(key, **wrong)  # type: ignore[arg-type]  # the cases change one argument each
    assert refused(lambda: database.read(lambda conn: keys.authenticate(conn, token, NOON)))


def test_a_key_or_an_id_is_given_once(database: Database) -> None:
    key = an_edge_box(database)
    assert refused(lambda: an_edge_box(database, device_id="edge-2", key=key))[1] == "device.key_taken"
    assert refused(lambda: an_edge_box(database, key=DeviceKey("new")))[1] == "device.taken"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"public_key": b"x" * 31}, "device.key"),
        ({"key_id": "a.b"}, "device.key_id"),
        ({"device_id": ""}, "device.id"),
    ],
)
def test_a_malformed_enrolment_names_its_field(database: Database, wrong: dict[str, object], code: str) -> None:
    good: dict[str, object] = {"device_id": "edge-1", "key_id": "k", "public_key": b"x" * 32}
    assert refused(lambda: database.write(lambda uow: enrol_edge(uow, SET_UP, **{**good, **wrong})))[1] == code  # type: ignore[arg-type]  # the cases change one argument each


def test_a_kiosks_token_is_stored_as_a_hash_only(database: Database) -> None:
    token = a_kiosk(database)
    found = database.read(lambda conn: store.device_by_token(conn, token_hash(token)))
    assert found is not None
    assert found.id == "kiosk-1"
    stored = database.read(lambda conn: [str(row) for row in conn.execute(store.devices.select())])
    assert token not in "".join(stored)


def test_an_unknown_device_cannot_be_disabled(database: Database) -> None:
    error = refused(
        lambda: database.write(lambda uow: set_enabled(uow, SET_UP, device_id="edge-9", enabled=False, reason=""))
    )
    assert error[0] is ErrorKind.NOT_FOUND
