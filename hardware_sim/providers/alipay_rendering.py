"""How the simulated Alipay writes its trades and bills."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from hardware_sim.providers.books import RefundEntry, Trade
from payments.providers.base import OrderState
from payments.providers.chinese_text import wall, yuan

OPERATIONS = {
    "alipay.trade.precreate": "create",
    "alipay.trade.query": "query",
    "alipay.trade.close": "close",
    "alipay.trade.cancel": "close",
    "alipay.trade.refund": "refund",
    "alipay.trade.fastpay.refund.query": "query_refund",
    "alipay.data.dataservice.bill.downloadurl.query": "statement",
    "alipay.eco.mycar.parking.agreement.query": "agreement",
    "alipay.eco.mycar.parking.enterinfo.sync": "enter",
    "alipay.eco.mycar.parking.exitinfo.sync": "leave",
    "alipay.eco.mycar.parking.order.pay": "charge",
}
_STATUS = {
    OrderState.WAITING: "WAIT_BUYER_PAY",
    OrderState.PAID: "TRADE_SUCCESS",
    OrderState.CLOSED: "TRADE_CLOSED",
    OrderState.FAILED: "TRADE_CLOSED",
}
HEADING = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def digits(minor: int) -> str:
    """`12.00`, whatever the currency is."""
    return f"{minor // 100}.{minor % 100:02d}"


def trade_of(trade: Trade) -> dict[str, Any]:
    """A trade, as answers and notices carry it."""
    plain = {
        "out_trade_no": trade.number,
        "trade_no": trade.transaction or f"20{trade.number}",
        "trade_status": _STATUS[trade.state],
        "total_amount": digits(trade.amount.minor),
        "buyer_logon_id": "159****5620",
    }
    if trade.amount.currency != "CNY":
        plain["total_amount"] += f" {trade.amount.currency}"
    return plain if trade.paid_at is None else plain | {"send_pay_date": wall(trade.paid_at)}


def bill_of(trades: list[Trade], refunds: list[RefundEntry], seller_id: str) -> bytes:
    """A day's trade bill: two CSV files in GB18030 in one zip, with remarks around the list."""
    rows = []
    for t in trades:
        at = wall(t.paid_at) if t.paid_at else ""
        rows.append(
            [f"{t.transaction}\t", f"{t.number}\t", "交易", t.subject, at, at, yuan(t.amount), "", _fee(t.amount.minor)]
        )
    for r in refunds:
        names = [f"{r.trade.transaction}\t", f"{r.trade.number}\t", "退款", r.trade.subject]
        rows.append([*names, wall(r.at), wall(r.at), f"-{yuan(r.amount)}", r.number, "0.00"])
    lines = ["#支付宝业务明细查询", f"#账号：[{seller_id}]", "#-----业务明细列表-----", HEADING]
    for row in rows:
        money = [row[6], row[6], *["0.00"] * 5, "", "0.00", "0.00", row[7], row[8], "0.00", ""]
        lines.append(",".join([*row[:6], "", "", "", "", "", *money]))
    lines += ["#-----业务明细列表结束-----", f"#交易合计：{len(trades)}笔，退款合计：{len(refunds)}笔"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{seller_id}_业务明细(汇总).csv", "#汇总\r\n".encode("gb18030"))
        archive.writestr(f"{seller_id}_业务明细.csv", "\r\n".join(lines).encode("gb18030"))
    return out.getvalue()


def _fee(minor: int) -> str:
    fee = (minor * 6 + 500) // 1000
    return f"-{fee // 100}.{fee % 100:02d}"
