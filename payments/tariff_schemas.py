"""What is sent and shown about tariffs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from parking.web.schemas import Loose, Moment, MoneySchema, SiteDay, Strict
from payments.tariff import compare
from payments.tariff.parse import LARGEST_FILE
from payments.tariff_book import Offered
from payments.tariff_proposals import Proposal, ProposalKind, ProposalState

Called = Callable[[str | None], str | None]
Source = Annotated[str, Field(min_length=1, max_length=LARGEST_FILE, description="the text of a tariff file, YAML")]
Reason = Annotated[
    str, StringConstraints(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("should be a date, YYYY-MM-DD") from None


Day = Annotated[SiteDay, BeforeValidator(_day, json_schema_input_type=date)]
AnyDay = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]
"""A day that a tariff names: it may hold for ever, until 9999-12-31."""


class TariffWords(Strict):
    zh: str
    en: str


class TariffSource(Strict):
    source: Source


class CompareTariff(TariffSource):
    """A text on the stays that ended on `day`; `before` null: against the tariff in force."""

    day: Day
    before: str | None = None


class ProposeTariff(TariffSource):
    note: Reason


class EndTariff(Strict):
    """That a tariff holds until the end of `last_day` and no longer."""

    version: str
    last_day: Day
    note: Reason


class ApproveProposal(Strict):
    """The version that was looked at, so that nothing else is approved."""

    version: str


class RefuseProposal(Strict):
    reason: Reason


class TariffProblem(Strict):
    """Something that keeps the text from being a tariff; `line` counts from 1, null for the whole of it.

    `code` is stable and `values` fill it, for whoever has words of their own.
    """

    line: int | None
    code: str
    values: dict[str, str]
    text: TariffWords


class TariffRemark(Strict):
    code: str
    text: TariffWords


class TariffUsual(Strict):
    stay: TariffWords
    total: str


class TariffChecked(Strict):
    """Whether a text is a tariff; if it is, what it means in words, what usual stays cost, and what its owner should know."""

    ok: bool
    version: str | None
    name: TariffWords | None
    currency: str | None
    valid_from: AnyDay | None
    valid_to: AnyDay | None
    problems: list[TariffProblem]
    warnings: list[TariffRemark]
    rules: list[TariffWords]
    usual: list[TariffUsual]

    @classmethod
    def wrong(cls, problems: list[TariffProblem]) -> TariffChecked:
        nothing = dict.fromkeys(("version", "name", "currency", "valid_from", "valid_to"))
        return cls(ok=False, problems=problems, warnings=[], rules=[], usual=[], **nothing)


class TariffView(Strict):
    version: str
    source: str
    checked: TariffChecked


class OfferedTariff(Strict):
    """A tariff for whoever enters; `last_day`: it was ended. `published_at` null: it came from a file of the server."""

    version: str
    name: TariffWords
    valid_from: AnyDay | None
    valid_to: AnyDay | None
    last_day: AnyDay | None
    published_at: Moment | None
    proposed_by: str | None
    approved_by: str | None
    in_force: bool

    @classmethod
    def of(cls, one: Offered, called: Called, in_force: str) -> OfferedTariff:
        tariff, by = one.tariff, one.published
        return cls(
            version=tariff.version,
            name=TariffWords(zh=tariff.name[0], en=tariff.name[1]),
            valid_from=tariff.valid_from,
            valid_to=tariff.valid_to,
            last_day=one.end.last_day if one.end is not None else None,
            published_at=by.decided_at if by is not None else None,
            proposed_by=called(by.proposed_by) if by is not None else None,
            approved_by=called(by.decided_by) if by is not None else None,
            in_force=tariff.version == in_force,
        )


class ProposalView(Strict):
    """What somebody proposed, and what became of it; `mine`: whoever asks proposed it, and so may not approve it."""

    proposal_id: str
    kind: Annotated[ProposalKind, Loose]
    version: str
    last_day: AnyDay | None
    note: str
    proposed_by: str
    mine: bool
    proposed_at: Moment
    state: Annotated[ProposalState, Loose]
    decided_by: str | None
    decided_at: Moment | None
    reason: str

    @classmethod
    def of(cls, one: Proposal, called: Called, me: str) -> ProposalView:
        names = ("kind", "version", "last_day", "note", "proposed_at", "state", "decided_at", "reason")
        return cls(
            proposal_id=one.id,
            proposed_by=called(one.proposed_by) or one.proposed_by,
            mine=one.proposed_by == me,
            decided_by=called(one.decided_by),
            **{name: getattr(one, name) for name in names},
        )

    @staticmethod
    def text_of(body: Any) -> str:
        """A stored reply as the JSON that it was."""
        return json.dumps(body)


class TariffsView(Strict):
    in_force: str
    tariffs: list[OfferedTariff]
    proposals: list[ProposalView]


class TariffSum(Strict):
    """Stays, how many would become dearer or cheaper, and what they come to."""

    heading: str
    stays: int
    dearer: int
    cheaper: int
    before: MoneySchema
    after: MoneySchema

    @classmethod
    def of(cls, heading: str, found: compare.Sum, currency: str) -> TariffSum:
        before, after = (MoneySchema(amount=minor, currency=currency) for minor in (found.before, found.after))
        counts = {name: getattr(found, name) for name in ("stays", "dearer", "cheaper")}
        return cls(heading=heading, before=before, after=after, **counts)


class TariffChange(Strict):
    stay_id: str
    before: MoneySchema
    after: MoneySchema


class TariffCompared(Strict):
    """A day of stays under both tariffs: all of them, by length and kind of vehicle, and the stays that change most."""

    before: str
    whole: TariffSum
    by: list[TariffSum]
    most: list[TariffChange]

    @classmethod
    def of(cls, found: compare.Compared, before: str, most: int) -> TariffCompared:
        def money(minor: int) -> MoneySchema:
            return MoneySchema(amount=minor, currency=found.currency)

        changes = [
            TariffChange(stay_id=one.stay.name, before=money(one.before), after=money(one.after))
            for one in found.most(most)
        ]
        by = [TariffSum.of(heading, group, found.currency) for heading, group in sorted(found.by.items())]
        return cls(before=before, whole=TariffSum.of("all", found.whole, found.currency), by=by, most=changes)
