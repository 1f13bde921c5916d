"""A credential is a claim that somebody may come in: a card, a tag, an on-board unit, a code. With a place and a time it is
somebody's whereabouts: `str()` of it is masked, and its value is never in a log line, a metric or an error.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from parking.kernel.errors import invalid


class CredentialKind(StrEnum):
    """What was presented: an IC card, a UHF tag, a Bluetooth tag, a high-speed ETC on-board unit, or a printed or shown code."""

    CARD = "card"
    UHF = "uhf"
    BLUETOOTH = "bluetooth"
    OBU = "obu"
    CODE = "code"


_SEPARATORS = frozenset(" :-\t")
_SHAPES = {
    CredentialKind.CARD: (re.compile(r"[0-9A-F]{4,66}"), "4 to 66 hex digits"),
    CredentialKind.UHF: (re.compile(r"(?:[0-9A-F]{4}){1,31}"), "4 to 124 hex digits, a multiple of 4 (EPC words)"),
    CredentialKind.BLUETOOTH: (re.compile(r"(?:[0-9A-F]{2}){4,16}"), "8 to 32 hex digits, an even number"),
    CredentialKind.OBU: (re.compile(r"(?:[0-9A-F]{2}){4,16}"), "8 to 32 hex digits, an even number"),
    CredentialKind.CODE: (re.compile(r"[0-9A-Za-z_.-]{8,64}"), "8 to 64 letters, digits, -, _ or ."),
}
_LONGEST_TEXT = 256


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential: its kind and its normalised value (upper hex without separators; a code's own id as it is)."""

    kind: CredentialKind
    value: str

    def __post_init__(self) -> None:
        shape, wanted = _SHAPES[self.kind]
        if not shape.fullmatch(self.value):
            raise invalid("credential.malformed", f"a credential of kind {self.kind} has {wanted}", field="credential")

    @classmethod
    def parse(cls, kind: CredentialKind, text: str) -> Self:
        """Normalise what a person or a reader wrote; anything that is no `kind` raises ParkingError."""
        text = unicodedata.normalize("NFKC", text[:_LONGEST_TEXT])
        if kind is not CredentialKind.CODE:
            text = "".join(c for c in text.upper() if c not in _SEPARATORS)
        return cls(kind, text)

    @classmethod
    def of(cls, kind: CredentialKind, raw: bytes) -> Self:
        """The credential whose value is these bytes, in upper hex."""
        return cls(kind, raw.hex().upper())

    @property
    def ref(self) -> str:
        """The value in clear with its kind, `uhf:E2801160…`: for indexes and wires between our own processes only."""
        return f"{self.kind}:{self.value}"

    @classmethod
    def from_ref(cls, ref: str) -> Self:
        """The credential that `ref` names."""
        kind, _, value = ref.partition(":")
        if kind not in set(CredentialKind):
            raise invalid("credential.malformed", "should be a kind, a colon and a value", field="credential")
        return cls(CredentialKind(kind), value)

    @property
    def masked(self) -> str:
        """What may be shown: the last two signs."""
        return "…" + self.value[-2:]

    def __str__(self) -> str:
        return f"{self.kind}:{self.masked}"

    def __repr__(self) -> str:
        return f"Credential({str(self)!r})"
