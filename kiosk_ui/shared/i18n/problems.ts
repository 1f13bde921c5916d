// Why the server said no, in words: what drivers may hear, and whatever else a page adds. An unknown code falls back to the sentence that
// the server sent along.
import { Problem } from "../api";
import { type Pair, worded } from "./index";

type Table = Readonly<Record<string, Pair>>;

const problems: Table = {
  "call.unknown": ["没有这个求助", "there is no such call"],
  "call.ended": ["这个求助已结束", "this call has ended"],
  "stay.closed": ["这次停车已结束", "this stay has ended already"],
  "stay.unknown": ["没有这次停车记录", "this stay is not known"],
  "stay.not_open": ["这次停车已结束，或正由工作人员处理", "this stay has ended or is with our staff"],
  "stay.nothing_due": ["现在无需付款", "nothing is due now"],
  "payment.nothing_due": ["现在无需付款", "nothing is due now"],
  "payment.held": ["金额异常偏高，请先由工作人员核对", "this amount is unusually high; our staff will look at it first"],
  "storage.busy": ["系统繁忙，请再试一次", "the system is busy, please try again"],
  "plate.malformed": ["车牌格式不正确", "this is not a plate number"],
  "invoice.not_offered": ["本场不提供电子发票，请咨询工作人员", "no invoices are issued here; please ask our staff"],
  "invoice.nothing_paid": ["没有实际付款的金额，不能开票", "no money was paid, so there is nothing to invoice"],
  "invoice.refunded": ["款项已全部退回", "all of it has been refunded"],
  "invoice.refund_under_way": ["退款正在处理，完成后即可开票", "a refund is under way; ask again when it is done"],
  "invoice.already_invoiced": ["这笔付款已经开过发票", "this payment has an invoice already"],
  "invoice.too_old": ["已超过可开票的期限，请到收费处办理", "the time for invoices is over; please see the cash desk"],
  "invoice.too_many": ["合并的付款太多，请分几张开", "too many payments for one invoice; ask for several"],
  "invoice.too_much": ["超过单张发票限额，请分几张开", "more than one invoice may hold; ask for several"],
  "invoice.too_little": ["金额太小，不能开票", "too little for an invoice"],
  "invoice.name": ["请填写完整的名称", "give the whole name"],
  "invoice.tax_number_length": ["税号应为 18 位（旧税号 15 或 20 位）", "a tax number has 18 signs (older ones 15 or 20)"],
  "invoice.tax_number_signs": ["税号只含数字和大写字母（不含 I、O、S、V、Z）", "a tax number has digits and capitals, without I, O, S, V and Z"],
  "invoice.tax_number_check": ["税号有误，请逐位核对", "this tax number has a mistake: compare it sign by sign"],
  "invoice.person_with_number": ["个人抬头不需要税号", "a person needs no tax number"],
  "invoice.no_pdf": ["PDF 还没有生成，请稍候再试", "the document is not here yet; try again in a minute"],
  "payment.channel": ["没有这种付款方式", "there is no such way to pay"],
  "card.refused": ["支付机构未接受绑定", "the payment company refused it"],
  "agreement.stands": ["这个车牌已有生效的签约", "something stands for this car already"],
  "debt.unknown": ["没有这笔欠费", "there is no such debt"],
  "debt.over": ["这笔欠费已结清", "nothing is owed any more"],
  "invoice.unknown": ["没有这张发票", "there is no such invoice"],
  "card.no_plate": ["这次停车没有车牌，不能绑定", "this stay has no plate to keep a card for"],
  "card.unknown": ["支付机构没有应答，请再试一次", "the payment company did not answer; please try again"],
  "agreement.unknown": ["这个车牌没有生效的签约", "nothing stands for this car"],
  "payment.unknown": ["没有这笔付款", "there is no such payment"],
};

const tables: Table[] = [problems];

const byStatus: Readonly<Record<number, Pair>> = {
  401: ["登录已失效", "you are no longer logged in"],
  403: ["没有权限", "you may not do this"],
  409: ["与刚才的操作冲突", "this conflicts with what was just done"],
  429: ["操作太频繁，请稍候", "too many tries, please wait a little"],
};

const away: Pair = ["连接不到服务器", "the server cannot be reached"];
const inside: Pair = ["服务器出错", "the server failed"];

/** A page has words of its own for what only it may hear; they come before these. */
export function also(words: Table): void {
  tables.unshift(words);
}

export function why(failure: unknown): string {
  if (!(failure instanceof Problem)) return worded(away);
  const pair = tables.find((one) => failure.code in one)?.[failure.code] ?? byStatus[failure.status];
  if (pair) return worded(pair);
  return failure.status >= 500 ? worded(inside) : failure.message;
}
