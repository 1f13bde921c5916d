// Every stable code that the server shows, in words. A code that is not here yet degrades to its own readable text.
import { lang, type Pair } from "./index";

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
  emergency: ["紧急放行", "emergency"],
  operator: ["人工开闸", "opened by hand"],
  no_rule: ["没有规则", "no rule"],
};

const reasons: Table = {
  no_plate: ["未识别到车牌", "no plate was read"],
  doubtful_read: ["车牌识别不确定", "the plate is in doubt"],
  blocked: ["在黑名单中", "on the block list"],
  second_entry: ["该车牌已在场内", "this plate is inside already"],
  site_full: ["车位已满", "the garage is full"],
  stay_not_found: ["没有入场记录", "no entry on record"],
  price_unknown: ["费用无法确定", "the fee is not known"],
  payment_due: ["尚未缴费", "payment is due"],
  no_rule: ["没有规则放行", "no rule allows it"],
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
};

const cases: Table = {
  second_entry: ["同一车牌再次入场", "Second entry of an open plate"],
  entry_without_plate: ["入场未识别车牌", "Entry without a plate"],
  unauthorised_entry: ["未经放行驶入", "Drove in unauthorised"],
  unauthorised_exit: ["未经放行驶出", "Drove out unauthorised"],
  exit_without_stay: ["出场无入场记录", "Exit without an entry on record"],
  left_without_paying: ["未缴费离场", "Left without paying"],
  review_stay_left: ["待核对车辆已离场", "Stay under review has left"],
  paid_but_not_inside: ["已付款但不在场内", "Paid but not inside"],
  payment_unknown: ["付款结果未知", "Outcome of a payment unknown"],
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

export const tables = { rules, reasons, faults, laneStates, health, cases, laneKinds, roles };

/** The words for a code of one kind; an unknown code in readable form, never blank and never an error. */
export function inWords(kind: keyof typeof tables, code: string | null | undefined): string {
  if (!code) return "";
  const pair = (tables[kind] as Table)[code];
  if (pair) return pair[lang.value === "zh" ? 0 : 1];
  if (kind === "cases" && code.startsWith("lane_")) return inWords("faults", code.slice("lane_".length));
  if (kind === "reasons" && code in faults) return inWords("faults", code);
  return readable(code);
}

/** `loop_stuck.left` as "loop stuck left"; words that a person wrote stay as they are. */
export function readable(code: string): string {
  return /^[A-Za-z0-9_.-]+$/.test(code)
    ? code
        .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
        .replace(/[._-]+/g, " ")
        .trim()
        .toLowerCase()
    : code;
}
