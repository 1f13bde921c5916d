"""A ticket is a work on its way to the writer and the caller who waits for it, in a thread or in an event loop.

Lighter than `concurrent.futures`: with many lanes the waking of their threads is most of what a commit costs.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar, cast

from parking.plumbing.unit_of_work import UnitOfWork

T = TypeVar("T")


class Ticket(ABC, Generic[T]):
    """One work, and in the end its value or its error."""

    __slots__ = ("_error", "_value", "work")

    def __init__(self, work: Callable[[UnitOfWork], T]) -> None:
        self.work = work
        self._value: T | None = None
        self._error: BaseException | None = None

    def succeed(self, value: T) -> None:
        """Remember the value; the caller hears of it only when the ticket is told."""
        self._value = value

    def fail(self, error: BaseException) -> None:
        """Remember the error instead."""
        self._error = error

    @property
    def failed(self) -> bool:
        return self._error is not None

    def wanted(self) -> bool:
        """False when the caller has gone before the work began."""
        return True

    @abstractmethod
    def tell(self) -> None:
        """Wake the caller."""


class ThreadTicket(Ticket[T]):
    """The caller is a thread that blocks."""

    __slots__ = ("_told",)

    def __init__(self, work: Callable[[UnitOfWork], T]) -> None:
        super().__init__(work)
        self._told = threading.Lock()
        self._told.acquire()

    def tell(self) -> None:
        self._told.release()

    def wait(self) -> T:
        """Block until told; return the value or raise the error."""
        self._told.acquire()
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # an error that holds its own traceback would live on
        return cast(T, self._value)


class LoopTicket(Ticket[T]):
    """The caller is a coroutine; its loop is woken once for all of its tickets in a commit (`tell_all`)."""

    __slots__ = ("future", "loop")

    def __init__(self, work: Callable[[UnitOfWork], T]) -> None:
        super().__init__(work)
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()

    def wanted(self) -> bool:
        return not self.future.cancelled()

    def tell(self) -> None:
        if self.future.done():  # cancelled while the work was being done
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(cast(T, self._value))


def tell_all(tickets: Sequence[Ticket[Any]]) -> None:
    """Wake every caller."""
    loops: dict[asyncio.AbstractEventLoop, list[LoopTicket[Any]]] = {}
    for ticket in tickets:
        if isinstance(ticket, LoopTicket):
            loops.setdefault(ticket.loop, []).append(ticket)
        else:
            ticket.tell()
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # the loop has ended, and nobody waits there any more
            loop.call_soon_threadsafe(_tell_each, waiting)


def _tell_each(tickets: Sequence[Ticket[Any]]) -> None:
    for ticket in tickets:
        ticket.tell()
