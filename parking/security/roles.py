"""Roles are sets of scopes, in one table that anyone can read; an operator may do what the union of their roles may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from parking.kernel.errors import invalid
from parking.kernel.principal import Scope

_WATCH = frozenset({Scope.OCCUPANCY_READ, Scope.LANES_READ})

ROLES: Mapping[str, frozenset[Scope]] = MappingProxyType(
    {
        # the staffed cash desk: finds a stay, explains its bill, hands out a ticket
        "cashier": _WATCH
        | {Scope.STAYS_READ, Scope.STAYS_TICKET, Scope.BILLS_READ, Scope.COUPONS_READ, Scope.CASH_DESK},
        # the person at the lanes: opens by hand and works the cases that the rules could not settle
        "attendant": _WATCH
        | {
            Scope.LANES_OPEN,
            Scope.STAYS_READ,
            Scope.STAYS_TICKET,
            Scope.CASES_READ,
            Scope.CASES_WORK,
            Scope.ACCESS_READ,
        },
        # mends devices; sees no stays and no money
        "technician": _WATCH | {Scope.LANES_OPEN, Scope.DEVICES_WRITE},
        "manager": _WATCH
        | {
            Scope.LANES_OPEN,
            Scope.STAYS_READ,
            Scope.STAYS_TICKET,
            Scope.ACCESS_READ,
            Scope.ACCESS_WRITE,
            Scope.BILLS_READ,
            Scope.BILLS_WAIVE,
            Scope.LEDGER_READ,
            Scope.CASH_DESK,
            Scope.CASES_READ,
            Scope.CASES_WORK,
            Scope.CASES_UNDO,
            Scope.LESSONS_SWITCH,
            Scope.PLATES_READ,
            Scope.DEVICES_WRITE,
            Scope.AUDIT_READ,
            Scope.OPERATORS_WRITE,
            Scope.FIGURES_READ,
            Scope.TARIFFS_READ,
            Scope.TARIFFS_WRITE,
            Scope.COUPONS_READ,
            Scope.COUPONS_WRITE,
            Scope.MEMBERS_READ,
            Scope.MEMBERS_WRITE,
        },
        # reads everything, changes nothing
        "auditor": _WATCH
        | {
            Scope.STAYS_READ,
            Scope.ACCESS_READ,
            Scope.BILLS_READ,
            Scope.LEDGER_READ,
            Scope.CASES_READ,
            Scope.AUDIT_READ,
            Scope.FIGURES_READ,
            Scope.TARIFFS_READ,
            Scope.COUPONS_READ,
            Scope.MEMBERS_READ,
        },
    }
)


def scopes_of(roles: Iterable[str]) -> frozenset[Scope]:
    """The union of the roles' scopes; an unknown role raises ParkingError naming the known ones."""
    scopes: frozenset[Scope] = frozenset()
    for role in roles:
        if role not in ROLES:
            raise invalid("role.unknown", f"no role called {role!r}; known: {', '.join(sorted(ROLES))}", field="roles")
        scopes |= ROLES[role]
    return scopes
