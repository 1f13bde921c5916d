"""The two ceremonies of WebAuthn Level 3 (7.1 registering, 7.2 logging in), checked by the library; what is not right is refused.

Everything here is bytes from a stranger: whatever the library makes of them, a refusal says why in a few words for the record.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    RegistrationCredential,
)

from parking.security.model import Passkey

ALGORITHMS = (
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
"""Ed25519, ES256 and RS256: what every authenticator on the market has one of."""


class Refused(Exception):
    """An answer that proves nothing; the words are for the record, never for whoever answered."""


@dataclass(frozen=True, slots=True)
class Party:
    """Whom passkeys are for: `rp_id` is the domain that they are bound to, `origin` the one address whose pages may ask for them."""

    rp_id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential that was proven."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator answers to a log-in."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes


def party_of(public_url: str, name: str) -> Party | None:
    """Whom passkeys of the server at `public_url` are for; None where it has no domain of its own, as passkeys know no addresses.

    A loopback address is this machine, whose name for browsers is `localhost`.
    """
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    try:
        if not ipaddress.ip_address(host).is_loopback:
            return None
        host = "localhost"
    except ValueError:
        pass
    if not host or (parts.scheme != "https" and host != "localhost"):
        return None  # browsers offer passkeys over TLS, and to localhost, alone
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, standard) else f":{parts.port}"
    return Party(rp_id=host, origin=f"{parts.scheme}://{host}{port}", name=name)


def challenge_of(client_data: bytes) -> bytes:
    """The challenge that an answer answers; it proves nothing yet."""
    try:
        said = parse_client_data_json(client_data)
    except Exception:
        raise Refused("malformed") from None
    if said.cross_origin:
        raise Refused("asked for inside of another page")
    return said.challenge


def registered(party: Party, client_data: bytes, attestation: bytes, challenge: bytes, name: bytes) -> Registered:
    """The credential in an answer to a registration with that challenge; `name` is the credential id that it claims."""
    answer = AuthenticatorAttestationResponse(client_data_json=client_data, attestation_object=attestation)
    try:
        found = verify_registration_response(
            credential=RegistrationCredential(id=bytes_to_base64url(name), raw_id=name, response=answer),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
    except WebAuthnException as error:
        raise Refused(_short(error)) from None
    except Exception:
        raise Refused("malformed") from None
    if found.credential_id != name:
        raise Refused("another credential than it claims")
    return Registered(found.credential_id, found.credential_public_key, found.sign_count)


def asserted(party: Party, passkey: Passkey, answer: Assertion, challenge: bytes) -> int:
    """The authenticator's new counter, where the answer proves the passkey, by its owner, present and verified."""
    if answer.user_handle != str(passkey.operator_id).encode():
        raise Refused("another owner than it claims")
    response = AuthenticatorAssertionResponse(
        client_data_json=answer.client_data,
        authenticator_data=answer.authenticator_data,
        signature=answer.signature,
        user_handle=answer.user_handle,
    )
    raw = answer.credential_id
    try:
        found = verify_authentication_response(
            credential=AuthenticationCredential(id=bytes_to_base64url(raw), raw_id=raw, response=response),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise Refused(_short(error)) from None
    except Exception:
        raise Refused("malformed") from None
    return int(found.new_sign_count)


def _short(error: Exception) -> str:
    return str(error)[:160]
