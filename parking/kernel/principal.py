"""Who is asking, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """One thing that somebody may do; roles are sets of these."""

    OCCUPANCY_READ = "occupancy:read"
    LANES_READ = "lanes:read"
    LANES_OPEN = "lanes:open"
    STAYS_READ = "stays:read"
    STAYS_TICKET = "stays:ticket"
    ACCESS_READ = "access:read"
    ACCESS_WRITE = "access:write"
    BILLS_READ = "bills:read"
    BILLS_WAIVE = "bills:waive"
    LEDGER_READ = "ledger:read"  # accounts, drawers among them: not for who counts a drawer
    CASH_DESK = (
        "cash:desk"  # takes and hands out cash on a shift of one's own, asks for invoices for whoever stands there
    )
    CASES_READ = "cases:read"
    CASES_WORK = "cases:work"
    CASES_UNDO = "cases:undo"  # what another decided; one's own needs no more than the work
    LESSONS_SWITCH = "lessons:switch"
    PLATES_READ = "plates:read"  # in clear, each look on record
    DEVICES_WRITE = "devices:write"
    AUDIT_READ = "audit:read"
    OPERATORS_WRITE = "operators:write"  # sees who is logged in, and ends the log-ins of others
    FIGURES_READ = "figures:read"  # sums over days; money among them needs bills:read as well
    TARIFFS_READ = "tariffs:read"
    TARIFFS_WRITE = "tariffs:write"  # propose one, and approve what another proposed
    KIOSK = "kiosk"  # price and pay a stay for the person who stands at this machine
    EDGE = "edge"  # hand in gate events, fetch the lane's copy
    OWN_STAY = "stay:own"  # a driver who has shown proof of possession of one stay
    OWN_WALLET = (
        "stay:wallet"  # the same, by more than a plate typed at a kiosk: sees whose coupons count, and may show more
    )
    OWN_MEMBER = "member:own"  # a member, logged in by the mall's own app
    COUPONS_READ = "coupons:read"
    COUPONS_WRITE = "coupons:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    TILL = "till"  # a merchant's till: gives coupons, tells of purchases
    APP = "app"  # the mall's own app or CRM: keeps members, logs them in


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody: `kind` is operator, device, driver, member or anonymous, `subject` the id of operator, device, stay or member."""

    kind: str
    subject: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes


ANONYMOUS = Principal("anonymous", "", frozenset())
