"""How the simulated WeChat writes its transactions, refunds, parkings and bills."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from hardware_sim.providers.books import Parking, RefundEntry, Trade
from payments.providers.abilities import RefundState, Standing
from payments.providers.base import OrderState
from payments.providers.chinese_text import from_wall, rfc3339, wall, yuan

_STATES = {
    OrderState.WAITING: "NOTPAY",
    OrderState.PAID: "SUCCESS",
    OrderState.CLOSED: "CLOSED",
    OrderState.FAILED: "PAYERROR",
    OrderState.ACCEPTED: "ACCEPTED",
}
_REFUNDS = {RefundState.DONE: "SUCCESS", RefundState.PROCESSING: "PROCESSING", RefundState.FAILED: "ABNORMAL"}
_BLOCKS = {Standing.PAUSED: "PAUSE", Standing.OVERDUE: "OVERDUE", Standing.NOT_ENROLLED: "OUT_SERVICE"}
HEADING = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


def transaction_of(trade: Trade, *, appid: str, merchant: str) -> dict[str, Any]:
    """A transaction, as answers and callbacks carry it."""
    parking = trade.kind == "parking"
    state = "PAY_FAIL" if parking and trade.state is OrderState.FAILED else _STATES[trade.state]
    plain: dict[str, Any] = {
        "appid": appid,
        "mchid": merchant,
        "out_trade_no": trade.number,
        "trade_type": {"native": "NATIVE", "jsapi": "JSAPI"}.get(trade.kind, "VEHICLE"),
        "trade_state": state,
        "trade_state_desc": state,
        "amount": {"total": trade.amount.minor, "currency": trade.amount.currency},
    }
    if trade.state is OrderState.PAID and trade.paid_at is not None:
        plain["transaction_id"] = trade.transaction
        plain["success_time"] = rfc3339(trade.paid_at)
        plain["bank_type"] = "BPA" if trade.advanced else "OTHERS"
        plain["payer"] = {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
        plain["amount"] |= {"payer_total": trade.amount.minor, "payer_currency": trade.amount.currency}
        if trade.advanced:
            plain["user_repaid"] = "Y" if trade.repaid else "N"
    return plain


def refund_of(entry: RefundEntry, merchant: str, *, told: bool = False) -> dict[str, Any]:
    """A refund in an answer, or (`told`) in a callback."""
    plain: dict[str, Any] = {
        "refund_id": entry.reference,
        "out_refund_no": entry.number,
        "transaction_id": entry.trade.transaction,
        "out_trade_no": entry.trade.number,
        "user_received_account": "支付用户零钱",
        "success_time": rfc3339(entry.at),
        "amount": {"total": entry.trade.amount.minor, "refund": entry.amount.minor, "currency": entry.amount.currency},
    }
    if told:
        plain["amount"].pop("currency")
        return plain | {"mchid": merchant, "refund_status": _REFUNDS[entry.state]}
    return plain | {"channel": "ORIGINAL", "status": _REFUNDS[entry.state]}


def parking_of(parking: Parking, *, changed_at: datetime | None = None) -> dict[str, Any]:
    """A parking in the answer to an entry, or in a callback about its change."""
    normal = parking.standing is Standing.ENROLLED
    plain: dict[str, Any] = {
        "out_parking_no": parking.number,
        "plate_number": parking.plate,
        "plate_color": parking.colour,
        "start_time": parking.started,
    }
    if changed_at is not None:
        plain |= {"parking_id": parking.reference, "parking_state": "NORMAL" if normal else "BLOCKED"}
        return plain | {"blocked_state_description": "", "state_update_time": rfc3339(changed_at)}
    plain |= {"id": parking.reference, "state": "NORMAL" if normal else "BLOCKED"}
    return plain if normal else plain | {"block_reason": _BLOCKS[parking.standing]}


def bill_of(trades: list[Trade], refunds: list[RefundEntry], appid: str, merchant: str) -> bytes:
    """The trade bill of a day: every field after a back-tick, totals at the end."""
    rows = []
    for trade in trades:
        fields = [wall(trade.paid_at)] if trade.paid_at else [""]
        fields += [appid, merchant, "0", "", trade.transaction or "", trade.number, "oUpF8", trade.kind.upper()]
        fields += ["SUCCESS", "OTHERS", trade.amount.currency, yuan(trade.amount), "0.00", "0", "0", "0.00", "0.00"]
        fields += ["", "", trade.subject, "", _fee(trade.amount.minor), "0.60%", yuan(trade.amount), "0.00", ""]
        rows.append(fields)
    for entry in refunds:
        fields = [wall(entry.at), appid, merchant, "0", "", entry.trade.transaction or "", entry.trade.number, "oUpF8"]
        fields += [entry.trade.kind.upper(), "REFUND", "OTHERS", entry.amount.currency, "0.00", "0.00"]
        fields += [entry.reference, entry.number, yuan(entry.amount), "0.00", "ORIGINAL", "SUCCESS"]
        fields += [entry.trade.subject, "", "0.00000", "0.60%", "0.00", yuan(entry.amount), ""]
        rows.append(fields)
    totals = [str(len(rows)), "0.00", "0.00", "0.00", "0.00000", "0.00", "0.00"]
    lines = [HEADING, *(",".join(f"`{field}" for field in row) for row in rows), TOTALS]
    lines.append(",".join(f"`{field}" for field in totals))
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _fee(minor: int) -> str:
    """0.6 % in yuan with five decimals."""
    hundred_thousandths = minor * 6
    return f"{hundred_thousandths // 100_000}.{hundred_thousandths % 100_000:05d}"


def bill_day_over(day: date, now: datetime) -> bool:
    """Whether the bill of `day` can be there: it is made from ten o'clock of the next day, Beijing time."""
    return now >= from_wall(f"{day} 00:00:00") + timedelta(days=1, hours=10)
