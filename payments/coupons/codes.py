"""Codes of coupons: what a till shows for a minute, and what a bearer carries. Signed by the server, checked by it alone.

A till's code is new each time it is shown and gives one coupon, whoever scans it first: a picture of it sent around is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.signed import Signer, Verifier, seal, unseal

TILL, BEARER = "coupon-till", "coupon"
SHOWN_FOR = timedelta(seconds=60)
SKEW = timedelta(seconds=30)
"""How long after its end a till's code still counts: a phone needs a moment to send it."""
_WHENEVER = datetime.fromtimestamp(0, UTC)
"""A bearer's paper stays as it was printed; until when its coupon is valid says our own row, which may have got longer."""
LONGEST = 1024


@dataclass(frozen=True, slots=True)
class TillCode:
    """One coupon of a campaign, for whoever scans first; `code_id` is used up by it."""

    code_id: str
    campaign_id: str
    merchant_id: str


@dataclass(frozen=True, slots=True)
class BearerCode:
    coupon_id: str


def till_code(code: TillCode, signer: Signer, now: datetime) -> tuple[str, datetime]:
    """The text of a code and when the till has to show the next one."""
    until = now + SHOWN_FOR
    body = {
        "use": TILL,
        "id": code.code_id,
        "c": code.campaign_id,
        "m": code.merchant_id,
        "exp": int(until.timestamp()),
    }
    return seal(body, signer), until


def bearer_code(coupon_id: str, signer: Signer, valid_until: datetime) -> str:
    """What the bearer of a coupon carries, as a QR code or on paper."""
    return seal({"use": BEARER, "id": coupon_id, "exp": int(valid_until.timestamp())}, signer)


def read(text: str, verifier: Verifier, now: datetime) -> TillCode | BearerCode:
    """What a genuine code says; anything else raises one and the same ParkingError."""
    for use, at in ((TILL, now - SKEW), (BEARER, _WHENEVER)):
        try:
            body = unseal(text, verifier, use=use, now=at, longest=LONGEST)
        except ParkingError:
            continue
        texts = [body.get(name) for name in ("id", "c", "m") if name in body]
        if all(isinstance(t, str) for t in texts):
            if use == TILL and len(texts) == 3:
                return TillCode(str(body["id"]), str(body["c"]), str(body["m"]))
            if use == BEARER and texts:
                return BearerCode(str(body["id"]))
    raise ParkingError(ErrorKind.INVALID, "coupon.code", "this code is not valid or no longer valid", field="code")
