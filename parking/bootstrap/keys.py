"""Ed25519 keys (RFC 8032) as PEM files. A key's id is the start of its public half's SHA-256, so that an id cannot lie."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from parking.kernel.errors import invalid
from parking.kernel.signed import Signer, Verifier

_SECRET = 32


def key_id_of(public: bytes) -> str:
    """The id of a public key of 32 bytes."""
    return hashlib.sha256(public).hexdigest()[:16]


class Ed25519Signer:
    """One private key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._id = key_id_of(self.public)

    @property
    def key_id(self) -> str:
        return self._id

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class KeyRing:
    """Public keys of 32 bytes by their ids."""

    def __init__(self, public_keys: Iterable[bytes]) -> None:
        self._keys = {key_id_of(public): Ed25519PublicKey.from_public_bytes(public) for public in public_keys}

    def verify(self, key_id: str, message: bytes, signature: bytes) -> bool:
        key = self._keys.get(key_id)
        return key is not None and _holds(key, message, signature)


def ed25519_check(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` is that of the public key of 32 bytes."""
    try:
        return _holds(Ed25519PublicKey.from_public_bytes(public), message, signature)
    except ValueError:
        return False


def _holds(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def create_key(path: Path) -> Ed25519Signer:
    """A new private key in `path` (readable by its owner only) and its public half beside it as `.pub`; an existing one is kept."""
    if path.suffix == ".pub":
        raise invalid("key.name", f"{path} would be its public half; name the private key, such as .pem", field="key")
    if not path.exists():
        private = Ed25519PrivateKey.generate()
        partial = path.with_suffix(".part")
        partial.touch(mode=0o600)
        partial.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        path.with_suffix(".pub").write_bytes(public)
        partial.rename(path)
    return load_signer(path)


def load_signer(path: Path) -> Ed25519Signer:
    """The private key in a PEM file; ParkingError names the file that has none."""
    if not path.exists():
        raise invalid("key.unreadable", f"{path} is not there; make it with: parking enrol key {path}", field="key")
    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise invalid("key.unreadable", f"{path} holds no readable private key ({error})", field="key") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise invalid("key.kind", f"{path} should hold an Ed25519 key", field="key")
    return Ed25519Signer(private)


def load_public(path: Path) -> bytes:
    """The 32 bytes of the public key in a PEM file; ParkingError names the file that has none."""
    try:
        public = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise invalid("key.unreadable", f"{path} holds no readable public key ({error})", field="key") from None
    if not isinstance(public, Ed25519PublicKey):
        raise invalid("key.kind", f"{path} should hold an Ed25519 public key", field="key")
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


class AesCipher:
    """Seals texts with AES-256-GCM under one key; each with a nonce of its own."""

    def __init__(self, key: bytes) -> None:
        self._aes = AESGCM(key)

    def seal(self, text: str) -> str:
        nonce = os.urandom(12)
        return base64.b64encode(nonce + self._aes.encrypt(nonce, text.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """ValueError for what this key did not seal."""
        raw = base64.b64decode(sealed, validate=True)
        try:
            return self._aes.decrypt(raw[:12], raw[12:], None).decode()
        except InvalidTag:
            raise ValueError("sealed with another key") from None


def load_cipher(path: Path) -> AesCipher:
    """The key in a file of 32 bytes (readable by its owner only); a new one is made where there is none."""
    keys = load_secrets(path)
    if len(keys) != 1:
        raise invalid("key.unreadable", f"{path} should hold 32 bytes", field="key")
    return AesCipher(keys[0])


def load_secrets(path: Path) -> list[bytes]:
    """The secrets of 32 bytes each in a file, newest first (readable by its owner only); a new one is made where there is no file."""
    if not path.exists():
        partial = path.with_suffix(".part")
        partial.touch(mode=0o600)
        partial.write_bytes(os.urandom(_SECRET))
        partial.rename(path)
    held = path.read_bytes()
    if not held or len(held) % _SECRET:
        raise invalid("key.unreadable", f"{path} should hold {_SECRET} bytes, or a multiple of it", field="key")
    return [held[begin : begin + _SECRET] for begin in range(0, len(held), _SECRET)]


_signer: type[Signer] = Ed25519Signer
_verifier: type[Verifier] = KeyRing
