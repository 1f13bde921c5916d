// What the page of given-up events and jobs says, and who handles an event in plain words.
import { type Pair, translator, worded } from "../shared/i18n";
import { readable } from "../shared/i18n/readable";

export const givenUp = translator({
  title: ["未能处理的事项", "Given up"],
  note: ["多次重试仍失败的事件和任务。排除原因后可再试一次；已另行处理的可以不再重试。每次操作都会留下记录。", "Events and jobs that failed at every try. When the cause is gone, try again; what was seen to otherwise, let be. Each is on record."],
  loading: ["正在读取…", "Reading…"],
  gone: ["没有读到：{why}", "Could not be read: {why}"],
  count: ["共 {count} 项", "{count} in all"],
  none: ["没有未处理的事项", "Nothing was given up"],
  none_note: ["所有事件和任务都已处理。", "Every event and every job was done."],
  by: ["{group} · 试了 {tries} 次 · {time}", "{group} · {tries} tries · {time}"],
  again: ["再试一次", "Try again"],
  let_be: ["不再重试", "Let it be"],
  done: ["已处理", "Done"],
  queued: ["已重新排队", "In the queue again"],
  failed: ["仍然失败：{error}", "Failed again: {error}"],
  let_be_title: ["不再重试这一项？", "Let this one be?"],
  let_be_note: ["它不会再被处理。请写明怎样另行处理。", "Nobody does it any more. Say how it was seen to."],
  let_be_now: ["不再重试", "Let it be"],
  let_be_done: ["已记录", "On record"],
  see: ["查看", "See"],
});

const groups: Readonly<Record<string, Pair>> = {
  "": ["任务", "a job"],
  stays: ["停车与账单", "stays and bills"],
  counts: ["车位计数", "counts of vehicles"],
  figures: ["统计", "figures"],
  live: ["实时画面", "live screens"],
};

const codes: Readonly<Record<string, Pair>> = {
  VehiclePassed: ["车辆通行", "a vehicle passed"],
  VehicleBackedAway: ["车辆退回", "a vehicle backed away"],
  LaneDecided: ["车道识别与判定", "a lane's ruling"],
  BarrierPulsed: ["道闸抬起", "a barrier opened"],
  PaymentCaptured: ["收到付款", "a payment was received"],
  PaymentRefunded: ["退款", "a payment was refunded"],
  StayOpened: ["停车开始", "a stay began"],
  StayClosed: ["停车结束", "a stay ended"],
  StayCorrected: ["停车记录更正", "a stay was put right"],
  StaySettled: ["停车已结清", "a stay was settled"],
  CouponChanged: ["优惠券变更", "a coupon changed"],
  PointsChanged: ["积分变更", "points changed"],
  MemberChanged: ["会员变更", "a member changed"],
  OccupancyChanged: ["车位变化", "a count changed"],
  CaseOpened: ["异常事项", "a case"],
  BaySeen: ["车位状态", "a bay was seen"],
  RampPassed: ["车辆换层", "a car changed level"],
  LaneFaulted: ["车道故障", "a lane's fault"],
  LaneModeChanged: ["车道模式变更", "a lane's mode changed"],
  LaneCalled: ["车道求助", "a lane called for help"],
  LaneCallEnded: ["车道求助结束", "a lane's call ended"],
  LaneBlocked: ["车道受阻", "a lane was blocked"],
  CodeUsed: ["二维码已使用", "a code was used"],
  ExitPromised: ["先离场后缴费的约定", "a promise to pay later"],
  PlateReported: ["摄像机上报车牌", "a camera reported a plate"],
  CallChanged: ["求助变更", "a call changed"],
  EmergencyChanged: ["紧急情况变更", "an emergency began or ended"],
  CaseChanged: ["事项变更", "a case changed"],
  CreditChanged: ["优惠变更", "a credit changed"],
  DebtReminded: ["欠费提醒", "a debt's reminder"],
  PatrolEnded: ["巡场结束", "a patrol ended"],
  SignShown: ["引导屏显示", "a sign's text"],
  DeviceHealthChanged: ["设备状态变更", "a device's health"],
  AccessListChanged: ["名单变更", "the access list changed"],
  // jobs
  "emergency.check": ["核对紧急情况解除", "check that an emergency was released"],
  "emergency.look": ["求助升级", "look after a call"],
  "hooks.send": ["通知会员应用", "tell the members' app"],
  "invoices.issue": ["开具发票", "issue an invoice"],
  "journeys.reprice": ["重新计价", "price stays again"],
  "journeys.waive_stopped": ["免除停止计费时段", "waive what stood still"],
  "members.activate": ["激活会员车辆", "activate a member's vehicle"],
  "payments.ask": ["查询付款结果", "ask how a payment went"],
  "payments.card_saving": ["查询绑卡结果", "ask how saving a card went"],
  "payments.close": ["关闭付款", "close a payment"],
  "payments.collect_debt": ["收取欠费", "collect a debt"],
  "payments.notice": ["通知支付平台", "tell a payment company of a stay"],
  "payments.refund": ["退款", "refund a payment"],
};

const said = (table: Readonly<Record<string, Pair>>, key: string, say: (pair: Pair) => string): string => {
  const pair = table[key];
  return pair ? say(pair) : readable(key);
};

/** Who handles it. */
export const groupWords = (group: string, say: (pair: Pair) => string = worded): string => said(groups, group, say);

/** What it is: an event's type or a job's kind. */
export const codeWords = (code: string, say: (pair: Pair) => string = worded): string => said(codes, code, say);
