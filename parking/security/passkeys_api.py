"""Passkeys over HTTP: binary values are base64url without padding, as browsers' own JSON of WebAuthn writes them."""

from __future__ import annotations

import base64
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field, StringConstraints

from parking.kernel.errors import ErrorKind, ParkingError
from parking.kernel.principal import Principal, Scope
from parking.security.admission import LogInLimits, Me, give_cookie, refuse_foreign_pages, whence
from parking.security.ceremonies import ALGORITHMS, Assertion
from parking.security.model import Passkey
from parking.security.passkeys import CHALLENGE_LASTS, Offer, Passkeys
from parking.web.deps import require
from parking.web.schemas import Moment, Strict

BASE64URL = r"^[A-Za-z0-9_-]*$"
CredentialId = Annotated[str, StringConstraints(min_length=1, max_length=1364, pattern=BASE64URL)]
Binary = Annotated[str, StringConstraints(min_length=1, max_length=8192, pattern=BASE64URL)]
Large = Annotated[str, StringConstraints(min_length=1, max_length=65536, pattern=BASE64URL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Transport = Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,32}$")]
PasskeyId = Annotated[str, Path(pattern=r"^[0-9a-zA-Z-]{1,36}$")]


class LogInWays(Strict):
    """How one may log in beside the password: `passkey_origin` is the address whose pages take passkeys, null where none do."""

    passkey_origin: str | None


class PasswordAgain(Strict):
    password: str = Field(min_length=1, max_length=128)


class PasskeyChallenge(Strict):
    """For `navigator.credentials.get`."""

    challenge: str
    rp_id: str
    origin: str
    timeout_ms: int


class PasskeyOffer(PasskeyChallenge):
    """For `navigator.credentials.create`; `known` are credentials that the authenticator is to leave out."""

    rp_name: str
    user_handle: str
    username: str
    display_name: str
    algorithms: list[int]
    known: list[str]


class NewPasskey(Strict):
    """What `navigator.credentials.create` brought; `attestation` is its attestationObject."""

    name: Name
    credential_id: CredentialId
    client_data: Binary
    attestation: Large
    transports: list[Transport] = Field(default_factory=list, max_length=8)


class PasskeyAnswer(Strict):
    """What `navigator.credentials.get` brought."""

    credential_id: CredentialId
    client_data: Binary
    authenticator_data: Binary
    signature: Binary
    user_handle: CredentialId


class NamePasskey(Strict):
    name: Name


class PasskeyView(Strict):
    passkey_id: str
    name: str
    created_at: Moment
    used_at: Moment | None

    @classmethod
    def of(cls, one: Passkey) -> PasskeyView:
        return cls(passkey_id=one.id, name=one.name, created_at=one.created_at, used_at=one.used_at)


class PasskeysView(Strict):
    """An operator's own; `origin` as in `LogInWays`."""

    origin: str | None
    passkeys: list[PasskeyView]


def operator(who: Annotated[Principal, Depends(require(Scope.OCCUPANCY_READ))]) -> Principal:
    """Whoever asks, if it is an operator."""
    if who.kind != "operator":
        raise ParkingError(ErrorKind.FORBIDDEN, "operator.only", "this is for operators")
    return who


Own = Annotated[Principal, Depends(operator)]


def router(passkeys: Passkeys, limits: LogInLimits, origins: Collection[str]) -> APIRouter:
    """Routes under /auth; `origins` as in `PrincipalMiddleware`."""
    routes = APIRouter(prefix="/auth", tags=["operators"])
    _logging_in(routes, passkeys, limits, origins)
    _own(routes, passkeys, limits)
    return routes


def _logging_in(routes: APIRouter, passkeys: Passkeys, limits: LogInLimits, origins: Collection[str]) -> None:
    @routes.get("/ways")
    def ways() -> LogInWays:
        return LogInWays(passkey_origin=passkeys.party.origin if passkeys.party else None)

    @routes.post("/passkey/challenge")
    def challenge(request: Request) -> PasskeyChallenge:
        refuse_foreign_pages(request, origins)
        limits.check_challenge(whence(request).address)
        return PasskeyChallenge(**_common(passkeys.offer_log_in()))

    @routes.post("/passkey/login")
    def log_in(body: PasskeyAnswer, request: Request, response: Response) -> Me:
        refuse_foreign_pages(request, origins)
        came = whence(request)
        limits.check_address(came.address)
        answer = Assertion(
            credential_id=_bytes(body.credential_id, "credential_id"),
            client_data=_bytes(body.client_data, "client_data"),
            authenticator_data=_bytes(body.authenticator_data, "authenticator_data"),
            signature=_bytes(body.signature, "signature"),
            user_handle=_bytes(body.user_handle, "user_handle"),
        )
        found, token = passkeys.log_in(answer, came, partial(limits.check_user_there, came.address))
        give_cookie(request, response, token)
        return Me.of(found)


def _own(routes: APIRouter, passkeys: Passkeys, limits: LogInLimits) -> None:
    @routes.get("/passkeys")
    def mine(who: Own) -> PasskeysView:
        found = [PasskeyView.of(one) for one in passkeys.of(who)]
        return PasskeysView(origin=passkeys.party.origin if passkeys.party else None, passkeys=found)

    @routes.post("/passkeys/challenge")
    def offer(who: Own, body: PasswordAgain, request: Request) -> PasskeyOffer:
        address = whence(request).address
        found = passkeys.offer_registration(who, body.password, partial(limits.check, address))
        assert found.operator is not None
        return PasskeyOffer(
            **_common(found),
            rp_name=found.party.name,
            user_handle=_text(str(found.operator.id).encode()),
            username=found.operator.username,
            display_name=found.operator.display_name,
            algorithms=[int(one) for one in ALGORITHMS],
            known=[_text(one.credential_id) for one in found.known],
        )

    @routes.post("/passkeys")
    def add(who: Own, body: NewPasskey) -> PasskeyView:
        made = passkeys.register(
            who,
            name=body.name.strip(),
            credential_id=_bytes(body.credential_id, "credential_id"),
            client_data=_bytes(body.client_data, "client_data"),
            attestation=_bytes(body.attestation, "attestation"),
            transports=tuple(body.transports),
        )
        return PasskeyView.of(made)

    @routes.put("/passkeys/{passkey_id}", status_code=204)
    def rename(who: Own, passkey_id: PasskeyId, body: NamePasskey) -> None:
        passkeys.rename(who, passkey_id, body.name.strip())

    @routes.delete("/passkeys/{passkey_id}", status_code=204)
    def remove(who: Own, passkey_id: PasskeyId) -> None:
        passkeys.remove(who, passkey_id)


def _common(offer: Offer) -> dict[str, Any]:
    return {
        "challenge": _text(offer.challenge),
        "rp_id": offer.party.rp_id,
        "origin": offer.party.origin,
        "timeout_ms": int(CHALLENGE_LASTS.total_seconds() * 1000),
    }


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str, field: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ParkingError(ErrorKind.INVALID, "base64url.malformed", "is not base64url", field=field) from None
