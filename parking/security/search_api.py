"""The record over HTTP: a search in pages, the same as a file, whether the chain of deeds holds. Looking here is on record too."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import Field

from parking.kernel.codec import to_plain
from parking.kernel.csv_cells import as_text
from parking.kernel.errors import invalid
from parking.kernel.principal import Principal, Scope
from parking.plumbing.db import Database
from parking.security import audit, looks
from parking.security.searching import Area, Entry, Wanted, area_of, search
from parking.web import paging
from parking.web.deps import require
from parking.web.schemas import AS_CSV, Loose, Moment, Strict

MOST_IN_A_FILE = 10_000
COLUMNS = ("at", "actor_kind", "actor", "name", "area", "action", "subject", "reason", "seq")
_MARK = "\ufeff"
"""By it a spreadsheet knows that the file is UTF-8."""
Auditor = Annotated[Principal, Depends(require(Scope.AUDIT_READ))]
Text = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


class FindRecord(Strict):
    """What is searched for; what is empty does not narrow. `actor`: a part of a name, or an id; `text`: a part of an object's id, a
    whole plate, or a word of a reason; `until` does not belong to the span.
    """

    actor: Text = ""
    area: Annotated[Area, Loose] | None = None
    since: Moment | None = None
    until: Moment | None = None
    text: Text = ""

    def wanted(self) -> Wanted:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise invalid("audit.span", "should be after since", field="until")
        return Wanted(self.actor.strip(), self.area, self.since, self.until, self.text.strip())


class FindRecordPage(FindRecord):
    """The same, page by page."""

    cursor: Annotated[str, Field(max_length=512)] = ""
    limit: Annotated[int, Field(ge=1, le=paging.MOST_ROWS)] = 50


class RecordView(Strict):
    """A deed (`seq` is its number in the chain) or a look (`seq` null; `action` is what was seen).

    `device_kind` (edge, kiosk, till, app) where a device acted; `subject_name` where it is about an operator.
    """

    at: Moment
    seq: int | None
    actor_kind: str
    actor: str
    name: str
    area: Annotated[Area, Loose] | None
    action: str
    subject: str
    reason: str
    device_kind: str = ""
    subject_name: str = ""

    @classmethod
    def of(cls, entry: Entry) -> RecordView:
        names = (
            "subject_name",
            "at",
            "seq",
            "actor_kind",
            "actor",
            "name",
            "action",
            "subject",
            "reason",
            "device_kind",
        )
        return cls(area=_area(entry), **{name: getattr(entry, name) for name in names})


class ChainView(Strict):
    """`broken_at` is the number of the first deed that does not follow from the one before; null when all of them do."""

    entries: int
    head: str
    broken_at: int | None


def router(database: Database) -> APIRouter:
    """Routes under /audit."""
    routes = APIRouter(prefix="/audit", tags=["operators"])

    @routes.post("/search")
    def find(who: Auditor, body: FindRecordPage) -> paging.Page[RecordView]:
        wanted = body.wanted()
        database.write(lambda uow: looks.note(uow, who, "audit", "search"))
        found = database.read(lambda conn: search(conn, wanted, body.cursor, body.limit + 1))
        shown, after = paging.page(found, body.limit, lambda entry: paging.encode(*entry.place))
        return paging.Page(items=[RecordView.of(entry) for entry in shown], next=after)

    @routes.post("/export", response_class=Response, responses=AS_CSV)
    def export(who: Auditor, body: FindRecord) -> Response:
        wanted = body.wanted()
        found = database.read(lambda conn: search(conn, wanted, "", MOST_IN_A_FILE))
        database.write(lambda uow: audit.record(uow, who, "audit.exported", "", f"{len(found)} rows"))
        headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
        return Response(_file(found), media_type="text/csv", headers=headers)

    @routes.get("/chain")
    def chain(_: Auditor) -> ChainView:
        report = database.read(audit.verify)
        return ChainView(entries=report.entries, head=report.head, broken_at=report.broken_at)

    return routes


def _area(entry: Entry) -> Area | None:
    return Area.LOOKS if entry.seq is None else area_of(entry.action)


def _file(entries: Sequence[Entry]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        values = {name: getattr(entry, name) for name in COLUMNS if name != "area"} | {"area": _area(entry)}
        writer.writerow([_cell(values[name]) for name in COLUMNS])
    return _MARK + out.getvalue()


def _cell(value: object) -> str:
    return as_text("" if value is None else str(to_plain(value)))
