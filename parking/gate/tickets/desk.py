"""Gives a driver without a readable plate his paper: the box signs the ticket of his stay with its own key, offline, and prints it.

Satisfies the lane's `CodeDisplay`. Nothing here waits in the lane's thread: a request is taken, signed and printed by a thread of the
desk, tried again while the printer fails, and dropped when the vehicle is gone or another one asks.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from parking.gate.credentials.codes import LONGEST_LIFE, CodeUse, issue
from parking.gate.tickets.base import Ticket, TicketPrinter
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, HealthReport
from parking.kernel.errors import invalid
from parking.kernel.events import Direction
from parking.kernel.ids import Ids, LaneId, StayId, VisitId
from parking.kernel.signed import Signer


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What is printed: a heading, lines in the site's languages, the site's time zone; how long a ticket holds, how soon a failed
    print is tried again, and how long at most: paper that comes when the driver is gone would be found by the next one."""

    heading: str = "停车票 PARKING TICKET"
    lines: tuple[str, ...] = ("请妥善保管，出场时扫码", "Keep this ticket and scan it at the exit")
    without_code: tuple[str, ...] = ("请按呼叫按钮", "Please press the call button")
    time_zone: str = "Asia/Shanghai"
    holds_h: float = 72.0
    again_s: float = 2.0
    give_up_s: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.holds_h * 3600 <= LONGEST_LIFE[CodeUse.TICKET].total_seconds():
            raise invalid("ticket.life", "should be above 0 and at most 744 hours", field="holds_h")
        if not 0.05 <= self.again_s <= 60:
            raise invalid("ticket.again", "should be 0.05 to 60 seconds", field="again_s")
        if not self.again_s <= self.give_up_s <= 600:
            raise invalid("ticket.again", "should be again_s to 600 seconds", field="give_up_s")
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, KeyError):
            raise invalid("ticket.time_zone", "is no time zone", field="time_zone") from None


class TicketDesk:
    """One lane's tickets; `lot` is what its codes are bound to."""

    def __init__(
        self,
        lane_id: LaneId,
        direction: Direction,
        printer: TicketPrinter,
        signer: Signer,
        *,
        lot: str,
        clock: Clock,
        ids: Ids,
        settings: DeskSettings | None = None,
    ) -> None:
        self._lane_id = lane_id
        self._direction = direction
        self._printer = printer
        self._signer = signer
        self._lot = lot
        self._clock = clock
        self._ids = ids
        self._settings = settings or DeskSettings()
        self._zone = ZoneInfo(self._settings.time_zone)
        self._wanted: tuple[VisitId, StayId | None] | None = None
        self._wanted_s = 0.0
        self._given: VisitId | None = None
        self._news = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._code(StayId("trial"), clock.now())  # a lot that no code can be bound to is found now, not before a driver

    # --- the lane's side ---------------------------------------------------------------------------------------------

    def show(self, visit_id: VisitId, stay_id: StayId | None) -> None:
        """Print the ticket of this visit, once; at an entry its stay will be the one that the visit opens."""
        if self._given == visit_id or (self._wanted is not None and self._wanted[0] == visit_id):
            return
        with self._news:
            self._wanted = visit_id, StayId(visit_id) if self._direction is Direction.IN else stay_id
            self._wanted_s = self._clock.monotonic_s()
            self._news.notify()

    def hide(self) -> None:
        """The vehicle is gone, or served: what is not printed yet is not wanted any more."""
        with self._news:
            self._wanted = None

    def health(self) -> HealthReport:
        return self._printer.health()

    # --- the desk's own thread -----------------------------------------------------------------------------------------

    def start(self) -> None:
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name=f"tickets-{self._lane_id}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            with self._news:
                self._stopping = True
                self._news.notify()
            thread.join()
            self._printer.close()

    def _run(self) -> None:
        made: tuple[VisitId, Ticket] | None = None
        failed = False
        while True:
            with self._news:
                self._news.wait_for(lambda: self._stopping or self._wanted is not None)
                if failed:
                    self._news.wait_for(lambda: self._stopping, self._settings.again_s)
                if self._stopping:
                    return
                if self._clock.monotonic_s() - self._wanted_s > self._settings.give_up_s:
                    self._wanted, failed = None, False
                wanted = self._wanted
            if wanted is None:
                continue
            visit_id, stay_id = wanted
            if (
                made is None or made[0] != visit_id
            ):  # tried again, it is the very same ticket: one code, which counts once
                made = visit_id, self._ticket(stay_id)
            failed = not self._print(*made)

    def _print(self, visit_id: VisitId, ticket: Ticket) -> bool:
        try:
            self._printer.print_ticket(ticket)
        except (DeviceFault, DeviceRefused):
            return False  # the printer's health says why
        with self._news:
            self._given = visit_id
            if self._wanted is not None and self._wanted[0] == visit_id:
                self._wanted = None
        return True

    def _ticket(self, stay_id: StayId | None) -> Ticket:
        now = self._clock.now()
        stamp = now.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
        place = f"{self._lane_id}  {stamp}"
        if stay_id is None:
            return Ticket(self._settings.heading, (place, *self._settings.without_code))
        return Ticket(self._settings.heading, (place, *self._settings.lines), self._code(stay_id, now))

    def _code(self, stay_id: StayId, now: datetime) -> str:
        return issue(
            CodeUse.TICKET,
            code_id=self._ids.new(now),
            lot=self._lot,
            not_before=now,
            expires=now + timedelta(hours=self._settings.holds_h),
            signer=self._signer,
            stay_id=stay_id,
        )
