"""诺诺's open platform as an `InvoiceProvider`: hands in, asks, fetches the document. Nothing of a request goes into a log or an error."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from parking.kernel.clock import Clock
from payments.invoices.providers import nuonuo_wire as wire
from payments.invoices.providers.base import BlueOrder, InvoiceProvider, InvoiceRefused, Issued, RedOrder, Standing
from payments.invoices.words import trouble_of
from payments.providers.base import OutcomeUnknown
from payments.providers.door import Door

LARGEST_PDF = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NuonuoAccount:
    """One application at the platform; secrets are never printed. The token is read anew for each call, because the platform's last
    a day and a month's are counted. `pdf_hosts`: where documents may be fetched from."""

    app_key: str
    app_secret: str = field(repr=False)
    access_token: Callable[[], str] = field(repr=False)
    seller: wire.Seller
    pdf_hosts: Collection[str] = ()


class Nuonuo:
    """A client of one seller."""

    def __init__(self, door: Door, account: NuonuoAccount, *, clock: Clock, nonces: Callable[[], str]) -> None:
        self._door = door
        self._account = account
        self._clock = clock
        self._nonces = nonces

    def issue(self, order: BlueOrder) -> None:
        self._hand_in(wire.ISSUE, wire.issue_body(order, self._account.seller))

    def reverse(self, order: RedOrder) -> None:
        self._hand_in(wire.RED_FORM, wire.red_body(order, self._account.seller))

    def query(self, order_no: str, *, red: bool) -> Issued:
        code, said, result = self._call(wire.QUERY, wire.question(order_no))
        if code == wire.DONE and result:
            try:
                return wire.issued_of(order_no, result)
            except ValueError as error:
                raise OutcomeUnknown(f"an answer that is no invoice of ours: {error}") from None
        if code not in (wire.DONE, wire.NOT_FOUND):
            raise OutcomeUnknown(f"a question was answered {code}")
        return self._form(order_no) if red else Issued(order_no, Standing.ABSENT, detail=said)

    def pdf(self, pdf_url: str) -> bytes:
        try:
            parts = urlsplit(pdf_url)
        except ValueError:
            raise OutcomeUnknown("the document lies nowhere: this is no address") from None
        if parts.scheme not in ("https", "http") or parts.hostname not in self._account.pdf_hosts:
            raise OutcomeUnknown("the document lies at a place that is not ours to fetch from")
        reply = self._door.send("GET", pdf_url, longest=LARGEST_PDF)
        if reply.status != 200 or not reply.body.startswith(b"%PDF-"):
            raise OutcomeUnknown(f"an answer {reply.status} that is no document")
        return reply.body

    def _hand_in(self, method: str, content: Mapping[str, Any]) -> None:
        code, said, _ = self._call(method, content)
        if code in (wire.DONE, wire.DUPLICATE):  # a number that is there already is our own earlier try
            return
        raise InvoiceRefused(trouble_of(said), said)

    def _form(self, order_no: str) -> Issued:
        code, _, result = self._call(wire.RED_QUERY, wire.form_question(order_no))
        if code == wire.NOT_FOUND:
            return Issued(order_no, Standing.ABSENT)
        if code != wire.DONE:
            raise OutcomeUnknown(f"a question was answered {code}")
        return wire.form_of(order_no, result)

    def _call(self, method: str, content: Mapping[str, Any]) -> tuple[str, str, Any]:
        account, body = self._account, wire.dump(content)
        call = wire.Call(
            account.app_key,
            account.app_secret,
            senid=self._nonces().ljust(32, "0")[:32],
            nonce=str(10_000_000 + int(self._nonces()[:8], 16) % 90_000_000),
            timestamp=str(int(self._clock.now().timestamp())),
        )
        headers = {
            "content-type": "application/json; charset=UTF-8",
            "x-nuonuo-sign": call.sign(body),
            "accesstoken": account.access_token(),
            "usertax": account.seller.tax_number,
            "method": method,
        }
        reply = self._door.send("POST", f"{wire.PATH}?{call.query}", body=body, headers=headers)
        try:
            code, said, result = wire.answer(reply.body)
        except (ValueError, RecursionError):
            raise OutcomeUnknown(f"an answer {reply.status} that is not JSON") from None
        if reply.status != 200 or not code.startswith("E"):  # our application was turned away, whatever it asked
            raise OutcomeUnknown(f"the gateway turned us away: {code[:8]}")
        return code, said, result


_: type[InvoiceProvider] = Nuonuo
