"""A code opens where, when and for what it was signed, once in its epoch, and nothing that anybody bent opens anything."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking.bootstrap.keys import Ed25519Signer, KeyRing
from parking.gate.credentials import codes
from parking.gate.credentials.codes import LONGEST_LIFE, SKEW, CodeRefusal, CodeUse, VerifiedCode, verify
from parking.kernel.errors import ParkingError
from parking.kernel.ids import LaneId, StayId
from parking.kernel.plate import Plate
from parking.kernel.signed import seal
from tests.builders.credential_readers import BOX, LANE, LOT, NOW, PATIENT, SERVER, check, exit_code
from tests.prove import forgery

SECOND = timedelta(seconds=1)


def ticket(**changes: Any) -> str:
    given: dict[str, Any] = {"use": CodeUse.TICKET, "signer": BOX, "stay_id": StayId("visit-7"), **changes}
    return exit_code(**given)


def invitation(**changes: Any) -> str:
    given: dict[str, Any] = {
        "use": CodeUse.INVITATION, "stay_id": None, "invitation_id": "inv-7", "expires": NOW + timedelta(days=3), **changes,
    }  # fmt: skip
    return exit_code(**given)


@pytest.mark.req("GATE-2")
def test_a_good_code_says_what_it_is_for_and_how_it_is_used_up() -> None:
    code = check(exit_code(7, plate=Plate("皖A12345"), lane_id=LANE))
    assert isinstance(code, VerifiedCode)
    assert (code.code_id, code.use, code.lot, code.lane_id) == ("code-0007", CodeUse.EXIT, LOT, LANE)
    assert (code.stay_id, code.plate, code.by_box) == ("stay-7", Plate("皖A12345"), False)


@pytest.mark.parametrize(
    ("late", "answer"),
    [
        (-SKEW - SECOND, CodeRefusal.NOT_YET),
        (-SKEW, "good"),
        (timedelta(0), "good"),
        (timedelta(minutes=20) + SKEW, "good"),
        (timedelta(minutes=20) + SKEW + SECOND, CodeRefusal.EXPIRED),
    ],
)
def test_a_clock_may_be_ninety_seconds_off_and_no_more(late: timedelta, answer: object) -> None:
    said = check(exit_code(), now=NOW + late)
    assert said == answer if isinstance(answer, CodeRefusal) else isinstance(said, VerifiedCode)


def test_a_code_opens_at_no_other_lot_and_no_other_lane() -> None:
    assert check(exit_code(), lot="east") is CodeRefusal.OTHER_LOT
    bound = exit_code(lane_id=LaneId("out-1"))
    assert check(bound, lane_id=LaneId("out-2")) is CodeRefusal.OTHER_LANE
    assert isinstance(check(bound, lane_id=LaneId("out-1")), VerifiedCode)


@pytest.mark.req("GATE-2")
def test_a_box_may_sign_the_ticket_of_a_car_without_a_plate_and_nothing_else() -> None:
    code = check(ticket())
    assert isinstance(code, VerifiedCode)
    assert (code.by_box, code.use, code.stay_id) == (True, CodeUse.TICKET, "visit-7")
    assert check(exit_code(signer=BOX)) is CodeRefusal.NOT_VALID
    assert check(invitation(signer=BOX)) is CodeRefusal.NOT_VALID


def test_a_box_that_knows_no_sibling_takes_no_ticket_of_theirs() -> None:
    assert verify(ticket(), KeyRing([SERVER.public]), now=NOW, lot=LOT, lane_id=LANE) is CodeRefusal.NOT_VALID


def test_a_retired_key_opens_nothing_and_both_keys_open_while_they_change() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    new = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))))
    both, after = KeyRing([SERVER.public, new.public]), KeyRing([new.public])
    for signer, ring, good in ((SERVER, both, True), (new, both, True), (new, after, True), (SERVER, after, False)):
        said = verify(exit_code(signer=signer), ring, now=NOW, lot=LOT, lane_id=LANE)
        assert isinstance(said, VerifiedCode) is good


def test_a_code_of_one_epoch_is_used_up_by_one_name_for_all_its_life() -> None:
    names = {getattr(check(invitation(), now=NOW + timedelta(hours=h)), "code_id") for h in range(0, 72, 5)}  # noqa: B009
    assert names == {"code-0001"}


def test_a_code_that_repeats_daily_has_another_name_each_day_and_the_same_all_day() -> None:
    daily = invitation(epoch_s=86_400)
    names = [getattr(check(daily, now=NOW + timedelta(hours=h)), "code_id") for h in (0, 23, 24, 47, 48)]  # noqa: B009
    assert names == ["code-0001.0", "code-0001.0", "code-0001.1", "code-0001.1", "code-0001.2"]
    assert getattr(check(daily, now=NOW - SKEW), "code_id") == "code-0001.0"  # noqa: B009 - early counts as the first


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code_id": "short"}, "code_id"),
        ({"code_id": "has a space in it"}, "code_id"),
        ({"expires": NOW}, "expires"),
        ({"expires": NOW - SECOND}, "expires"),
        ({"expires": NOW + timedelta(milliseconds=400)}, "expires"),
        ({"expires": NOW + LONGEST_LIFE[CodeUse.EXIT] + SECOND}, "expires"),
        ({"stay_id": None}, "stay_id"),
        ({"use": CodeUse.INVITATION}, "invitation_id"),
        ({"epoch_s": -1}, "epoch_s"),
        ({"lot": "x" * 1000}, "lot"),
        ({"lot": ""}, "lot"),
    ],
)
def test_what_could_not_be_verified_later_is_not_issued_now(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ParkingError) as caught:
        exit_code(**changes)
    assert caught.value.field == field


def test_even_the_server_cannot_make_a_code_that_lives_for_ever_or_is_bound_to_nothing() -> None:
    body = {"use": "gate", "for": "exit", "id": "code-0001", "lot": LOT, "nbf": int(NOW.timestamp()), "stay": "s"}
    far = int((NOW + timedelta(days=3650)).timestamp())
    near = int((NOW + timedelta(minutes=5)).timestamp())
    assert isinstance(check(seal({**body, "exp": near}, SERVER)), VerifiedCode)
    assert check(seal({**body, "exp": far}, SERVER)) is CodeRefusal.NOT_VALID
    assert check(seal({**{k: v for k, v in body.items() if k != "stay"}, "exp": near}, SERVER)) is CodeRefusal.NOT_VALID
    assert check(seal({**{k: v for k, v in body.items() if k != "lot"}, "exp": near}, SERVER)) is CodeRefusal.NOT_VALID
    assert check(seal({**body, "exp": near, "use": "copy"}, SERVER)) is CodeRefusal.NOT_VALID


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@PATIENT
@given(
    st.dictionaries(
        st.sampled_from(["use", "for", "id", "lot", "nbf", "exp", "lane", "stay", "inv", "plate", "ep"]), values
    )
)
def test_whatever_a_true_key_signs_verifying_never_raises(changes: dict[str, object]) -> None:
    body = {
        "use": "gate", "for": "exit", "id": "code-0001", "lot": LOT, "nbf": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60, "stay": "s", **changes,
    }  # fmt: skip
    assert isinstance(check(seal(body, SERVER)), VerifiedCode | CodeRefusal)


@PATIENT
@given(st.text(max_size=400))
def test_whatever_is_held_up_verifying_never_raises(text: str) -> None:
    assert check(text) is CodeRefusal.NOT_VALID


@PATIENT
@given(st.integers(0, 238), st.integers(1, 127))
def test_a_code_with_any_one_sign_changed_is_refused(at: int, by: int) -> None:
    text = exit_code()
    at %= len(text)
    bent = text[:at] + chr((ord(text[at]) + by) % 128) + text[at + 1 :]
    said = check(bent)
    if isinstance(said, VerifiedCode):  # base64 has spare bits in its last sign: another spelling of the same bytes
        assert at == len(text) - 1
        assert said == check(text)


def test_a_body_moved_under_another_signature_is_refused() -> None:
    mine, other = exit_code(1).split("."), exit_code(2).split(".")
    assert check(f"{mine[0]}.{mine[1]}.{other[2]}") is CodeRefusal.NOT_VALID


def test_nothing_in_a_code_but_what_was_put_there() -> None:
    body = exit_code().split(".")[1]
    plain = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert plain == {
        "use": "gate", "for": "exit", "id": "code-0001", "lot": LOT, "nbf": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 1200, "stay": "stay-1",
    }  # fmt: skip


def test_a_code_fits_a_qr_code_that_phones_read() -> None:
    longest = exit_code(lane_id=LaneId("l" * 64), stay_id=StayId("s" * 64), plate=Plate("皖AD123456"), epoch_s=86_400)
    assert len(longest) <= codes.LONGEST_CODE


@pytest.mark.req("GATE-2")
def test_of_a_thousand_forgeries_none_opens_and_every_genuine_code_among_them_does() -> None:
    opened, refused, doubled = forgery.prove(1200, seed=7)
    assert (dict(opened), refused, doubled) == ({}, 0, 0)
