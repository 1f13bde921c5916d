"""Tariff files, times and recorded stays as the commands take them: every mistake is named with its file, row and remedy."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from parking.kernel.errors import invalid
from payments.tariff.compare import Recorded
from payments.tariff.facts import Facts, Place
from payments.tariff.model import Tariff
from payments.tariff.parse import LARGEST_FILE, load

_COLUMNS = ("entered_at", "exited_at", "id", "plate", "vehicle", "plate_class", "energy", "zone", "bay")
_OTHERS = {"class": "vehicle", "left_at": "exited_at", "name": "id"}
_LARGEST_RECORD = 256 * 1024 * 1024  # bytes


def tariff_of(file: Path) -> Tariff:
    """The tariff in a file."""
    return load(text_of(file), name=str(file))


def text_of(file: Path) -> str:
    """The text of a tariff file, as much of it as a tariff can have."""
    there_is(file)
    with file.open("rb") as opened:
        raw = opened.read(4 * LARGEST_FILE + 1)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise invalid("tariff.malformed", "is not UTF-8 text; save it as UTF-8", field=str(file)) from None


def there_is(file: Path) -> None:
    """ParkingError where a path names no file."""
    if not file.is_file():
        what = "is a folder; name the file in it" if file.is_dir() else "is not there; see how its name is spelt"
        raise invalid("tariff.file", what, field=str(file))


def within_reason(text: str, where: str, example: str) -> datetime:
    """A time or a day that a stay can have: days and zones away from it are still on the calendar."""
    try:
        found, known = datetime.fromisoformat(text), True
    except ValueError:
        known = False
    if not known or not 1970 <= found.year < 9000:
        what = "day" if "T" not in example else "time"
        raise invalid("quote.time", f"{text!r} is no {what}; write it as {example}", field=where)
    return found


def moment(text: str, zone: ZoneInfo, where: str) -> datetime:
    """A time as people write it; without an offset it is the tariff's wall clock."""
    found = within_reason(text, where, "2026-05-01T10:00")
    if found.tzinfo is not None:
        return found
    early, late = found.replace(tzinfo=zone), found.replace(tzinfo=zone, fold=1)
    if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != found:
        raise invalid(
            "quote.time", f"{text!r} is not on any clock: they go forward then; write it with its offset", field=where
        )
    if early.utcoffset() != late.utcoffset():
        offset = f"{early:%z}"
        said = f"{text!r} is there twice: clocks go back then; write it with its offset, such as {text}{offset[:3]}:{offset[3:]}"
        raise invalid("quote.time", said, field=where)
    return early


def recorded_stays(file: Path, zone: ZoneInfo) -> Iterator[Recorded]:
    """The stays of a .csv or .jsonl file: entered_at, exited_at and, if known, id, plate, vehicle, plate_class, energy, zone, bay."""
    there_is(file)
    if file.stat().st_size > _LARGEST_RECORD:
        raise invalid("stays.too_large", "is larger than 256 MiB; give one day of stays", field=str(file))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise invalid("stays.malformed", "is not UTF-8 text; save it as UTF-8", field=str(file)) from None
    rows = _csv_rows(text, file) if file.suffix.lower() == ".csv" else _json_rows(text, file)
    for number, row in rows:
        yield _recorded(row, zone, f"{file}, row {number}")


def _csv_rows(text: str, file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [column for column in _COLUMNS[:2] if column not in (reader.fieldnames or ())]
    if missing:
        raise invalid(
            "stays.columns", f"has no column {missing[0]!r}; its first row names the columns", field=str(file)
        )
    for wrong, right in _OTHERS.items():  # what would change prices unnoticed is not passed over
        if wrong in (reader.fieldnames or ()) and right not in (reader.fieldnames or ()):
            raise invalid("stays.columns", f"calls a column {wrong!r}; call it {right!r}", field=str(file))
    for row in reader:
        yield reader.line_num, row


def _json_rows(text: str, file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise invalid("stays.malformed", "is not one JSON object a line", field=f"{file}, row {number}")
        yield number, row


def _recorded(row: Mapping[str, Any], zone: ZoneInfo, where: str) -> Recorded:
    words = {}
    for column in _COLUMNS:
        value = row.get(column)
        if value is not None and not isinstance(value, str):
            raise invalid("stays.malformed", f"`{column}` is not text", field=where)
        words[column] = (value or "").strip()
    for column in _COLUMNS[:2]:
        if not words[column]:
            raise invalid("stays.malformed", f"`{column}` is empty; write a time", field=where)
    entered_at, left_at = (moment(words[column], zone, f"{where}, `{column}`") for column in _COLUMNS[:2])
    if left_at < entered_at:
        raise invalid("stays.times", "`exited_at` is before `entered_at`; a stay ends after it begins", field=where)
    facts = facts_of_words(words["vehicle"], words["plate_class"], words["energy"])
    if words["zone"] or words["bay"]:
        facts = facts._replace(places=(Place(entered_at, words["zone"], words["bay"]),))
    return Recorded(words["id"] or where.rpartition(", ")[2], entered_at, left_at, facts, words["plate"])


def facts_of_words(vehicle: str = "", plate_class: str = "", energy: str = "") -> Facts:
    """The words that say what vehicle it is."""
    return Facts(0, vehicle, plate_class, energy)
