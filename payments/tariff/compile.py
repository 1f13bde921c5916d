"""A valid document becomes integers; what a model cannot say of one key alone is checked here, with its row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from parking.kernel.chain import canonical
from parking.kernel.errors import ParkingError
from parking.kernel.money import decimals
from parking.kernel.price_facts import Asked
from payments.tariff.bands import Path, Wrong, compiled_bands, window
from payments.tariff.calendar import Calendar, day_number
from payments.tariff.day_kinds import DayKinds
from payments.tariff.mistakes import Mistake, mistake
from payments.tariff.model import Block, Cap, Free, Group, Kind, LineBook, Name, Rate, Tariff, Ticket, Who
from payments.tariff.text import (
    BandText,
    ClassText,
    ForText,
    NameText,
    OpeningText,
    TariffText,
    ZoneText,
    meaning,
)

_WHOLE_S = 44_640 * 60  # the one step of a rate that has none


def compiled(document: TariffText, source: str, wrong: Wrong) -> Tariff:
    """The tariff of a document; `wrong` makes the error for a path in it."""
    try:
        ZoneInfo(document.timezone)
    except (ValueError, OSError, LookupError):
        raise wrong(("timezone",), mistake("timezone", zone=document.timezone)) from None
    version = hashlib.sha256(canonical(meaning(document))).hexdigest()[:12]
    kinds = _day_kinds(document, wrong)
    first, last = document.valid.first, document.valid.last
    if first is not None and last is not None and last < first:
        raise wrong(("valid",), mistake("valid_backwards"))
    base = _Compiler(document, wrong, kinds, (), None).tariff(version, source)
    classes = []
    for index, one in enumerate(document.classes):
        path: Path = ("classes", index)
        own = {key: getattr(one, key) for key in one.model_fields_set - {"name", "who"}}
        merged = document.model_copy(update=own)
        compiler = _Compiler(merged, partial(_wrong_in, wrong, path), kinds, path, one)
        classes.append((_who(one.who, (*path, "for"), wrong), compiler.tariff(version, source)))
    whole = replace(base, classes=tuple(classes))
    return replace(whole, asks=_asked(whole))


def _asked(tariff: Tariff) -> Asked:
    groups = [group for rules in tariff.every for group in rules.groups]
    tickets = [ticket for rules in tariff.every for ticket in rules.tickets]
    return Asked(
        zones=frozenset().union(*(group.zones for group in groups), *(ticket.zones for ticket in tickets)),
        bays=frozenset().union(*(group.bays for group in groups)),
        earlier=any(rules.aggregate or any(free.per != "entry" for free in rules.frees) for rules in tariff.every),
    )


def _wrong_in(wrong: Wrong, prefix: Path, path: Path, what: Mistake) -> ParkingError:
    return wrong((*prefix, *path), what)


def _day_kinds(document: TariffText, wrong: Wrong) -> DayKinds | None:
    text = document.holidays
    if text is None:
        return None
    overrides = {day_number(one.on): one.kind == "holiday" for one in text.overrides}
    if len(overrides) < len(text.overrides):
        raise wrong(("holidays", "overrides"), mistake("override_twice"))
    try:
        return DayKinds((text.mode, text.country, text.region, text.market), overrides)
    except ParkingError as error:
        raise wrong(("holidays",), mistake("holidays", why=error.message)) from None


def _who(text: ForText, path: Path, wrong: Wrong) -> Who:
    if not (text.vehicles or text.plates or text.energy):
        raise wrong(path, mistake("for_nobody"))
    return Who(frozenset(text.vehicles), frozenset(text.plates), frozenset(text.energy))


def _name(text: NameText) -> Name:
    return text.zh, text.en


class _Compiler:
    """Compiles the document as it holds for one class of vehicles, or for everybody."""

    def __init__(
        self, document: TariffText, wrong: Wrong, kinds: DayKinds | None, prefix: Path, one: ClassText | None
    ) -> None:
        self._document = document
        self._wrong = wrong
        self._kinds = kinds
        self._prefix = prefix
        self._class = one
        self._slots: list[Kind] = []
        self._rates: list[Rate] = []
        self._caps: list[Cap] = []

    def tariff(self, version: str, source: str) -> Tariff:
        document = self._document
        own = self._rate(document, (), None)
        calendar = self._calendar(document.bands, own, (), None)
        zone_caps: list[Cap] = []
        groups = [Group(calendar)]
        for index, zone in enumerate(document.zones):
            groups.append(self._zone(zone, ("zones", index), zone_caps))
        tickets = tuple(self._ticket(index) for index in range(len(document.tickets)))
        day_slot = self._slot(Kind("day_cap", 0, self._optional(document.day.cap, ("day", "cap")), None, "day.cap"))
        covered_slot = self._slot(Kind("covered", 1, None, None, "pass"))
        frees = self._frees()
        rates = tuple(self._rates)
        aggregate = document.day.limit == "aggregate"
        if aggregate and document.day.cap is None:
            raise self._wrong(("day",), mistake("limit_without_cap"))
        single = not frees or (len(frees) == 1 and frees[0].who is None and frees[0].per == "entry")
        plain_entry = all(rate.entry_slot is None for rate in rates)
        return Tariff(
            version=version,
            name=_name(document.name),
            currency=document.currency,
            timezone=document.timezone,
            valid_from=document.valid.first,
            valid_to=document.valid.last,
            free_s=frees[0].seconds if frees and single else 0,
            charge_after_free=bool(frees) and frees[0].after_free,
            frees=frees,
            sequential=document.free_start == "sequential",
            exit_minutes=document.free_exit_minutes,
            rates=rates,
            groups=tuple(groups),
            caps=(*self._caps, *zone_caps),
            each_band=document.first_period == "each_band",
            round_up=document.rounding == "up",
            rolling=document.day.kind == "rolling_24h",
            restart=document.day.restart,
            aggregate=aggregate,
            cap_minor=self._optional(document.day.cap, ("day", "cap")),
            day_slot=day_slot,
            covered_slot=covered_slot,
            tickets=tickets,
            minimum_minor=self._minimum(),
            stay_cap_minor=self._optional(document.stay_cap, ("stay_cap",)),
            simple=single and plain_entry and len(groups) == 1 and not tickets and not aggregate,
            calendar=calendar,
            book=LineBook(document.currency, self._slots, _name(self._class.name) if self._class else None),
            source=source,
        )

    # --- amounts -----------------------------------------------------------------------------------------------------

    def _minor(self, amount: str, path: Path) -> int:
        places = decimals(self._document.currency)
        whole, _, part = amount.partition(".")
        if len(part.rstrip("0")) > places:
            key, currency = _key(self._prefix, path), self._document.currency
            raise self._wrong(path, mistake("decimals", key=key, currency=currency, places=places))
        return int(whole + part[:places].ljust(places, "0"))

    def _optional(self, amount: str | None, path: Path) -> int | None:
        return None if amount is None else self._minor(amount, path)

    def _minimum(self) -> int:
        document = self._document
        if document.minimum is None:
            return 0
        least = self._minor(document.minimum, ("minimum",))
        bounds = [("day.cap", document.day.cap), ("stay_cap", document.stay_cap)]
        bounds += [(f"tickets.{i}.amount", ticket.amount) for i, ticket in enumerate(document.tickets)]
        for key, amount in bounds:
            if amount is not None and self._minor(amount, tuple(key.split("."))) < least:
                raise self._wrong(("minimum",), mistake("minimum_above", key=key))
        if document.day.limit == "aggregate":
            raise self._wrong(("minimum",), mistake("minimum_and_limit"))
        return least

    # --- rates -------------------------------------------------------------------------------------------------------

    def _slot(self, kind: Kind) -> int:
        self._slots.append(kind)
        return len(self._slots) - 1

    def _rate(self, text: TariffText | BandText | ZoneText, path: Path, name: Name | None) -> int:
        """The index of a new rate."""
        entry = text.entry
        if text.step is None and text.entry is None:
            key = _key(self._prefix, path)
            raise self._wrong(path, mistake("costs_nothing" if key else "whole_costs_nothing", key=key))
        entry_slot, entry_minor = None, 0
        if entry is not None:
            entry_minor = self._minor(entry.amount, (*path, "entry", "amount"))
            entry_slot = self._slot(Kind("entry", 0, entry_minor, name, _key((), (*path, "entry"))))
        blocks = self._blocks(text, path, name)
        if text.step is None:
            step_s, step_minor = _WHOLE_S, 0
            step_slot = self._slot(Kind("silent", 0, 0, name, ""))
        else:
            step_s, step_minor = text.step.minutes * 60, self._minor(text.step.amount, (*path, "step", "amount"))
            step_slot = self._slot(Kind("step", text.step.minutes, step_minor, name, _key((), (*path, "step"))))
        each_day = entry is not None and entry.each == "day"
        self._rates.append(Rate(tuple(blocks), step_s, step_minor, step_slot, entry_minor, entry_slot, each_day))
        return len(self._rates) - 1

    def _blocks(self, text: TariffText | BandText | ZoneText, path: Path, name: Name | None) -> list[Block]:
        blocks: list[Block] = []
        if text.first is None:
            return blocks
        alone = isinstance(text.first, OpeningText)
        for index, opening in enumerate((text.first,) if isinstance(text.first, OpeningText) else text.first):
            at = (*path, "first") if alone else (*path, "first", index)
            minor = self._minor(opening.amount, (*at, "amount"))
            code = "first" if index == 0 else "next"
            slot = self._slot(Kind(code, opening.minutes, minor, name, _key((), at)))
            blocks += [Block(opening.minutes * 60, minor, slot)] * opening.count
        return blocks

    def _calendar(self, bands: Sequence[BandText], base: int, path: Path, zone: Name | None) -> Calendar:
        rates = []
        for index, band in enumerate(bands):
            at = (*path, "bands", index)
            name = _name(band.name) if zone is None else (f"{zone[0]} {band.name.zh}", f"{zone[1]}, {band.name.en}")
            rate = self._rate(band, at, name)
            rates.append(rate)
            if band.cap is not None:
                minor = self._minor(band.cap, (*at, "cap"))
                slot = self._slot(Kind("band_cap", 0, minor, name, _key((), (*at, "cap"))))
                self._caps.append(Cap(self._members(self._rates[rate]), minor, slot))
        found = compiled_bands(bands, rates, path, self._wrong, has_kinds=self._kinds is not None)
        return Calendar(self._document.timezone, found, base=base, kinds=self._kinds)

    @staticmethod
    def _members(rate: Rate) -> tuple[tuple[int, int], ...]:
        firsts = {block.slot: block.minor for block in rate.first}
        return (*firsts.items(), (rate.step_slot, rate.step_minor))

    def _zone(self, zone: ZoneText, path: Path, zone_caps: list[Cap]) -> Group:
        if not zone.zones and not zone.bays:
            raise self._wrong(path, mistake("zone_nowhere", zone=zone.name.en, zone_zh=zone.name.zh))
        name, before, caps_before = _name(zone.name), len(self._rates), len(self._caps)
        own = self._rate(zone, path, name)
        calendar = self._calendar(zone.bands, own, path, name)
        if zone.cap is not None:
            minor = self._minor(zone.cap, (*path, "cap"))
            members = [member for rate in self._rates[before:] for member in self._members(rate)]
            members += [(cap.slot, cap.minor) for cap in self._caps[caps_before:]]
            slot = self._slot(Kind("zone_cap", 0, minor, name, _key((), (*path, "cap"))))
            zone_caps.append(Cap(tuple(members), minor, slot))
        return Group(calendar, zone.anew, frozenset(zone.zones), frozenset(zone.bays))

    def _ticket(self, index: int) -> Ticket:
        text, path = self._document.tickets[index], ("tickets", index)
        minor, name = self._minor(text.amount, (*path, "amount")), _name(text.name)
        rule = f"tickets.{index}"
        slot = self._slot(Kind("ticket", 0, minor, name, rule))
        for why in ("zone", "enter", "leave"):
            self._slot(Kind(f"ticket_{why}", 0, minor, name, rule))
        windows: list[Calendar | None] = []
        for key, said in (("enter", text.enter), ("leave", text.leave)):
            bands = said and window(said, (*path, key), self._wrong, has_kinds=self._kinds is not None)
            windows.append(Calendar(self._document.timezone, bands, kinds=self._kinds) if bands else None)
        return Ticket(minor, slot, frozenset(text.zones), windows[0], windows[1])

    def _frees(self) -> tuple[Free, ...]:
        document, frees = self._document, []
        if document.free_minutes:
            after = document.charge_from == "after_free"
            frees.append(Free(document.free_minutes * 60, document.free_per, after))
        for index, free in enumerate(document.free):
            who = free.who
            meant = Who(frozenset(who.vehicles), frozenset(who.plates), frozenset(who.energy))
            after = free.charge_from == "after_free"
            frees.append(Free(free.minutes * 60, free.per, after, meant, _name(free.name), f"free.{index}"))
        return tuple(frees)


def _key(prefix: Path, path: Path) -> str:
    return ".".join(str(part) for part in (*prefix, *path))
