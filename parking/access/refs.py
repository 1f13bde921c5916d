"""What a row of the copy is found by: `what:which` in clear, the one index that a lane's copy needs.

`plate:皖A12345`, `cred:uhf:E280…`, `pass:p7`, `lane:in-1`: refs hold personal data and never leave our own processes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from parking.access.rows import (
    CommandRow,
    Fact,
    GroupRow,
    HolderRow,
    InsideRow,
    InvitationRow,
    KeyRow,
    ListRow,
    LotRow,
    PassRow,
    ScheduleRow,
    StayRow,
    UsedCodeRow,
    ZoneRow,
)
from parking.kernel.credential import Credential
from parking.kernel.near_plates import keys_of
from parking.kernel.plate import Plate

ALL = "all"
"""The ref of every row of a kind of which somebody wants all."""
_KEYED = 2
"""So many spellings of its entry a stay is found by."""


def of_plate(plate: Plate) -> str:
    """The ref of whatever is about this plate."""
    return f"plate:{plate.text}"


def of_credential(credential: Credential) -> str:
    """The ref of whatever is about this credential."""
    return f"cred:{credential.ref}"


def near(key: int) -> str:
    """The ref of the stays whose plates share this key (`kernel.near_plates`)."""
    return f"near:{key}"


def refs_of(fact: Fact) -> tuple[str, ...]:
    """Everything that this fact is found by, beside its kind."""
    return _REFS[type(fact)](fact)


def _named(what: str, which: str | None) -> tuple[str, ...]:
    return () if which is None else (f"{what}:{which}",)


def _plates(*plates: Plate | None) -> tuple[str, ...]:
    return tuple(of_plate(plate) for plate in plates if plate is not None)


def _stay(row: StayRow) -> tuple[str, ...]:
    texts = {row.plate.text} if row.plate is not None else set()
    if row.votes is not None:
        texts |= {one.text for one in row.votes.spellings[:_KEYED]}
    keys = sorted({key for text in texts for key in keys_of(text)})
    return (f"stay:{row.stay_id}", *_plates(row.plate), *map(of_credential, row.credentials), *map(near, keys))


def _inside(row: InsideRow) -> tuple[str, ...]:
    return (
        f"stay:{row.stay_id}",
        *_plates(row.plate),
        *map(of_credential, row.credentials),
        *(() if row.right is None else (row.right,)),  # a right is a ref already: pass:p7
        *_named("holder", row.holder_id),
        *_named("group", row.group_id),
        *_named("lot", row.lot_id),
    )


_REFS: dict[type, Callable[[Any], tuple[str, ...]]] = {
    StayRow: _stay,
    ListRow: lambda row: _plates(row.plate),
    ZoneRow: lambda row: (f"zone:{row.zone_id}", ALL),
    LotRow: lambda row: _named("lot", row.lot_id),
    CommandRow: lambda row: _named("lane", row.lane_id),
    PassRow: lambda row: (f"pass:{row.pass_id}", *_plates(*row.plates)),
    HolderRow: lambda row: (of_credential(row.credential), f"holder:{row.holder_id}"),
    InvitationRow: lambda row: (f"invitation:{row.invitation_id}", *_plates(row.plate)),
    InsideRow: _inside,
    UsedCodeRow: lambda row: _named("code", row.code_id),
    KeyRow: lambda row: (f"key:{row.key_id}", ALL),
    GroupRow: lambda row: _named("group", row.group_id),
    ScheduleRow: lambda row: _named("schedule", row.schedule_id),
}
