"""The lane's copy on its way: what goes in comes out, what is forged, old or malformed is refused and names its field."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.access.snapshot import (
    CommandAction,
    CommandRow,
    CopyChange,
    CopyRow,
    Fact,
    ListedAs,
    ListRow,
    PriceStep,
    StayRow,
    ZoneRow,
    data_of,
    parse_fact,
    seal_copy,
    unseal_copy,
)
from parking.bootstrap.keys import Ed25519Signer, KeyRing, create_key
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId, StayId, ZoneId
from parking.kernel.plate import Plate
from tests.builders.gate import NOON, PLATE, order_data, stay_data

FACTS: list[Fact] = [
    StayRow(
        StayId("s"),
        Plate.parse(PLATE),
        NOON,
        NOON,
        "CNY",
        (PriceStep(NOON, 5), PriceStep(NOON + timedelta(1), 9)),
        5,
        0,
    ),
    ListRow(Plate.parse(PLATE), ListedAs.ALLOW, "staff", NOON, None),
    ZoneRow(ZoneId("b1"), -1, 30),
    CommandRow("c1", LaneId("exit-1"), CommandAction.OPEN, "li", "intercom", NOON),
]


@pytest.fixture
def key(tmp_path: Path) -> Ed25519Signer:
    return create_key(tmp_path / "server.pem")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_travels_unchanged(fact: Fact, key: Ed25519Signer) -> None:
    kind, name, data = data_of(fact)
    change = CopyChange("mall", 3, 4, (CopyRow(kind, name, 4, data), CopyRow(kind, "gone", 4, None)))
    token = seal_copy(change, key, NOON + timedelta(minutes=5))
    arrived = unseal_copy(token, KeyRing([key.public]), NOON)
    assert arrived == change
    assert [parse_fact(row) for row in arrived.rows] == [fact, None]


BAD: list[tuple[str, dict[str, Any] | None, str]] = [
    ("stay", {**stay_data(), "plate": "??"}, "stay.plate"),
    ("stay", {**stay_data(), "plate": 5}, "stay.plate"),
    ("stay", {**stay_data(), "prices": "none"}, "stay.prices"),
    ("stay", {**stay_data(), "prices": [["2026-01-01T00:00:00Z", 1.5]]}, "stay.prices[0]"),
    ("stay", {**stay_data(), "prices": [["2026-01-01T00:00:00", 1]]}, "stay.prices[0]"),
    ("stay", {**stay_data(), "prices": [["2026-01-02T00:00:00Z", 1], ["2026-01-01T00:00:00Z", 2]]}, "stay.prices[1]"),
    ("stay", {**stay_data(), "paid_minor": True}, "stay.paid_minor"),
    ("stay", {"plate": PLATE}, "stay.entered_at"),
    ("list", {"listed_as": "maybe", "note": "", "valid_from": None, "valid_until": None}, "list.listed_as"),
    ("zone", {"free": "1", "capacity": 1}, "zone.free"),
    ("command", order_data(expires_at=NOON, action="close"), "command.action"),
    ("stray", {}, "kind"),
    ("stray", None, "kind"),
]


@pytest.mark.parametrize(("kind", "data", "field"), BAD, ids=[f"{kind} {field}" for kind, _, field in BAD])
def test_a_row_that_does_not_fit_its_kind_names_the_field(kind: str, data: dict[str, Any] | None, field: str) -> None:
    with pytest.raises(ParkingError) as refused:
        parse_fact(CopyRow(kind, "key", 1, data))
    assert refused.value.field == field
    assert PLATE not in str(refused.value)


def test_an_old_a_forged_and_a_moved_token_are_refused_alike(key: Ed25519Signer, tmp_path: Path) -> None:
    ring = KeyRing([key.public])
    token = seal_copy(CopyChange("mall", 0, 1, ()), key, NOON)
    forged = seal_copy(CopyChange("mall", 0, 1, ()), create_key(tmp_path / "forger.pem"), NOON)
    moved = f"{key.key_id}.{forged.split('.', 1)[1]}"
    for bad, now in ((token, NOON + timedelta(seconds=1)), (forged, NOON), (moved, NOON), (token[:-4], NOON)):
        with pytest.raises(ParkingError, match="not valid"):
            unseal_copy(bad, ring, now)
    assert unseal_copy(token, ring, NOON).version == 1


@pytest.mark.parametrize(
    ("since", "version", "rows"),
    [(2, 1, []), (-1, 1, []), (0, True, []), (0, 1, {}), (0, 1, [None]), (0, 1, [{"kind": "zone"}])],
)
def test_a_change_that_makes_no_sense_is_refused(key: Ed25519Signer, since: Any, version: Any, rows: Any) -> None:
    change = CopyChange("mall", since, version, rows)
    with pytest.raises(ParkingError):
        unseal_copy(seal_copy(change, key, NOON), KeyRing([key.public]), NOON)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)


@given(
    kind=st.sampled_from(["stay", "list", "zone", "command", "x"]),
    key=st.text(max_size=20),
    data=st.dictionaries(st.sampled_from([*stay_data(), "free", "capacity", "listed_as", "note", "lane_id"]), JSON),
)
def test_any_rubbish_is_a_fact_or_a_clear_error(kind: str, key: str, data: dict[str, Any]) -> None:
    with suppress(ParkingError):
        parse_fact(CopyRow(kind, key, 1, data))
