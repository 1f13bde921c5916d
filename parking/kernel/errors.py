"""Errors carry a kind and a stable code; only `parking.web.errors` knows status numbers. A refusal is a value, never an error."""

from __future__ import annotations

from enum import StrEnum


class ErrorKind(StrEnum):
    """What the caller can do about it."""

    INVALID = "invalid"  # the input is wrong: mend it
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"  # the state does not allow it (now)
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"  # a part is away: try again


class ParkingError(Exception):
    """A failure with a kind, a stable dotted code and a sentence for people; `field` names the offending key or row."""

    def __init__(self, kind: ErrorKind, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def invalid(code: str, message: str, *, field: str | None = None) -> ParkingError:
    """An error of kind INVALID, the commonest of them."""
    return ParkingError(ErrorKind.INVALID, code, message, field=field)


def not_found(code: str, message: str) -> ParkingError:
    """An error of kind NOT_FOUND."""
    return ParkingError(ErrorKind.NOT_FOUND, code, message)


def conflict(code: str, message: str) -> ParkingError:
    """An error of kind CONFLICT."""
    return ParkingError(ErrorKind.CONFLICT, code, message)
