"""QR and paper codes: signed, short-lived, bound to a lot (and a lane, a stay or an invitation where given), checked offline.

A code is a `kernel.signed` token. The server's keys sign all of them; a box's own key may sign nothing but the paper ticket of a
car without a plate, so that a stolen box cannot invite anybody. A code counts once per epoch: `VerifiedCode.code_id` is what the
lane journals as used and looks up before it opens. Two boxes that cannot hear of each other could each take a code bound to the
lot alone: what must not be shown twice at all is bound to a lane, or to a stay, which leaves only once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from parking.kernel.errors import ParkingError, invalid
from parking.kernel.ids import LaneId, StayId
from parking.kernel.plate import Plate
from parking.kernel.signed import Signer, Verifier, seal, unseal

SKEW = timedelta(seconds=90)
"""How far the clock of a box may be off from the clock of whoever signed."""
LONGEST_CODE = 1024
"""Signs of a token; a QR code of 1,024 bytes is still read from a phone."""
_USE = "gate"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = re.compile(r"[0-9A-Za-z_-]{8,48}")
_LONGEST_NAME = 64
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()


class CodeUse(StrEnum):
    """What a code is for."""

    EXIT = "exit"  # the stay is settled: leave
    INVITATION = "invitation"  # a visitor may come in, and go out
    TICKET = "ticket"  # the paper ticket of a stay whose car shows no plate


LONGEST_LIFE = {
    CodeUse.EXIT: timedelta(hours=2),
    CodeUse.INVITATION: timedelta(days=31),
    CodeUse.TICKET: timedelta(days=31),
}


class CodeRefusal(StrEnum):
    """Why a code opens nothing: stable reasons that pages and signs translate."""

    NOT_VALID = "code.not_valid"  # forged, torn, not ours, or of a key that may not sign this
    EXPIRED = "code.expired"
    NOT_YET = "code.not_yet"
    OTHER_LOT = "code.other_lot"
    OTHER_LANE = "code.other_lane"


@dataclass(frozen=True, slots=True)
class VerifiedCode:
    """What a genuine code says. `code_id` is used up by one passage (it names the epoch of a repeating code);
    `by_box` is True when a box, not the server, signed it.
    """

    code_id: str = field(repr=False)
    use: CodeUse
    lot: str
    not_before: datetime
    expires: datetime
    lane_id: LaneId | None = None
    stay_id: StayId | None = None
    invitation_id: str | None = None
    plate: Plate | None = None
    by_box: bool = False


def issue(
    use: CodeUse,
    *,
    code_id: str,
    lot: str,
    not_before: datetime,
    expires: datetime,
    signer: Signer,
    lane_id: LaneId | None = None,
    stay_id: StayId | None = None,
    invitation_id: str | None = None,
    plate: Plate | None = None,
    epoch_s: int = 0,
) -> str:
    """The text of a new code; `epoch_s` seconds after `not_before` it counts afresh (0: once in its whole life).

    Times are aware; a life longer than `LONGEST_LIFE`, or a code bound to nothing, raises ParkingError naming the field.
    """
    if not _ID.fullmatch(code_id):
        raise invalid("code.id", "should be 8 to 48 letters, digits, - or _", field="code_id")
    starts, ends = int(not_before.timestamp()), int(expires.timestamp())
    if not 0 < ends - starts <= LONGEST_LIFE[use].total_seconds():
        message = f"should be after not_before, and at most {LONGEST_LIFE[use]} later"
        raise invalid("code.life", message, field="expires")
    if use is CodeUse.INVITATION and invitation_id is None:
        raise invalid("code.unbound", "an invitation code names its invitation", field="invitation_id")
    if use is not CodeUse.INVITATION and stay_id is None:
        raise invalid("code.unbound", f"a code for {use} names its stay", field="stay_id")
    for field_name, name in {
        "lot": lot,
        "lane_id": lane_id,
        "stay_id": stay_id,
        "invitation_id": invitation_id,
    }.items():
        if name is not None and not _is_name(name):
            raise invalid("code.name", "should be 1 to 64 signs without a space", field=field_name)
    if epoch_s < 0:
        raise invalid("code.epoch", "should be 0 or a number of seconds", field="epoch_s")
    body: dict[str, Any] = {
        "use": _USE, "for": use.value, "id": code_id, "lot": lot, "nbf": starts,
        "exp": ends, "lane": lane_id, "stay": stay_id, "inv": invitation_id,
        "plate": plate.text if plate else None, "ep": epoch_s or None,
    }  # fmt: skip
    text = seal({key: value for key, value in body.items() if value is not None}, signer)
    if len(text) > LONGEST_CODE:
        raise invalid("code.long", f"the code would have more than {LONGEST_CODE} signs", field="lot")
    return text


def verify(
    text: str, verifier: Verifier, *, now: datetime, lot: str, lane_id: LaneId, boxes: Verifier | None = None
) -> VerifiedCode | CodeRefusal:
    """What the code says, or why it is refused here and now; never raises, whatever `text` is.

    `verifier` holds the server's keys, `boxes` those of this site's boxes. Whether the code was used before is the lane's
    question to its copy: ask it for `code_id`.
    """
    by_box = False
    body = _body(text, verifier)
    if body is None and boxes is not None:
        body, by_box = _body(text, boxes), True
    code = _read(body, now, by_box) if body is not None else None
    if code is None or (by_box and code.use is not CodeUse.TICKET):
        return CodeRefusal.NOT_VALID
    if code.lot != lot:
        return CodeRefusal.OTHER_LOT
    if code.lane_id is not None and code.lane_id != lane_id:
        return CodeRefusal.OTHER_LANE
    if now < code.not_before - SKEW:
        return CodeRefusal.NOT_YET
    return CodeRefusal.EXPIRED if now > code.expires + SKEW else code


def _body(text: str, verifier: Verifier) -> dict[str, Any] | None:
    if not text.isascii():
        return None
    try:
        return unseal(text, verifier, use=_USE, now=_EPOCH, longest=LONGEST_CODE)  # its times are ours to judge
    except ParkingError:
        return None


def _read(body: dict[str, Any], now: datetime, by_box: bool) -> VerifiedCode | None:
    try:
        use = CodeUse(body["for"])
        not_before, expires = _moment(body["nbf"]), _moment(body["exp"])
        epoch_s = body.get("ep", 0)
        if type(epoch_s) is not int or epoch_s < 0 or not _ID.fullmatch(body["id"]):
            return None
        if not not_before < expires <= not_before + LONGEST_LIFE[use]:
            return None
        names = {key: _name(body.get(key)) for key in ("lane", "stay", "inv")}
        lot = _name(body["lot"])
        if lot is None or names["inv" if use is CodeUse.INVITATION else "stay"] is None:
            return None
        plate = Plate.parse(body["plate"]) if "plate" in body else None
    except (KeyError, TypeError, ValueError, AttributeError, ParkingError):
        return None
    return VerifiedCode(
        code_id=body["id"] + _epoch(now, not_before, epoch_s),
        use=use,
        lot=lot,
        not_before=not_before,
        expires=expires,
        lane_id=LaneId(names["lane"]) if names["lane"] else None,
        stay_id=StayId(names["stay"]) if names["stay"] else None,
        invitation_id=names["inv"],
        plate=plate,
        by_box=by_box,
    )


def _moment(seconds: Any) -> datetime:
    if type(seconds) is not int or not 0 <= seconds < _LATEST:
        raise ValueError("not a moment")
    return datetime.fromtimestamp(seconds, UTC)


def _name(value: Any) -> str | None:
    if value is not None and not _is_name(value):
        raise ValueError("not a name")
    return str(value) if value is not None else None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= _LONGEST_NAME and value.isprintable() and " " not in value


def _epoch(now: datetime, not_before: datetime, epoch_s: int) -> str:
    """The suffix that tells one epoch of a repeating code from the next; before its start counts as the first."""
    if not epoch_s:
        return ""
    return f".{max(0, int((now - not_before).total_seconds())) // epoch_s}"
