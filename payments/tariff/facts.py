"""What else a price depends on besides entry, exit and tariff. All of it is known to the caller; nothing is looked up here.

A bill keeps its facts as plain JSON, so that it can be explained and worked out again when their sources are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from parking.kernel.codec import parse_time, to_plain
from parking.kernel.price_facts import Place, Span, Visit

__all__ = ["NO_FACTS", "Facts", "Place", "Span", "Visit", "kept", "recalled"]
_WORDS = ("vehicle", "plate_class", "energy")


class Facts(NamedTuple):
    """`stopped_minutes`: the fee clock stood still (a blocked exit, an outage). `covered`: (from, until) under a pass.

    `earlier`: the vehicle's other stays, oldest first; only a tariff that counts per day or aggregates asks for them.
    """

    stopped_minutes: int = 0
    vehicle: str = ""
    plate_class: str = ""
    energy: str = ""
    places: tuple[Place, ...] = ()
    covered: tuple[Span, ...] = ()
    earlier: tuple[Visit, ...] = ()


NO_FACTS = Facts()


def kept(facts: Facts) -> dict[str, Any]:
    """The facts as JSON, without what says nothing; the words that name a class of vehicle are there even where they are empty."""
    plain: dict[str, Any] = {word: getattr(facts, word) for word in _WORDS}
    if facts.stopped_minutes:
        plain["stopped_minutes"] = facts.stopped_minutes
    for name in ("places", "covered", "earlier"):
        if rows := getattr(facts, name):
            plain[name] = [[to_plain(value) for value in row] for row in rows]
    return plain


def recalled(plain: Mapping[str, Any]) -> Facts:
    """The facts that `kept` wrote down."""
    words = {word: str(plain.get(word, "")) for word in _WORDS}
    facts = Facts(
        stopped_minutes=int(plain.get("stopped_minutes", 0)),
        places=tuple(Place(parse_time(since), zone, bay) for since, zone, bay in plain.get("places", ())),
        covered=tuple((parse_time(since), _end(until)) for since, until in plain.get("covered", ())),
        earlier=tuple(Visit(parse_time(came), parse_time(left)) for came, left in plain.get("earlier", ())),
        **words,
    )
    return NO_FACTS if facts == NO_FACTS else facts


def _end(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
