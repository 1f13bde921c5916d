"""Much to do, in transactions of its own each: nothing holds the only writer for long, and what is done stays done."""

from __future__ import annotations

from collections.abc import Callable

from parking.plumbing.db import Database, UnitOfWork


def in_pages(database: Database, page: Callable[[UnitOfWork, int], int], at_once: int) -> int:
    """Have `page` do at most `at_once` and say how many it did, until it finds fewer; returns how many in all."""
    total, done = 0, at_once
    while done >= at_once:
        done = database.write(lambda uow: page(uow, at_once))
        total += done
    return total
