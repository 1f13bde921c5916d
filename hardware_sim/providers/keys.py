"""Keys that a simulated payment company makes for itself and for its merchant at its start."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from parking.kernel.clock import Clock
from payments.providers.rsa import RsaSigner, RsaVerifier


class RsaPair:
    """A key pair of 2048 bits with its PEM forms."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signer = RsaSigner(self._private)
        self.verifier = RsaVerifier(self._private.public_key())
        public = self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public_pem = public.decode()
        self.private_pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def certificate(self, clock: Clock) -> tuple[str, str]:
        """Serial (upper-case hex) and PEM of a certificate over this key, from yesterday on for five years."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated platform")])
        serial, now = x509.random_serial_number(), clock.now()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._private.public_key())
            .serial_number(serial)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=5 * 365))
            .sign(self._private, SHA256())
        )
        return f"{serial:X}", certificate.public_bytes(Encoding.PEM).decode()
