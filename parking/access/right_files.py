"""The three files of rights: the lists of plates, the passes, the visitors. What one is written as, it is taken as.

Every row about visitors is an invitation of its own: a file that is taken twice under two keys invites twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from parking.access import invitation_store, keeping, rights_store, service, store
from parking.access.csv_rows import FileIn, Shape, Taken, Verdict, take, write
from parking.access.invitation_schemas import InvitationIn
from parking.access.invitation_store import Invitation
from parking.access.rows import ListRow, PassRow
from parking.access.schemas import ListEntryIn, PassIn
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from parking.web.schemas import Strict

_PAGE = 500
_SPAN = ("valid_from", "valid_until")
PASSES = Shape(
    "passes",
    (
        *("pass_id", "holder_id", "plates", "bays", *_SPAN, "lots", "schedule_id", "group_id"),
        *("second_car", "outside_hours", "when_full"),
    ),
    needed=("pass_id", "holder_id", "plates"),
    many=("plates", "lots"),
    whole=("bays",),
    flags=("when_full",),
)
LISTS = Shape("lists", ("plate", "listed_as", "note", *_SPAN, "schedule_id", "group_id"), needed=("plate", "listed_as"))
VISITORS = Shape(
    "visitors",
    ("host_id", "visitor", "plate", *_SPAN, "entries", "lots", "free_of_charge"),
    needed=("host_id", "visitor", *_SPAN),
    many=("lots",),
    whole=("entries",),
    flags=("free_of_charge",),
)


class _PassId(Strict):
    pass_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


@dataclass(frozen=True, slots=True)
class RightFile:
    """One kind of file: `take` inside a transaction that it undoes by what it raises, `write` all that there is."""

    name: str
    take: Callable[[UnitOfWork, FileIn], Taken]
    write: Callable[[UnitOfWork], str]


def _plates(texts: Sequence[str], field: str) -> tuple[Plate, ...]:
    try:
        return tuple(Plate.parse(text) for text in texts)
    except ParkingError as error:
        raise invalid(error.code, error.message, field=field) from None


# --- passes ------------------------------------------------------------------------------------------------------------


def _pass(values: dict[str, Any]) -> PassRow:
    named = _PassId(pass_id=str(values.pop("pass_id", "")))
    body = PassIn.model_validate(values)
    _plates(body.plates, "plates")
    return body.row(named.pass_id)


def _save_pass(uow: UnitOfWork, held: PassRow) -> Verdict:
    before = keeping.pass_of(uow.connection, held.pass_id)
    after = keeping.save_pass(uow, held)
    return "new" if before is None else "same" if before == after else "changed"


def _every_pass(conn: Connection) -> Iterator[Mapping[str, Any]]:
    after = ""
    while True:
        page = rights_store.passes(conn, after, _PAGE)
        for pass_id, data in page:
            held = keeping.as_pass(pass_id, data)
            yield {column: getattr(held, column) for column in PASSES.columns}
        if len(page) < _PAGE:
            return
        after = page[-1][0]


# --- lists -------------------------------------------------------------------------------------------------------------


def _entry(values: dict[str, Any]) -> ListRow:
    (plate,) = _plates([str(values.pop("plate", ""))], "plate")
    return ListRow(plate, **ListEntryIn.model_validate(values).model_dump())


def _save_entry(uow: UnitOfWork, entry: ListRow) -> Verdict:
    before = store.listed(uow.connection, entry.plate)
    service.put_on_list(uow, entry)
    return "new" if before is None else "same" if before == entry else "changed"


def _every_entry(conn: Connection) -> Iterator[Mapping[str, Any]]:
    after = ""
    while True:
        page = store.all_listed(conn, after=after, limit=_PAGE)
        for entry in page:
            yield {column: getattr(entry, column) for column in LISTS.columns}
        if len(page) < _PAGE:
            return
        after = page[-1].plate.text


# --- visitors ----------------------------------------------------------------------------------------------------------


def _visitor(values: dict[str, Any]) -> InvitationIn:
    if "plate" in values:
        _plates([values["plate"]], "plate")
    return InvitationIn.model_validate(values)


def _invite(uow: UnitOfWork, body: InvitationIn) -> Verdict:
    keeping.invite(uow, body.invitation(uow.ids.new(uow.now)))
    return "new"


def _every_visitor(uow: UnitOfWork) -> Iterator[Mapping[str, Any]]:
    """Those who may still come."""
    after = ""
    while True:
        page = invitation_store.invitations(uow.connection, after, _PAGE)
        for one in page:
            if one.revoked_at is None and one.row.valid_until > uow.now:
                yield _visitor_line(one)
        if len(page) < _PAGE:
            return
        after = page[-1].row.invitation_id


def _visitor_line(one: Invitation) -> Mapping[str, Any]:
    names = [column for column in VISITORS.columns if column != "visitor"]
    return {name: getattr(one.row, name) for name in names} | {"visitor": one.visitor}


def _visitor_key(body: InvitationIn) -> object:
    return body.model_dump_json()


FILES = (
    RightFile(
        "passes",
        lambda uow, file: take(uow, file, PASSES, _pass, lambda held: held.pass_id, _save_pass),
        lambda uow: write(PASSES, _every_pass(uow.connection)),
    ),
    RightFile(
        "list",
        lambda uow, file: take(uow, file, LISTS, _entry, lambda entry: entry.plate, _save_entry),
        lambda uow: write(LISTS, _every_entry(uow.connection)),
    ),
    RightFile(
        "invitations",
        lambda uow, file: take(uow, file, VISITORS, _visitor, _visitor_key, _invite),
        lambda uow: write(VISITORS, _every_visitor(uow)),
    ),
)
