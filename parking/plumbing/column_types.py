"""How kernel values lie in a column. A naive time and a bare string for a plate are refused at the border, not stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from parking.kernel.plate import Plate


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time: ISO text of fixed width on SQLite (it sorts as it reads), timestamptz on PostgreSQL; comes back in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(27))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time is aware")
        if dialect.name != "sqlite":
            return value if value.tzinfo is UTC else value.astimezone(UTC)
        return _text_of(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        if isinstance(value, str):
            return _moment_or_none(value)
        moment: datetime = value
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """On SQLite without the layers between, which cost as much as the conversion."""
        return _text_or_none if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        """The same on the way back."""
        return _moment_or_none if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


@lru_cache(maxsize=256)
def _text_of(moment: datetime) -> str:
    """Kept for a while: one work writes the same moment into many rows."""
    if moment.tzinfo is None:
        raise ValueError("a stored time is aware")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:-6] + "Z"  # without its offset, which is none


def _text_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else _text_of(moment)


def _moment_or_none(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class PlateText(TypeDecorator[Plate]):
    """A plate, in clear: matching needs it. Only a `Plate` goes in, and a `Plate`, masked by default, comes out."""

    impl = sa.String(12)
    cache_ok = True

    def process_bind_param(self, value: Plate | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        if not isinstance(value, Plate):
            raise TypeError("a plate column takes a Plate")
        return value.text

    def process_result_value(self, value: Any, dialect: Dialect) -> Plate | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else Plate(value)


class Json(TypeDecorator[Any]):
    """A JSON value: text on SQLite, jsonb on PostgreSQL; None is SQL's NULL."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.JSON(none_as_null=True))
