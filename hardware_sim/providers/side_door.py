"""The side door of every simulated payment company: switches, payers, cars, keys and the file of the day, in plain JSON.

POST   /_sim/faults            {"fault": "timeout_after", "times": 3, "operation": "create", "seconds": 0}
GET    /_sim/faults            what is on, and every fault that there is;  DELETE  turns all off
GET    /_sim/payer/NUMBER      a page to pay on;  POST  pays
POST   /_sim/fail/NUMBER       the payer's bank says no
POST   /_sim/repay/NUMBER      the driver pays an advance back
POST   /_sim/enrol             {"plate": "京A12345", "standing": "ENROLLED"}
GET    /_sim/trades            everything in the books
GET    /_sim/papers            names and keys for the merchant's settings
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

from hardware_sim.providers.books import Trade
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.server import Request, Response, Wire
from parking.kernel.codec import to_plain
from payments.providers.abilities import Standing
from payments.providers.base import OrderState

_ABOUT_ONE = re.compile(r"/_sim/(payer|fail|repay)/([A-Za-z0-9_-]{1,64})")
_HTML = {"content-type": "text/html; charset=utf-8"}
_PAGE = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulated payment</title><style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 24rem; margin: 12vh auto; padding: 0 1rem; text-align: center }}
strong {{ display: block; font-size: 2.5rem; margin: 1rem }} button {{ font: inherit; padding: .8rem 2.5rem; border: 0;
border-radius: .6rem; background: #0a7d4f; color: #fff }}
</style><h1>模拟支付 · Simulated payment</h1><p>{subject}</p><strong>{amount}</strong>{rest}</html>
"""
_BUTTON = '<form method="post" action="/_sim/payer/{number}"><button>确认支付 · Pay</button></form>'
_ENDS = {OrderState.PAID: "已支付 · Paid", OrderState.CLOSED: "已关闭 · Closed", OrderState.FAILED: "失败 · Failed"}


def side_door(wire: Wire, request: Request) -> Response | None:
    """The answer to a request for the side door; None when it is for the company itself."""
    if not request.path.startswith("/_sim/"):
        return None
    try:
        return _answer(wire, request) or _json({"error": "no such door"}, 404)
    except (ValueError, KeyError, TypeError) as error:
        return _json({"error": f"not understood: {error}"}, 400)


def _answer(wire: Wire, request: Request) -> Response | None:
    books, at = wire.books, (request.method, request.path)
    about = _ABOUT_ONE.fullmatch(request.path)
    if about is not None:
        return _about(wire, request.method, about[1], about[2])
    if at == ("POST", "/_sim/faults"):
        plain = json.loads(request.body)
        books.switches.set(
            Fault(plain["fault"]),
            times=int(plain.get("times", 1)),
            operation=plain.get("operation"),
            seconds=float(plain.get("seconds", 0)),
        )
    if at == ("DELETE", "/_sim/faults"):
        books.switches.clear()
    if request.path == "/_sim/faults":
        return _json({"on": to_plain(books.switches.on()), "known": [fault.value for fault in Fault]})
    if at == ("POST", "/_sim/enrol"):
        plain = json.loads(request.body)
        books.standings[str(plain["plate"])] = Standing(plain.get("standing", "ENROLLED"))
        return _json({"enrolled": len(books.standings)})
    if at == ("GET", "/_sim/trades"):
        with books.turn:
            return _json(
                {"trades": to_plain(list(books.trades.values())), "refunds": to_plain(list(books.refunds.values()))}
            )
    if at == ("GET", "/_sim/papers"):
        return _json(wire.papers())
    return None


def _about(wire: Wire, method: str, door: str, number: str) -> Response | None:
    books = wire.books
    if door == "payer":
        trade = books.pay(number) if method == "POST" else books.find(number)
        return _json({"error": "no such order"}, 404) if trade is None else Response(200, _page(trade), _HTML)
    if method != "POST":
        return None
    trade = books.fail(number) if door == "fail" else books.repay(number)
    return _json({"error": "no such order"}, 404) if trade is None else _json(to_plain(trade))


def _page(trade: Trade) -> bytes:
    rest = _ENDS.get(trade.state) or _BUTTON.format(number=html.escape(trade.number))
    amount = html.escape(str(trade.amount))
    return _PAGE.format(subject=html.escape(trade.subject), amount=amount, rest=rest).encode()


def _json(plain: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(plain, ensure_ascii=False).encode())
