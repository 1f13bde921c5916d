"""The lane's copy on its way: what goes in comes out, what is forged, old or malformed is refused and names its field."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.access.refs import of_credential, of_plate, refs_of
from parking.access.row_shapes import SHAPES
from parking.access.rows import Day, SecondCar, SpecialDay, Window
from parking.access.snapshot import (
    CommandAction,
    CommandRow,
    CopyChange,
    CopyRow,
    Fact,
    GroupRow,
    KeyRow,
    ListedAs,
    ListRow,
    LotRow,
    PriceStep,
    ScheduleRow,
    StayRow,
    UsedCodeRow,
    ZoneRow,
    data_of,
    parse_fact,
)
from parking.bootstrap.keys import Ed25519Signer, KeyRing, create_key
from parking.gate.link_wire import open_message, seal_message
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId, LotId, StayId, ZoneId
from parking.kernel.plate import Plate
from tests.builders.access import CARD, TAG, a_holder, a_pass, an_invitation, inside
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
    StayRow(StayId("s"), None, NOON, None, "CNY", (), 0, 0, (CARD, TAG)),
    ListRow(Plate.parse(PLATE), ListedAs.STAFF, "", None, None, "nights", "tenant-1"),
    a_pass("p1", PLATE, "粤B·23456", bays=2, lots=(LotId("a"),), second_car=SecondCar.REFUSE, when_full=True),
    a_holder(TAG, PLATE, pass_ids=("p1", "p2"), blocked=True),
    an_invitation(plate=Plate.parse(PLATE), entries=None, used=3, free_of_charge=True),
    inside("s1", PLATE, credentials=(CARD,), right="pass:p1", claimed_until=NOON),
    UsedCodeRow("code-0001", LaneId("in-1"), NOON, NOON),
    KeyRow("k1", "edge-1", "AAAA"),
    LotRow(LotId("b"), LotId("a"), 10, None, rights_only=True),
    GroupRow("g", None, SecondCar.VISITOR),
    ScheduleRow(
        "nights",
        "Asia/Shanghai",
        (Window((Day.FRI, Day.HOLIDAY), 1320, 360),),
        (SpecialDay(date(2026, 10, 1), Day.HOLIDAY),),
    ),
]


@pytest.fixture
def key(tmp_path: Path) -> Ed25519Signer:
    return create_key(tmp_path / "server.pem")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_travels_unchanged(fact: Fact, key: Ed25519Signer) -> None:
    kind, name, data = data_of(fact)
    change = CopyChange("mall", 3, 4, (CopyRow(kind, name, 4, data), CopyRow(kind, "gone", 4, None)))
    arrived = open_message(seal_message(change, key, NOON, "n1"), KeyRing([key.public]), NOON, "n1").content
    assert isinstance(arrived, CopyChange)
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
    ("command", order_data(expires_at=NOON, action=3), "command.action"),
    ("stay", {**stay_data(), "credentials": ["uhf"]}, "stay.credentials"),
    ("pass", {**data_of(a_pass())[2], "bays": 0}, "pass.bays"),
    ("pass", {**data_of(a_pass())[2], "bays": True}, "pass.bays"),
    ("pass", {**data_of(a_pass())[2], "plates": [PLATE, 7]}, "pass.plates[1]"),
    ("pass", {**data_of(a_pass())[2], "plates": PLATE}, "pass.plates"),
    ("pass", {**data_of(a_pass())[2], "valid_until": "2026-01-01T00:00:00"}, "pass.valid_until"),
    ("pass", {**data_of(a_pass())[2], "second_car": "maybe"}, "pass.second_car"),
    ("pass", {}, "pass.holder_id"),
    ("holder", {"holder_id": "h1"}, "holder.credential"),  # its key is no credential
    ("invitation", {**data_of(an_invitation())[2], "entries": 0}, "invitation.entries"),
    ("inside", {"since": "yesterday"}, "inside.since"),
    ("used_code", {"lane_id": "a", "used_at": "2026-01-01T00:00:00Z"}, "used_code.expires_at"),
    ("lot", {"outer_lot_id": None, "capacity": -1, "free": 1}, "lot.capacity"),
    ("schedule", {"time_zone": "UTC", "windows": [{"days": ["mon"], "begins": 0}]}, "schedule.windows[0].ends"),
    (
        "schedule",
        {"time_zone": "UTC", "windows": [{"days": ["xyz"], "begins": 0, "ends": 9}]},
        "schedule.windows[0].days[0]",
    ),
    (
        "schedule",
        {"time_zone": "UTC", "windows": [], "special_days": [{"on": 5, "counts_as": "mon"}]},
        "schedule.special_days[0].on",
    ),
    ("stray", {}, "kind"),
    ("stray", None, "kind"),
]


@pytest.mark.parametrize(("kind", "data", "field"), BAD, ids=[f"{kind} {field}" for kind, _, field in BAD])
def test_a_row_that_does_not_fit_its_kind_names_the_field(kind: str, data: dict[str, Any] | None, field: str) -> None:
    with pytest.raises(ParkingError) as refused:
        parse_fact(CopyRow(kind, "key", 1, data))
    assert refused.value.field == field
    assert PLATE not in str(refused.value)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)


@given(
    kind=st.sampled_from([*SHAPES, "x"]),
    key=st.text(max_size=20),
    data=st.dictionaries(st.sampled_from(sorted({name for s in SHAPES.values() for name, *_ in s.readers})), JSON),
)
def test_any_rubbish_is_a_fact_or_a_clear_error(kind: str, key: str, data: dict[str, Any]) -> None:
    with suppress(ParkingError):
        parse_fact(CopyRow(kind, key, 1, data))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_key_that_a_newer_server_has_added_is_passed_over(fact: Fact) -> None:
    kind, key, data = data_of(fact)
    assert parse_fact(CopyRow(kind, key, 1, {**data, "of_tomorrow": {"any": 1}})) == fact


def test_a_row_is_found_by_everything_that_it_is_about() -> None:
    refs = set(refs_of(inside("s1", PLATE, credentials=(CARD,), right="pass:p1", group_id="g", lot_id=LotId("a"))))
    plate = Plate.parse(PLATE)
    assert refs == {"stay:s1", of_plate(plate), of_credential(CARD), "pass:p1", "group:g", "lot:a"}
    assert set(refs_of(a_pass("p1", PLATE))) == {"pass:p1", of_plate(plate)}
    assert all(refs_of(fact) for fact in FACTS)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_no_row_shows_a_plate_or_a_credential_in_clear_when_it_is_printed(fact: Fact) -> None:
    for secret in (PLATE, CARD.value, TAG.value, "粤B23456"):
        assert secret not in repr(fact)
