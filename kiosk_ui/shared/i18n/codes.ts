// Every stable code that the server shows, in words. A code that is not here yet degrades to its own readable text.
import { choices, deskReasons, stayStates, storyCodes, storyKinds, whys } from "./desk_codes";
import { type Pair, worded } from "./index";
import { readable } from "./readable";

type Table = Readonly<Record<string, Pair>>;

const rules: Table = {
  plate_is_read: ["车牌识别", "plate was read"],
  no_plate: ["无牌车可入场", "entry without a plate"],
  plate_is_not_blocked: ["黑名单检查", "block list"],
  plate_is_not_inside: ["在场检查", "not inside already"],
  site_has_room: ["有空位", "room in the garage"],
  allow_list: ["白名单", "allow list"],
  stay_is_known: ["在场记录", "stay on record"],
  nothing_is_due: ["缴费检查", "nothing is due"],
  paid: ["已缴费", "paid"],
  free_minutes: ["免费时段", "free minutes"],
  none_of_them_owes: ["相似车牌均无欠费", "none of the lookalikes owes anything"],
  emergency: ["紧急放行", "emergency"],
  operator: ["人工开闸", "opened by hand"],
  no_rule: ["没有规则", "no rule"],
  evidence_agrees: ["凭证与车牌一致", "credential and plate agree"],
  code_is_unused: ["二维码未使用", "code not used before"],
  is_not_passed_back: ["防重复入场检查", "anti-passback"],
  pass_has_a_bay: ["月卡车位", "bay of the pass"],
  hours_are_kept: ["有效时段", "within its hours"],
  group_has_room: ["单位车位", "room of the tenant"],
  invitation_is_open: ["邀请有效", "invitation is open"],
  lot_is_open_to_it: ["区域权限", "lot is open to it"],
  pass: ["月卡", "pass"],
  invitation: ["访客邀请", "invitation"],
  staff_list: ["员工名单", "staff list"],
  vip_list: ["贵宾名单", "VIP list"],
  site_is_calm: ["无紧急情况", "no emergency"],
  policy: ["按车道预案放行", "opened by the lane's policy"],
  help_policy: ["无人应答，按车道预案放行", "nobody came: opened by the lane's policy"],
  moves_within: ["场内换区", "moves within the site"],
};

const reasons: Table = {
  no_plate: ["未识别到车牌", "no plate was read"],
  doubtful_read: ["车牌识别不确定", "the plate is in doubt"],
  blocked: ["在黑名单中", "on the block list"],
  second_entry: ["该车牌已在场内", "this plate is inside already"],
  site_full: ["车位已满", "the garage is full"],
  stay_not_found: ["没有入场记录", "no entry on record"],
  stay_in_doubt: ["入场记录需人工确认", "which entry is this vehicle's needs a person"],
  price_unknown: ["费用无法确定", "the fee is not known"],
  payment_due: ["尚未缴费", "payment is due"],
  no_rule: ["没有规则放行", "no rule allows it"],
  credential_mismatch: ["凭证与车牌不符", "credential and plate do not agree"],
  code_used: ["二维码已使用", "the code was used before"],
  anti_passback: ["重复入场", "it is inside already (anti-passback)"],
  ended: ["权限已到期", "the right has ended"],
  other_lot: ["不适用于本区域", "the right is for another lot"],
  outside_hours: ["不在有效时段", "outside its hours"],
  pass_in_use: ["月卡车位已被占用", "the bays of the pass are taken"],
  group_full: ["单位车位已满", "the tenant's bays are taken"],
  invitation_used_up: ["邀请次数已用完", "the invitation is used up"],
  invitation_unknown: ["邀请无效", "the invitation is not known"],
  rights_only: ["仅限有权限车辆", "only for holders of a right"],
  emergency: ["紧急情况，禁止入场", "emergency: nobody comes in"],
  "code.not_valid": ["二维码无效", "the code is not valid"],
  "code.expired": ["二维码已过期", "the code has expired"],
  "code.not_yet": ["二维码尚未生效", "the code does not hold yet"],
  "code.other_lot": ["二维码不适用于本停车场", "the code is for another lot"],
  "code.other_lane": ["二维码不适用于本车道", "the code is for another lane"],
  "tag.replayed": ["蓝牙标签信号为重放", "an old signal of a Bluetooth tag"],
  "obu.taken_off": ["电子标签被拆卸", "the on-board unit was taken off"],
  "obu.locked": ["电子标签已锁定", "the on-board unit is locked"],
  "obu.expired": ["电子标签已过期", "the on-board unit has expired"],
  "reader.late": ["请重新出示凭证", "hold it up again"],
};

