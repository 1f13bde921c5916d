"""`parking quote`: what a stay costs under a tariff file, line by line; nothing is stored and nobody is asked."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from parking.kernel.codec import to_plain
from parking.kernel.errors import invalid
from payments.tariff.explain import money_text
from payments.tariff.model import Bill, Tariff
from payments.tariff.parse import LARGEST_FILE, load
from payments.tariff.price import price


def quote(
    tariff: Annotated[Path, typer.Option("--tariff", help="the tariff file (YAML)")],
    entered: Annotated[
        str,
        typer.Option(
            "--in", help="when the stay begins, such as 2026-05-01T10:00 (in the tariff's zone) or with +08:00"
        ),
    ],
    leaving: Annotated[str, typer.Option("--out", help="when it ends, written the same way")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """The price of a stay, line by line."""
    rules = load(_text_of(tariff), name=str(tariff))
    zone = ZoneInfo(rules.timezone)
    entered_at, leaving_at = _time(entered, zone, "--in"), _time(leaving, zone, "--out")
    if leaving_at < entered_at:
        raise invalid("quote.times", "is before --in; a stay ends after it begins", field="--out")
    bill = price(rules, entered_at, leaving_at)
    if as_json:
        typer.echo(json.dumps(_plain(rules, bill, entered_at, leaving_at), ensure_ascii=False))
    else:
        typer.echo(_page(rules, bill, entered_at.astimezone(zone), leaving_at.astimezone(zone)))


def _text_of(file: Path) -> str:
    with file.open("rb") as opened:
        raw = opened.read(4 * LARGEST_FILE + 1)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise invalid("tariff.malformed", "is not UTF-8 text; save it as UTF-8", field=str(file)) from None


def _time(text: str, zone: ZoneInfo, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("quote.time", f"{text!r} is no time; write it as 2026-05-01T10:00", field=option) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _plain(rules: Tariff, bill: Bill, entered_at: datetime, leaving_at: datetime) -> dict[str, object]:
    return {
        "tariff": rules.version,
        "in": to_plain(entered_at),
        "out": to_plain(leaving_at),
        "minutes": bill.minutes,
        "total": to_plain(bill.total),
        "lines": [
            {
                "code": line.code,
                "text": line.text,
                "minutes": line.minutes,
                "count": line.count,
                "unit": to_plain(line.unit),
                "amount": to_plain(line.amount),
            }
            for line in bill.lines
        ],
    }


def _page(rules: Tariff, bill: Bill, entered_at: datetime, leaving_at: datetime) -> str:
    hours, minutes = divmod(bill.minutes, 60)
    rows = [(f"{line.text['zh']}  {line.text['en']}", money_text(line.amount)) for line in bill.lines]
    rows.append(("合计  Total", money_text(bill.total)))
    width = max(len(amount) for _, amount in rows)
    return "\n".join(
        [
            f"{rules.name[0]}  {rules.name[1]}  ({rules.version})",
            f"{entered_at:%Y-%m-%d %H:%M} to {leaving_at:%Y-%m-%d %H:%M} {rules.timezone}, {hours} h {minutes} min",
            "",
            *(f"{amount:>{width}}  {text}" for text, amount in rows),
        ]
    )
