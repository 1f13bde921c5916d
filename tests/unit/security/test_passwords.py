from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parking.kernel.errors import ParkingError
from parking.security.passwords import Passwords
from tests.builders.security import PASSWORD, cheap_passwords


def test_the_right_password_matches_and_a_wrong_one_does_not() -> None:
    passwords = cheap_passwords()
    stored = passwords.hash(PASSWORD)
    assert passwords.matches(PASSWORD, stored)
    assert not passwords.matches(PASSWORD + " ", stored)


def test_what_is_stored_is_argon2id_and_different_each_time() -> None:
    passwords = cheap_passwords()
    first, second = passwords.hash(PASSWORD), passwords.hash(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert PASSWORD not in first


def test_nobody_has_no_password() -> None:
    assert not cheap_passwords().matches("", None)
    assert not cheap_passwords().matches(PASSWORD, None)


@pytest.mark.parametrize("password", ["short", "x" * 129, ""])
def test_a_password_of_the_wrong_length_is_refused(password: str) -> None:
    with pytest.raises(ParkingError) as refused:
        cheap_passwords().hash(password)
    assert refused.value.code == "password.length"
    assert refused.value.field == "password"


def test_an_unknown_user_costs_the_same_check_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords, checked = cheap_passwords(), []
    stored = passwords.hash(PASSWORD)
    original: Callable[..., bool] = passwords._hasher.verify

    def counting(password: Any, against: str) -> bool:
        checked.append(against.rpartition("$")[0].rpartition("$")[0])  # algorithm and cost, without salt and digest
        return original(password, against)

    monkeypatch.setattr(passwords._hasher, "verify", counting)
    passwords.matches("wrong password", stored)
    passwords.matches("wrong password", None)
    assert len(checked) == 2
    assert checked[0] == checked[1]


def test_signs_that_no_encoding_knows_are_refused_without_falling_over() -> None:
    passwords = cheap_passwords()
    assert not passwords.matches("\ud800 lone surrogate", passwords.hash(PASSWORD))


def test_the_defaults_are_the_recommended_setting() -> None:
    assert "$m=65536,t=3,p=4$" in Passwords().hash(PASSWORD)
