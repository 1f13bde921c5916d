"""Rows to what an operator sees: names for ids, plates in clear only for whoever has taken the case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from parking.kernel.errors import not_found
from parking.kernel.ids import CaseId
from parking.kernel.plate import Plate
from parking.kernel.principal import Principal
from parking.sessions import store as stays
from parking.sessions.desk import lesson_store, queue, store
from parking.sessions.desk.model import Lesson, Queued, Ranked
from parking.sessions.desk.schemas import (
    CandidateView,
    ChoiceView,
    CostsView,
    DecisionView,
    DeskCase,
    DeskPage,
    DeskRow,
    LessonPage,
    LessonView,
    shown,
)
from parking.sessions.desk.service import Desk
from parking.sessions.model import ReviewCase
from parking.web import paging


def page(conn: Connection, desk: Desk, who: Principal, now: datetime, after: str, limit: int) -> DeskPage:
    """The open cases in their order, those behind the cursor `after`."""
    open_cases = queue.in_order(store.open_cases(conn), now)
    last = paging.decode(after, str)
    ids = [case.case_id for case in open_cases]
    start = ids.index(CaseId(str(last[0]))) + 1 if last and last[0] in ids else 0
    chosen = open_cases[start : start + limit]
    plates = _plates(conn, chosen)
    more = start + limit < len(open_cases)
    return DeskPage(
        items=[_row(conn, desk, who, one, plates.get(one.case_id), now) for one in chosen],
        next=paging.encode(chosen[-1].case_id) if more else None,
        now=now,
        open=len(open_cases),
        overdue=sum(now >= queue.due_at(one.reason, one.opened_at) for one in open_cases),
        costs=costs(conn, desk),
    )


def costs(conn: Connection, desk: Desk) -> CostsView:
    return CostsView.of(desk.taught(conn))


def case(conn: Connection, desk: Desk, who: Principal, now: datetime, case_id: str) -> DeskCase:
    """One case with its candidates; whoever has taken it sees plates in clear."""
    found = stays.get_case(conn, CaseId(case_id))
    if found is None:
        raise not_found("case.unknown", "there is no such case")
    hand = store.hand(conn, found.id)
    queued = Queued(found.id, found.reason, found.stay_id, found.visit_id, found.lane_id, found.opened_at, hand)
    clear = found.state == "open" and hand.holder_at(now) == who.subject
    ranked = desk.rank(conn, found) if found.state == "open" else Ranked()
    read = ranked.read or _plates(conn, [queued]).get(found.id)
    return DeskCase(
        **_row(conn, desk, who, queued, read, now).model_dump(),
        state=found.state,
        resolved_by=desk.name_of(conn, found.resolved_by) if found.resolved_by else "",
        note=found.note,
        clear=clear,
        read=shown(read, clear=clear),
        awaits=ranked.awaits,
        choices=ChoiceView.all_of(found.reason, who),
        candidates=candidates_of(conn, ranked, clear=clear),
        decisions=decisions_of(conn, desk, who, found),
        waits_min=[int(wait.total_seconds() // 60) for wait in queue.WAITS],
        costs=costs(conn, desk),
    )


def candidates_of(conn: Connection, ranked: Ranked, *, clear: bool) -> list[CandidateView]:
    views = []
    for one in ranked.candidates:
        stay = stays.get(conn, one.stay_id)
        if stay is not None:
            views.append(CandidateView.of(one, stay, clear=clear))
    return views


def decisions_of(conn: Connection, desk: Desk, who: Principal, found: ReviewCase) -> list[DecisionView]:
    made = store.decisions_of(conn, [found.id])
    standing = [one.id for one in made if one.undone_at is None]
    return [
        DecisionView.of(
            one,
            who,
            by=desk.name_of(conn, one.actor),
            undone_by=desk.name_of(conn, one.undone_by) if one.undone_by else "",
            last=standing[-1:] == [one.id],
        )
        for one in made
    ]


def decisions(conn: Connection, desk: Desk, who: Principal, after: str, limit: int) -> list[DecisionView]:
    """What was decided, newest first."""
    made = store.decisions(conn, after, limit)
    standing: dict[str, str] = {}  # the last one that stands, by case
    for one in store.decisions_of(conn, sorted({one.case_id for one in made})):
        if one.undone_at is None:
            standing[one.case_id] = one.id
    return [
        DecisionView.of(
            one,
            who,
            by=desk.name_of(conn, one.actor),
            undone_by=desk.name_of(conn, one.undone_by) if one.undone_by else "",
            last=standing.get(one.case_id) == one.id,
        )
        for one in made
    ]


def lessons(conn: Connection, desk: Desk, after: str, limit: int) -> LessonPage:
    """What was taught, newest first, behind the lesson `after`."""
    found = lesson_store.lessons(conn, limit, after)
    more = found[-1].id if len(found) == limit else None
    return _lesson_page(conn, desk, found, more)


def one_lesson(conn: Connection, desk: Desk, lesson: Lesson) -> LessonPage:
    """One lesson, and what counts with it as it is now."""
    return _lesson_page(conn, desk, [lesson], None)


def _lesson_page(conn: Connection, desk: Desk, found: Sequence[Lesson], more: str | None) -> LessonPage:
    items = [
        LessonView.of(
            one,
            taught_by=desk.name_of(conn, one.taught_by),
            switched_by=desk.name_of(conn, one.switched_by) if one.switched_by else "",
        )
        for one in found
    ]
    return LessonPage(items=items, next=more, known=lesson_store.count_lessons(conn), costs=costs(conn, desk))


def _row(conn: Connection, desk: Desk, who: Principal, one: Queued, plate: Plate | None, now: datetime) -> DeskRow:
    holder = one.hand.holder_at(now)
    name = desk.name_of(conn, holder) if holder else ""
    return DeskRow.of(one, plate=plate, holder_name=name, asker=who.subject, now=now)


def _plates(conn: Connection, cases: Sequence[Queued]) -> dict[str, Plate]:
    """The plate that each case is about: that of its stay, else that of the exit that no stay explains."""
    found: dict[str, Plate] = {}
    of_stays = sa.select(stays.stay.c.id, stays.stay.c.plate)
    ids = [one.stay_id for one in cases if one.stay_id]
    by_stay = {r.id: r.plate for r in conn.execute(of_stays.where(stays.stay.c.id.in_(ids)))} if ids else {}
    t = stays.unmatched_exit.c
    visits = [one.visit_id for one in cases if one.visit_id]
    exits = sa.select(t.visit_id, t.plate).where(t.visit_id.in_(visits))
    by_visit = {r.visit_id: r.plate for r in conn.execute(exits)} if visits else {}
    for one in cases:
        plate = by_stay.get(one.stay_id) or by_visit.get(one.visit_id)
        if plate is not None:
            found[one.case_id] = plate
    return found
