"""Who has agreed to pay afterwards: made with the payer's consent, ended by anybody who may, never changed in between."""

from __future__ import annotations

from parking.kernel.errors import conflict, invalid, not_found
from parking.kernel.plate import Plate
from parking.plumbing.db import UnitOfWork
from payments.later import store
from payments.later.model import Agreement, Terms


def agree(uow: UnitOfWork, plate: Plate, channel: str, reference: str, terms: Terms) -> Agreement:
    """Begin an agreement for a plate; the same one again changes nothing, another one while it stands is a conflict."""
    if not 1 <= len(reference) <= 128 or not reference.isprintable():
        raise invalid(
            "agreement.reference", "should be the provider's own reference, 1 to 128 signs", field="reference"
        )
    known = store.agreement_of(uow.connection, plate)
    if known is not None:
        if (known.channel, known.reference, known.terms) == (channel, reference, terms):
            return known
        raise conflict("agreement.stands", "this plate has an agreement already: end it first")
    new = Agreement(uow.ids.new(uow.now), plate, channel, reference, terms, uow.now)
    store.insert_agreement(uow.connection, new)
    return new


def end(uow: UnitOfWork, agreement_id: str) -> None:
    """No stay that begins from now on may leave first; what is set aside for those inside stays set aside."""
    if not store.end_agreement(uow.connection, agreement_id, uow.now):
        raise not_found("agreement.unknown", "no such agreement stands")
