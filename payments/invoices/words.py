"""What a driver reads about an invoice, in both languages: how it stands, why a bill has none, which rules hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from payments.invoices.model import Invoice, InvoiceState, Policy, Trouble

Words = Mapping[str, str]


def _of(**both: tuple[str, str]) -> Mapping[str, Words]:
    return MappingProxyType({code: MappingProxyType({"zh": zh, "en": en}) for code, (zh, en) in both.items()})


TROUBLES = _of(
    wrong_tax_number=(
        "税务系统不认可这个税号，请核对后重新申请。",
        "The tax bureau does not know this tax number. Check it and ask again.",
    ),
    wrong_title=(
        "税务系统不认可这个抬头，请核对后重新申请。",
        "The tax bureau does not accept this title. Check it and ask again.",
    ),
    quota=(
        "商场的开票额度暂时用完，恢复后会自动开具，无需再次申请。",
        "The mall may issue no more invoices for now. Yours follows by itself; do not ask again.",
    ),
    waits_for_buyer=(
        "红字发票等待购买方在税务系统确认。",
        "The red-letter invoice waits for the buyer's confirmation at the tax bureau.",
    ),
    other=(
        "没有开成，请重新申请，或到收费处办理。",
        "It could not be issued. Ask again, or see the cash desk.",
    ),
)
STATES = _of(
    NEW=("正在开具，通常一分钟内完成。", "Being issued; it usually takes less than a minute."),
    SENT=("正在开具，通常一分钟内完成。", "Being issued; it usually takes less than a minute."),
    ISSUED=("发票已开具。", "The invoice is issued."),
    FAILED=("没有开成。", "It was not issued."),
    DROPPED=("无需冲红。", "There was nothing to take back."),
)
REFUSALS = _of(
    not_paid=("尚未付款。", "It is not paid yet."),
    nothing_paid=("没有实际付款的金额，不能开票。", "No money was paid, so there is nothing to invoice."),
    refunded=("款项已全部退回。", "All of it has been refunded."),
    refund_under_way=("退款正在处理，完成后即可开票。", "A refund is under way; ask again when it is done."),
    already_invoiced=("这笔付款已经开过发票。", "This payment has an invoice already."),
    too_old=("已超过可开票的期限，请到收费处办理。", "The time for invoices is over; please see the cash desk."),
)


def of_invoice(invoice: Invoice) -> Words:
    """How an invoice stands, or why it does not go on."""
    if invoice.trouble is not None and invoice.state is not InvoiceState.ISSUED:
        return TROUBLES[invoice.trouble.value]
    return STATES[invoice.state.value]


def rules(policy: Policy) -> tuple[Words, ...]:
    """The limits, one sentence each."""
    days, bills, most = policy.within.days, policy.most_bills, policy.most_minor / 100
    return (
        {
            "zh": f"付款后 {days} 天内可以申请，发票金额为实际付款金额。",
            "en": f"Ask within {days} days of paying; the invoice is for what was really paid.",
        },
        {
            "zh": f"一张发票最多合并 {bills} 笔付款，最高 {most:,.2f} 元。",
            "en": f"One invoice holds up to {bills} payments and at most ¥{most:,.2f}.",
        },
        {
            "zh": "企业抬头需要税号，个人抬头不需要；不需要手机号和邮箱。",
            "en": "A company needs its tax number, a person does not; no phone number or e-mail is asked for.",
        },
    )


def trouble_of(text: str) -> Trouble:
    """Which trouble a provider's own sentence tells of; only words that are sure count."""
    if "额度" in text or "限额" in text:
        return Trouble.QUOTA
    if "税号" in text or "纳税人识别号" in text or "社会信用代码" in text:
        return Trouble.WRONG_TAX_NUMBER
    if "抬头" in text or "购方名称" in text or "购买方名称" in text:
        return Trouble.WRONG_TITLE
    return Trouble.OTHER
