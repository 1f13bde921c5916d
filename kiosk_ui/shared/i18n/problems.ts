// Why the server said no, in words. An unknown code falls back to the sentence that the server sent along.
import { Problem } from "../api";
import { lang, type Pair } from "./index";

const problems: Readonly<Record<string, Pair>> = {
  "lane.unknown": ["没有这条车道", "there is no such lane"],
  "call.unknown": ["没有这个求助", "there is no such call"],
  "call.ended": ["这个求助已结束", "this call has ended"],
  "call.taken": ["已由其他人接听", "somebody else has taken this call"],
  "call.not_taken": ["请先接听", "take the call first"],
  "call.no_lane": ["这个求助不在车道上", "this call comes from no lane"],
  "emergency.stands": ["紧急情况已在进行", "an emergency stands already"],
  "emergency.none": ["没有紧急情况", "no emergency stands"],
  "opening.reason": ["请写明原因", "say why"],
  "stay.plate_inside": ["该车牌另有在场记录，请先结束那一条", "this plate is inside by another stay: close that one first"],
  "stay.not_in_review": ["这次停车不在核对中", "this stay is not under review"],
  "stay.closed": ["这次停车已结束", "this stay has ended already"],
  "case.unknown": ["没有这个事项", "there is no such item"],
  "case.taken": ["其他人正在处理这件", "somebody else has this case"],
  "case.not_taken": ["请先领取", "take the case first"],
  "case.changed": ["内容已变化，请再看一次", "it has changed since you saw it: look again"],
  "decision.undone": ["已经撤销过", "it has been taken back already"],
  "decision.not_last": ["之后另有处理，请先撤销那一次", "something was decided after it: undo that first"],
  "decision.malformed": ["填写不完整", "something is missing or does not fit"],
  "lesson.undone": ["相应的处理已被撤销", "the decision that taught it was taken back"],
  "exit.explained": ["这次出场已有归属", "this exit belongs to a stay already"],
  "stay.later": ["这次停车晚于该次出场", "this stay began after that car had left"],
  "case.resolved": ["已有人处理过", "somebody has resolved this already"],
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
  "cash.shift_open": ["这个收银点已有未结班次，请先结班", "this till has an open shift: close it first"],
  "cash.shift_closed": ["班次已结束", "this shift is closed"],
  "cash.reason": ["点数与账面不符：请再点一次，或写明原因", "the count differs from the books: count again, or say why"],
  "cash.count": ["请填写每种面额的张数", "say how many of each there are"],
  "cash.brought": ["备用金不能为负", "what was brought cannot be below zero"],
  "cash.take_out": ["取出金额不能超过清点金额", "no more can go to the safe than was counted"],
  "cash.amount": ["请填写金额", "say how much"],
  "cash.not_there": ["抽屉里没有这么多现金", "there is less in the drawer"],
  "ledger.shift_open": ["您有未结的现金班次：结班清点后才显示账目", "you have an open cash shift: the books are shown after its last count"],
  "cash.tendered": ["收到的现金不足", "that is less than what is due"],
  "cash.amount_changed": ["应付金额已变化，请告知付款人", "another amount is due now: tell the payer first"],
  "cash.not_due": ["这笔款不用再付，请再看账单", "this is not to be paid any more: look at the bill again"],
  "refund.amount": ["请填写退款金额", "say how much goes back"],
  "debt.reason": ["请写明原因", "say why"],
  "card.refused": ["支付机构未接受绑定", "the payment company refused it"],
  "agreement.stands": ["这个车牌已有生效的签约", "something stands for this car already"],
  "invoice.not_issued": ["发票尚未开具，不能红冲", "it is not issued yet, so it cannot be taken back"],
  "invoice.reversed": ["这张发票已红冲", "it has been taken back already"],
  "refund.over": ["这笔退款已结束", "this refund has ended already"],
  "refund.too_much": ["超过可退金额", "that is more than can go back"],
  "refund.unknown": ["没有这笔退款，或还未到收费处", "there is no such refund for the desk yet"],
  "debt.unknown": ["没有这笔欠费", "there is no such debt"],
  "debt.not_disputed": ["没有人对这笔欠费提出异议", "nobody disputes this debt"],
  "debt.over": ["这笔欠费已结清", "nothing is owed any more"],
  "invoice.unknown": ["没有这张发票", "there is no such invoice"],
  "card.no_plate": ["这次停车没有车牌，不能绑定", "this stay has no plate to keep a card for"],
  "card.unknown": ["支付机构没有应答，请再试一次", "the payment company did not answer; please try again"],
  "agreement.unknown": ["这个车牌没有生效的签约", "nothing stands for this car"],
  "cash.no_open_shift": ["收银班次未打开，暂不收现金", "no cash is taken now: no shift is open"],
  "payment.unknown": ["没有这笔付款", "there is no such payment"],
};

const byStatus: Readonly<Record<number, Pair>> = {
  401: ["登录已失效", "you are no longer logged in"],
  403: ["没有权限", "you may not do this"],
  409: ["与刚才的操作冲突", "this conflicts with what was just done"],
  429: ["操作太频繁，请稍候", "too many tries, please wait a little"],
};

const away: Pair = ["连接不到服务器", "the server cannot be reached"];
const inside: Pair = ["服务器出错", "the server failed"];

export function why(failure: unknown): string {
  const side = lang.value === "zh" ? 0 : 1;
  if (!(failure instanceof Problem)) return away[side];
  const pair = problems[failure.code] ?? byStatus[failure.status];
  if (pair) return pair[side];
  return failure.status >= 500 ? inside[side] : failure.message;
}
