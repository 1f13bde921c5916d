"""RSA-SHA256 (PKCS#1 v1.5) as payment companies use it, and the keys for it from files. A key is never printed."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key, load_pem_public_key

from parking.kernel.errors import invalid

_LEAST_BITS = 2048


class RsaSigner:
    """One private key."""

    def __init__(self, private: RSAPrivateKey) -> None:
        self._private = private

    def sign(self, message: bytes) -> str:
        """The signature in base64."""
        return base64.b64encode(self._private.sign(message, PKCS1v15(), SHA256())).decode()


class RsaVerifier:
    """One public key."""

    def __init__(self, public: RSAPublicKey) -> None:
        self._public = public

    def verify(self, message: bytes, signature: str) -> bool:
        """Whether the base64 signature is this key's; only its one spelling counts (the last sign has spare bits)."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self._public.verify(raw, message, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return base64.b64encode(raw).decode() == signature


def private_key(path: Path, *, field: str) -> RsaSigner:
    """The key of a PEM file; ParkingError names the setting."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise invalid(
            "settings.key", f"{path} is no readable private key in PEM without a password", field=field
        ) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise invalid("settings.key", f"{path} is no RSA key of at least {_LEAST_BITS} bits", field=field)
    return RsaSigner(key)


def public_key(path: Path, *, field: str) -> RsaVerifier:
    """The key of a PEM file, a certificate in PEM, or bare base64 as portals show it; ParkingError names the setting."""
    try:
        return public_key_of(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise invalid("settings.key", f"{path} is no readable RSA public key or certificate", field=field) from None


def public_key_of(raw: bytes) -> RsaVerifier:
    """The key in PEM, in a certificate, or in bare base64; ValueError for anything else."""
    if b"BEGIN CERTIFICATE" in raw:
        return certificate_key(raw)[1]
    key = load_pem_public_key(raw) if b"BEGIN" in raw else load_der_public_key(base64.b64decode(raw))
    return _checked(key)


def certificate_key(pem: bytes, *, now: datetime | None = None) -> tuple[str, RsaVerifier]:
    """Serial number (upper-case hex) and key of a certificate; ValueError outside its days, where `now` is given."""
    certificate = x509.load_pem_x509_certificate(pem)
    if now is not None and not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ValueError("this certificate is not valid now")
    return f"{certificate.serial_number:X}", _checked(certificate.public_key())


def _checked(key: object) -> RsaVerifier:
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_BITS:
        raise ValueError("not an RSA key of a fit size")
    return RsaVerifier(key)