const faults: Table = {
  fire: ["消防联动，常开", "fire alarm, held open"],
  fire_ended: ["消防联动解除", "fire alarm ended"],
  tailgate: ["跟车闯闸", "tailgating"],
  tailgate_suspected: ["疑似跟车", "tailgating suspected"],
  wrong_way: ["逆行", "wrong way"],
  passage_unproven: ["通行未得到证实", "passage not proven"],
  inputs_lost: ["地感信号中断", "loop inputs lost"],
  presence_loop_stuck: ["到位地感持续触发", "presence loop stuck"],
  safety_loop_stuck: ["防砸地感持续触发", "safety loop stuck"],
  loop_stuck: ["地感持续触发", "loop stuck"],
  relay_gone: ["道闸继电器无应答", "relay board does not answer"],
  relay_refused: ["道闸继电器拒绝执行", "relay board refused"],
  relay_no_read_back: ["开闸未得到确认", "opening was not confirmed"],
  relay_welded: ["继电器触点粘连", "relay contact welded"],
  journal_full: ["本地存储已满", "lane's journal is full"],
  impossible_inputs: ["地感信号矛盾", "impossible loop inputs"],
  camera_silent: ["摄像机无画面", "camera is silent"],
  camera_faulty: ["摄像机画面异常", "camera picture is wrong"],
  close_no_read_back: ["关闸未得到确认", "closing was not confirmed"],
  boom_does_not_open: ["道闸未抬起", "boom does not open"],
  boom_stays_open: ["道闸未落下", "boom stays open"],
  two_masters: ["另有设备在控制道闸", "something else drives the boom"],
  loitering: ["车辆长时间停留", "loitering"],
  standing_open: ["放行后未驶离", "stands in the open lane"],
  long_passage: ["通行时间过长", "passage takes too long"],
  turning_back: ["多次掉头", "turns back again and again"],
};

const laneStates: Table = {
  unknown: ["状态未知", "Unknown"],
  idle: ["空闲", "Idle"],
  vehicle: ["有车等候", "Vehicle waiting"],
  reading: ["正在识别", "Reading plate"],
  allowed: ["放行", "Allowed"],
  passing: ["通行中", "Passing"],
  refused: ["未放行", "Held"],
  no_relay: ["道闸未响应", "Barrier silent"],
  fire: ["消防常开", "Held open"],
  fault: ["故障", "Fault"],
};

const health: Table = {
  ok: ["正常", "OK"],
  faulty: ["故障", "Faulty"],
  silent: ["无应答", "Silent"],
  unknown: ["未知", "Unknown"],
  removed: ["已从设置中移除", "no longer in the settings"],
};

const cases: Table = {
  second_entry: ["同一车牌再次入场", "Second entry of an open plate"],
  entry_without_plate: ["入场未识别车牌", "Entry without a plate"],
  entry_contradicted: ["人工放行：卡片或标签与所读车牌不符", "Let in by hand: its tag or card goes with another plate"],
  unauthorised_entry: ["未经放行驶入", "Drove in unauthorised"],
  unauthorised_exit: ["未经放行驶出", "Drove out unauthorised"],
  exit_without_stay: ["出场无入场记录", "Exit without an entry on record"],
  exit_unproven: ["人工开闸后未感应到车辆驶出", "Opened by hand, and no loop felt it leave"],
  asked_by_person: ["人工提出核查", "A person doubts this stay"],
  exit_in_doubt: ["出场车辆身份存疑", "Whose exit this was is in doubt"],
  cloned_plate: ["疑似套牌", "The same plate in two places"],
  left_without_paying: ["未缴费离场", "Left without paying"],
  review_stay_left: ["待核对车辆已离场", "Stay under review has left"],
  paid_but_not_inside: ["已付款但不在场内", "Paid but not inside"],
  payment_unknown: ["付款结果未知", "Outcome of a payment unknown"],
  call_unanswered: ["求助无人应答", "Call for help not answered"],
  lane_still_held_open: ["解除后车道仍常开", "Lane still stands open after the emergency"],
  paid_while_stopped: ["停止计费期间已收费", "Paid for time without a fee"],
  entry_time_implausible: ["入场时间异常", "Entry time cannot be true"],
  charge_over_bound: ["金额异常偏高", "Charge unusually high"],
  payment_late: ["关单后到账", "Payment came late"],
  payment_mismatch: ["付款与订单不符", "Payment does not match"],
  payment_overpaid: ["多付款", "Overpaid"],
  payment_unknown_number: ["未知订单的付款", "Payment of an unknown order"],
  edge_events_gone: ["岗亭记录有缺失", "Records of a gate box are missing"],
  anti_passback: ["疑似重复入场", "Passed back"],
  left_without_entering: ["无入场记录离场", "Left without entering"],
  debt_disputed: ["车主对欠费提出异议", "A driver disputes a debt"],
  debt_uncollected: ["欠费多次未收到", "A debt could not be collected"],
  promise_over_credit: ["离场承诺超过授信", "Left owing more than was set aside"],
  cash_note_unknown: ["收款机有一张纸币去向不明", "Nobody knows where a note in a cash machine is"],
  cash_change_unknown: ["收款机出币结果不明", "Nobody knows what a cash machine gave back"],
  coupon_gone: ["优惠券已不可用", "A coupon was gone when it was paid"],
  invoice_mismatch: ["发票与付款不符", "An invoice does not match its payments"],
  invoice_quota: ["开票额度不足", "The quota of invoices is used up"],
  invoice_red_failed: ["红字发票未开成", "A red letter could not be issued"],
  refund_failed: ["退款失败", "A refund failed"],
  refund_late: ["退款迟迟未完成", "A refund takes too long"],
  refund_mismatch: ["退款金额不符", "A refund differs"],
  refund_unknown_number: ["未知的退款", "A refund that we do not know"],
  statement_missing_here: ["对方文件有、我方未入账", "In the provider's file, not in our books"],
  statement_missing_there: ["我方已入账、对方文件没有", "In our books, not in the provider's file"],
  statement_amount: ["与对方文件金额不同", "Another amount in the provider's file"],
  statement_no_file: ["支付机构的日账单一直未到", "A provider's file of a day never came"],
  statement_twice: ["对方文件中重复", "Twice in the provider's file"],
};

