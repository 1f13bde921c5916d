"""`parking quote`: what a stay costs under a tariff file, line by line; nothing is stored and nobody is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from parking.cli.quote_discounts import FORMS, account_of, later_of, offers_of
from parking.cli.tariff_files import facts_of_words, moment, tariff_of
from parking.kernel.codec import to_plain
from parking.kernel.errors import invalid
from payments.quote import Account, OffLine
from payments.tariff.explain import money_text
from payments.tariff.facts import Facts, Place
from payments.tariff.model import BillLine, Tariff
from payments.tariff.outlook import Before
from payments.tariff.price import counted_minutes, itemise, price

_AHEAD = timedelta(hours=24)
_NEXT = 3


def quote(
    file: Annotated[Path | None, typer.Argument(metavar="TARIFF.yaml", help="the tariff file")] = None,
    tariff: Annotated[Path | None, typer.Option("--tariff", help="the same, as an option")] = None,
    entered: Annotated[
        str,
        typer.Option(
            "--entry",
            "--in",
            help="when the stay begins, such as 2026-05-01T10:00 (in the tariff's zone) or with +08:00",
        ),
    ] = "",
    leaving: Annotated[str, typer.Option("--exit", "--out", help="when it ends, written the same way")] = "",
    vehicle: Annotated[str, typer.Option("--class", help="the vehicle's class, such as large")] = "",
    plate_class: Annotated[str, typer.Option("--plate-class", help="the plate's class, such as green")] = "",
    energy: Annotated[str, typer.Option("--energy", help="such as electric")] = "",
    zones: Annotated[
        list[str] | None,
        typer.Option("--zone", help="where it stands; ZONE@TIME from a later time on; may be given again"),
    ] = None,
    bays: Annotated[list[str] | None, typer.Option("--bay", help="on what kind of bay, written the same way")] = None,
    coupons: Annotated[
        list[str] | None, typer.Option("--coupon", help=f"a coupon: {FORMS}, or NAME= before it; may be given again")
    ] = None,
    benefits: Annotated[
        list[str] | None, typer.Option("--member", help="what a member's tier takes off, written the same way")
    ] = None,
    what_if: Annotated[bool, typer.Option("--what-if", help="also what leaving before the next steps saves")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """The price of a stay, line by line."""
    path = file or tariff
    if path is None:
        raise invalid("quote.tariff", "no tariff file is named; write parking quote TARIFF.yaml --entry ... --exit ...")
    rules = tariff_of(path)
    zone = ZoneInfo(rules.timezone)
    entered_at, leaving_at = moment(entered, zone, "--entry"), moment(leaving, zone, "--exit")
    if leaving_at < entered_at:
        raise invalid("quote.times", "is before --entry; a stay ends after it begins", field="--exit")
    if not rules.holds_on(entered_at.astimezone(zone).date()):
        raise invalid("quote.valid", "is a day on which this tariff does not hold; see its `valid`", field="--entry")
    facts = facts_of_words(vehicle, plate_class, energy)
    facts = facts._replace(places=_places(zones or [], bays or [], entered_at, zone))
    for stranger in _strangers(rules, facts):
        typer.echo(stranger, err=True)
    offers = offers_of(coupons or [], benefits or [], rules.currency)
    account = account_of(rules, entered_at, leaving_at, facts, offers)
    ahead = (rules, entered_at, leaving_at, leaving_at + _AHEAD, facts, offers, _NEXT)
    later = later_of(*ahead) if what_if else ()
    if as_json:
        typer.echo(json.dumps(_plain(rules, account, (entered_at, leaving_at), facts, later), ensure_ascii=False))
    else:
        typer.echo(_page(rules, account, entered_at.astimezone(zone), leaving_at.astimezone(zone), later))


def _strangers(rules: Tariff, facts: Facts) -> Iterator[str]:
    """What was said of the vehicle or its place that this tariff knows nothing of: it may be a slip of the pen."""
    meant = [who for who, _ in rules.classes] + [free.who for one in rules.every for free in one.frees if free.who]
    named: dict[str, tuple[set[str], set[str]]] = {
        "--class": ({facts.vehicle}, {word for who in meant for word in who.vehicles}),
        "--plate-class": ({facts.plate_class}, {word for who in meant for word in who.plates}),
        "--energy": ({facts.energy}, {word for who in meant for word in who.energy}),
        "--zone": ({place.zone for place in facts.places}, set(rules.asks.zones)),
        "--bay": ({place.bay for place in facts.places}, set(rules.asks.bays)),
    }
    for option, (said, known) in named.items():
        for word in sorted(said - known - {""}):
            names = f"it names {', '.join(sorted(known))}" if known else "it names none"
            yield f"{option}: {word!r} makes no difference under this tariff; {names}"


def _places(zones: list[str], bays: list[str], entered_at: datetime, wall: ZoneInfo) -> tuple[Place, ...]:
    """Where the vehicle stands from when on, from both options."""
    said: dict[datetime, dict[str, str]] = {}
    for option, words in (("zone", zones), ("bay", bays)):
        for word in words:
            name, at, since = word.partition("@")
            when = moment(since, wall, f"--{option}") if at else entered_at
            said.setdefault(when, {})[option] = name
    places, now = [], {"zone": "", "bay": ""}
    for when in sorted(said):
        now |= said[when]
        places.append(Place(when, now["zone"], now["bay"]))
    return tuple(places)


def _plain(
    rules: Tariff, account: Account, times: tuple[datetime, datetime], facts: Facts, later: tuple[Before, ...]
) -> dict[str, Any]:
    zone = ZoneInfo(rules.timezone)
    return {
        "tariff": rules.version,
        "in": to_plain(times[0]),
        "out": to_plain(times[1]),
        "minutes": price(rules, *times, facts).minutes,
        "gross": to_plain(account.gross),
        "total": to_plain(account.total),
        "lines": [_line(line) for line in account.lines],
        "not_applied": [
            {"coupon": one.key, "name": dict(one.name), "why": one.why, "text": dict(one.text)}
            for one in account.not_applied
        ],
        "periods": [
            {
                "from": datetime.fromtimestamp(part.begins_at_s, zone).isoformat(),
                "to": datetime.fromtimestamp(part.ends_at_s, zone).isoformat(),
                "lines": [_line(line) for line in part.lines],
            }
            for part in itemise(rules, *times, facts)
        ],
        "what_if": [
            {
                "before": before.until.astimezone(zone).isoformat(),
                "total": to_plain(before.total),
                "later": to_plain(before.later),
                "text": before.text(f"{before.until.astimezone(zone):%m-%d %H:%M}"),
            }
            for before in later
        ],
    }


def _line(line: BillLine | OffLine) -> dict[str, Any]:
    return {
        "code": line.code,
        "rule": line.rule if isinstance(line, BillLine) else "",
        "text": dict(line.text),
        "minutes": line.minutes,
        "count": line.count,
        "unit": to_plain(line.unit),
        "amount": to_plain(line.amount),
    }


def _page(
    rules: Tariff, account: Account, entered_at: datetime, leaving_at: datetime, later: tuple[Before, ...]
) -> str:
    hours, minutes = divmod(counted_minutes(int((leaving_at - entered_at).total_seconds())), 60)
    rows = [(f"{line.text['zh']}  {line.text['en']}", money_text(line.amount)) for line in account.lines]
    rows.append(("合计  Total", money_text(account.total)))
    width = max(len(amount) for _, amount in rows)
    left_out = [f"{one.name['en']}: {one.text['zh']}  {one.text['en']}" for one in account.not_applied]
    said = [before.text(f"{before.until.astimezone(entered_at.tzinfo):%m-%d %H:%M}") for before in later]
    return "\n".join(
        [
            f"{rules.name[0]}  {rules.name[1]}  ({rules.version})",
            f"{entered_at:%Y-%m-%d %H:%M} to {leaving_at:%Y-%m-%d %H:%M} {rules.timezone}, {hours} h {minutes} min",
            "",
            *(f"{amount:>{width}}  {text}" for text, amount in rows),
            *(["", *left_out] if left_out else []),
            *([""] if said else []),
            *(f"{words['zh']}  {words['en']}" for words in said),
        ]
    )
