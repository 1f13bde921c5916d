"""Bands of a document as bands of the calendar. A minute has one price: of two bands of one rank, none may overlap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parking.kernel.errors import ParkingError
from payments.tariff.calendar import Band, day_number
from payments.tariff.mistakes import Mistake, mistake
from payments.tariff.text import DAYS, BandText, WindowText

Path = tuple[str | int, ...]
Wrong = Callable[[Path, Mistake], ParkingError]
_WEEK = 7 * 1440


def compiled_bands(
    texts: Sequence[BandText], rates: Sequence[int], path: Path, wrong: Wrong, *, has_kinds: bool
) -> list[Band]:
    """The calendar's bands, each with the rate of its text; two that overlap are refused."""
    found: list[tuple[Band, int]] = []
    for index, (text, rate) in enumerate(zip(texts, rates, strict=True)):
        at = (*path, "bands", index)
        for band in _split(text, rate, at, wrong, has_kinds=has_kinds):
            for other, number in found:
                if other.rate != rate and _overlap(band, other):
                    one, two = text.name, texts[number].name
                    names = {"band": one.en, "other": two.en, "band_zh": one.zh, "other_zh": two.zh}
                    raise wrong(at, mistake("bands_overlap", **names))
            found.append((band, index))
    return [band for band, _ in found]


def window(text: WindowText, path: Path, wrong: Wrong, *, has_kinds: bool) -> list[Band]:
    """A window as bands of the rate 1."""
    return _split(text, 1, path, wrong, has_kinds=has_kinds)


def _split(text: BandText | WindowText, rate: int, path: Path, wrong: Wrong, *, has_kinds: bool) -> list[Band]:
    start, end = _minute(text.start), _minute(text.end)
    length = end - start if end > start else end + 1440 - start
    dates = []
    for index, span in enumerate(text.dates if isinstance(text, BandText) else ()):
        if span.last < span.first:
            raise wrong((*path, "dates", index), mistake("dates_backwards"))
        dates.append((day_number(span.first), day_number(span.last)))
    weekdays = frozenset(DAYS.index(day) for day in text.days if day in DAYS)
    found = [Band(rate, start, length, weekdays, None, tuple(dates))] if weekdays else []
    for word in dict.fromkeys(day for day in text.days if day not in DAYS):
        if not has_kinds:
            raise wrong((*path, "days"), mistake("days_without_holidays", word=word))
        found.append(Band(rate, start, length, frozenset(), word == "holiday", tuple(dates)))
    return found


def _overlap(one: Band, other: Band) -> bool:
    """Whether two bands of one rank can claim the same minute on the day on which both begin, or on the next morning."""
    if one.rank != other.rank:
        return False
    if one.rank == 1:
        return one.holiday == other.holiday and _meet(one, other)
    if one.rank == 2:
        spans = [span for day in one.weekdays for span in _weekly(one, day)]
        return any(a < d and c < b for a, b in spans for day in other.weekdays for c, d in _weekly(other, day))
    if one.holiday is not None and other.holiday is not None and one.holiday != other.holiday:
        return False
    if one.weekdays and other.weekdays and not one.weekdays & other.weekdays:
        return False
    return _meet(one, other) and any(a <= d and c <= b for a, b in one.dates for c, d in other.dates)


def _meet(one: Band, other: Band) -> bool:
    return one.start < other.start + other.length and other.start < one.start + one.length


def _weekly(band: Band, day: int) -> list[tuple[int, int]]:
    begin = day * 1440 + band.start
    if begin + band.length <= _WEEK:
        return [(begin, begin + band.length)]
    return [(begin, _WEEK), (0, begin + band.length - _WEEK)]  # Sunday night into Monday morning


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