const laneKinds: Table = {
  entry: ["入口", "Entry"],
  exit: ["出口", "Exit"],
  ramp: ["坡道", "Ramp"],
};

const roles: Table = {
  cashier: ["收费员", "Cashier"],
  attendant: ["值班员", "Attendant"],
  technician: ["技术员", "Technician"],
  manager: ["管理员", "Manager"],
  auditor: ["审计员", "Auditor"],
};

const modes: Table = {
  normal: ["正常", "Normal"],
  degraded: ["降级运行", "Degraded"],
  emergency: ["紧急常开", "Emergency"],
  manual: ["人工接管", "By hand"],
};

/** Why a lane works by itself only in part, and why a clock stands still. */
const modeCauses: Table = {
  camera: ["摄像机", "camera"],
  network: ["网络", "network"],
  payment: ["支付", "payment"],
  relay: ["道闸继电器", "barrier relay"],
  power: ["供电", "power"],
  sensor: ["地感", "loops"],
  journal: ["本地存储", "lane's journal"],
  unknown_plate: ["车牌或进场记录不明", "plate or entry not known"],
  person_away: ["无人值守", "nobody on duty"],
  fire: ["消防信号", "fire alarm"],
  held_open: ["人工常开", "held open by hand"],
  key: ["现场钥匙开关", "key switch at the lane"],
};

const callCauses: Table = {
  camera: ["摄像机故障，无法识别", "the camera fails, nobody reads the plate"],
  network: ["网络中断", "the network is down"],
  payment: ["无法支付", "paying does not work"],
  relay: ["道闸未抬起", "the barrier does not open"],
  power: ["停电", "no mains power"],
  unknown_plate: ["车牌未识别，或没有进场记录", "the plate was not read, or no entry is on record"],
  person_away: ["无人应答", "nobody answered"],
  unpaid: ["尚未缴费", "the fee is not paid"],
  refused: ["未获放行", "it was not let through"],
  button: ["驾驶人按了求助按钮", "the driver pressed the button"],
  help_wanted: ["请求帮助", "somebody asks for help"],
};

const callSources: Table = {
  lane: ["车道", "Lane"],
  driver: ["车主手机", "A driver's phone"],
  kiosk: ["自助缴费机", "A kiosk"],
};

const callSteps: Table = {
  called: ["等待接听", "waits for an answer"],
  escalated: ["已呼叫更多人员", "more people are called"],
  taken: ["已有人接听", "taken"],
  handed_back: ["已交还", "handed back"],
  said: ["已告知呼叫人", "words for the caller"],
  wrote: ["已告知呼叫人", "words for the caller"],
  forgotten: ["无人跟进，重新排队", "forgotten, waits again"],
  opened: ["已开闸", "opened"],
  helped: ["已协助", "helped"],
  opened_by_policy: ["无人应答，按预案放行", "nobody came, opened by policy"],
  answered: ["已应答", "answered"],
  passed: ["车辆已驶离", "the vehicle drove through"],
  gone: ["已离开", "gone"],
};

const emergencies: Table = {
  fire: ["消防信号", "fire alarm"],
  ordered: ["人工启动", "begun by hand"],
};

export const tables = {
  rules, reasons, faults, laneStates, health, cases, laneKinds, roles, modes, modeCauses, callCauses, callSources, callSteps, emergencies,
  choices, deskReasons, whys, stayStates, storyCodes, storyKinds,
};

/** The words for a code of one kind; an unknown code in readable form, never blank and never an error. */
export function inWords(kind: keyof typeof tables, code: string | null | undefined): string {
  if (!code) return "";
  const pair = (tables[kind] as Table)[code];
  if (pair) return worded(pair);
  if (kind === "cases" && code.startsWith("lane_")) return inWords("faults", code.slice("lane_".length));
  if (kind === "reasons" && code in faults) return inWords("faults", code);
  if (kind === "modeCauses" && code.startsWith("operator:")) return worded(["值班员", "an operator"]);
  return readable(code);
}
