"""A platform in memory, for tests and trials: the same promises, and switches for what can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from parking.kernel.clock import Clock
from parking.kernel.money import Money
from payments.invoices.model import Trouble
from payments.invoices.providers.base import BlueOrder, InvoiceProvider, InvoiceRefused, Issued, RedOrder, Standing
from payments.providers.base import OutcomeUnknown

Operation = Literal["issue", "reverse", "query", "pdf"]


@dataclass
class Held:
    """An order as the platform holds it; `issues` counts the documents (never above one)."""

    order: BlueOrder | RedOrder
    issued: Issued
    issues: int = 0


class MemoryInvoices:
    """Holds orders in a dict; they are issued at the next question unless `slow` says how many questions it takes."""

    def __init__(self, clock: Clock, *, slow: int = 0) -> None:
        self._clock = clock
        self._slow = slow
        self._asked: dict[str, int] = {}
        self._numbered = 0
        self._switches: list[tuple[Operation, Literal["before", "after"], Callable[[], BaseException]]] = []
        self.orders: dict[str, Held] = {}
        self.calls: list[tuple[Operation, str]] = []
        self.refused_numbers: set[str] = set()
        self.quota_minor: int | None = None
        self.off_minor = 0  # by how much what stands on the next invoice is wrong

    def fail_next(
        self, operation: Operation, moment: Literal["before", "after"], error: Callable[[], BaseException]
    ) -> None:
        """The next such call raises `error()`: `before` it has any effect, or `after` it has had all of it."""
        self._switches.append((operation, moment, error))

    def issue(self, order: BlueOrder) -> None:
        self._trip("issue", "before", order.order_no)
        if order.order_no not in self.orders:
            if order.buyer.tax_number in self.refused_numbers:
                raise InvoiceRefused(Trouble.WRONG_TAX_NUMBER, "unknown tax number")
            self.orders[order.order_no] = Held(order, Issued(order.order_no, Standing.PENDING))
        self._trip("issue", "after", "")

    def reverse(self, order: RedOrder) -> None:
        self._trip("reverse", "before", order.order_no)
        if order.order_no not in self.orders:
            blue = next((h for h in self.orders.values() if h.issued.fiscal_number == order.blue_number), None)
            if blue is None or self._reversed(order.blue_number) + order.amount.minor > blue.order.amount.minor:
                raise InvoiceRefused(Trouble.OTHER, "there is no such invoice, or less of it is left")
            self.orders[order.order_no] = Held(order, Issued(order.order_no, Standing.PENDING))
        self._trip("reverse", "after", "")

    def query(self, order_no: str, *, red: bool) -> Issued:
        self._trip("query", "before", order_no)
        held = self.orders.get(order_no)
        self._trip("query", "after", "")
        if held is None or isinstance(held.order, RedOrder) is not red:
            return Issued(order_no, Standing.ABSENT)
        self._asked[order_no] = self._asked.get(order_no, 0) + 1
        if held.issued.standing is Standing.PENDING and self._asked[order_no] > self._slow:
            self._finish(held)
        return held.issued

    def pdf(self, pdf_url: str) -> bytes:
        self._trip("pdf", "before", pdf_url)
        if not any(held.issued.pdf_url == pdf_url for held in self.orders.values()):
            raise OutcomeUnknown("no such document")
        self._trip("pdf", "after", "")
        return b"%PDF-1.4\n% " + pdf_url.encode() + b"\n%%EOF\n"

    def _finish(self, held: Held) -> None:
        order = held.order
        if isinstance(order, BlueOrder) and self.quota_minor is not None and order.amount.minor > self.quota_minor:
            held.issued = Issued(order.order_no, Standing.FAILED, trouble=Trouble.QUOTA, detail="quota")
            return
        held.issues += 1
        self._numbered += 1
        number = f"26312000{self._numbered:012d}"
        held.issued = Issued(
            order.order_no,
            Standing.ISSUED,
            number[:20],
            self._clock.now(),
            order.amount + Money(self.off_minor, order.amount.currency),
            f"memory://pdf/{order.order_no}",
        )

    def _reversed(self, blue_number: str) -> int:
        reds = [h.order for h in self.orders.values() if isinstance(h.order, RedOrder)]
        return sum(red.amount.minor for red in reds if red.blue_number == blue_number)

    def _trip(self, operation: Operation, moment: Literal["before", "after"], about: str) -> None:
        if moment == "before":
            self.calls.append((operation, about))
        for switch in self._switches:
            if switch[:2] == (operation, moment):
                self._switches.remove(switch)
                raise switch[2]()


_: type[InvoiceProvider] = MemoryInvoices
