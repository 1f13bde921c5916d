from __future__ import annotations

import pytest

from parking.kernel.errors import ParkingError
from parking.kernel.principal import Scope
from parking.security.roles import ROLES, scopes_of

CHANGING = {Scope.LANES_OPEN, Scope.ACCESS_WRITE, Scope.CASES_WORK, Scope.DEVICES_WRITE, Scope.STAYS_TICKET}
CHANGING |= {Scope.OPERATORS_WRITE, Scope.TARIFFS_WRITE}
CHANGING |= {Scope.BILLS_WAIVE, Scope.CASES_UNDO, Scope.LESSONS_SWITCH, Scope.COUPONS_WRITE, Scope.MEMBERS_WRITE}
OF_MACHINES_AND_DRIVERS = {
    Scope.KIOSK,
    Scope.EDGE,
    Scope.OWN_STAY,
    Scope.OWN_WALLET,
    Scope.OWN_MEMBER,
    Scope.TILL,
    Scope.APP,
}


def test_several_roles_add_up() -> None:
    assert scopes_of(["cashier", "technician"]) == ROLES["cashier"] | ROLES["technician"]


def test_no_role_grants_nothing() -> None:
    assert scopes_of([]) == frozenset()


def test_an_unknown_role_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ParkingError, match="attendant, auditor, cashier, manager, technician"):
        scopes_of(["root"])


def test_an_auditor_can_change_nothing() -> None:
    assert ROLES["auditor"] & CHANGING == set()


def test_only_managers_and_auditors_read_the_audit() -> None:
    assert {role for role, scopes in ROLES.items() if Scope.AUDIT_READ in scopes} == {"manager", "auditor"}


def test_no_person_has_the_scopes_of_a_machine_or_a_driver() -> None:
    assert scopes_of(ROLES) & OF_MACHINES_AND_DRIVERS == set()


def test_only_a_manager_gives_money_up_takes_back_what_others_decided_and_reads_plates_in_clear() -> None:
    by_right = {Scope.BILLS_WAIVE, Scope.CASES_UNDO, Scope.LESSONS_SWITCH, Scope.PLATES_READ}
    assert {role for role, scopes in ROLES.items() if scopes & by_right} == {"manager"}
    assert by_right <= ROLES["manager"]
