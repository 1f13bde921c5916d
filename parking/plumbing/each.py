"""Much to do, in transactions of its own each: nothing holds the only writer for long, and what is done stays done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

from parking.kernel.errors import ErrorKind, ParkingError
from parking.plumbing.db import Database, UnitOfWork

T = TypeVar("T")
R = TypeVar("R")
_log = structlog.get_logger(__name__)


def each(
    database: Database,
    what: str,
    things: Iterable[T],
    work: Callable[[UnitOfWork, T], R],
    instead: Callable[[UnitOfWork, T], object] | None = None,
) -> list[R]:
    """Do `work` for each thing in a transaction of its own; returns what came of those that went well.

    One that fails stands in the log, by its error's name alone, and holds no other up; `instead` is done for it. A database that is
    away or full (UNAVAILABLE) fails them all: that is raised, and whoever calls this from time to time does it again.
    """
    done = []
    for thing in things:
        try:
            done.append(_one(database, thing, work))
        except Exception as error:
            _failed(what, error)
            if instead is not None:
                _instead(database, what, thing, instead)
    return done


def _one(database: Database, thing: T, work: Callable[[UnitOfWork, T], R]) -> R:
    return database.write(lambda uow: work(uow, thing))


def _instead(database: Database, what: str, thing: T, work: Callable[[UnitOfWork, T], object]) -> None:
    try:
        _one(database, thing, work)
    except Exception as error:
        _failed(what, error)


def _failed(what: str, error: Exception) -> None:
    """Told; but raised where trying the next one is of no use."""
    if isinstance(error, ParkingError) and error.kind is ErrorKind.UNAVAILABLE:
        raise error
    _log.error("one of many failed", what=what, error=type(error).__name__)


def in_pages(database: Database, page: Callable[[UnitOfWork, int], int], at_once: int) -> int:
    """Have `page` do at most `at_once` and say how many it did, until it finds fewer; returns how many in all."""
    total, done = 0, at_once
    while done >= at_once:
        done = database.write(lambda uow: page(uow, at_once))
        total += done
    return total
