// Every stable code that the server shows, in words. A code that is not here yet degrades to its own readable text.
import { lang, type Pair } from "./index";

type Table = Readonly<Record<string, Pair>>;

const rules: Table = {
  block_list: ["黑名单", "block list"],
  allow_list: ["白名单", "allow list"],
  capacity: ["车位余量", "room in the garage"],
  has_room: ["有空位", "room in the garage"],
  site_has_room: ["有空位", "room in the garage"],
  site_full: ["车位余量", "room in the garage"],
  plate_needed: ["需要车牌", "plate needed"],
  plate_is_read: ["车牌识别", "plate was read"],
  plate_read: ["车牌识别", "plate was read"],
  no_plate: ["无牌车规则", "rule for unread plates"],
  no_plate_policy: ["无牌车规则", "rule for unread plates"],
  stay_known: ["在场记录", "stay on record"],
  stay_found: ["在场记录", "stay on record"],
  paid: ["已缴费", "paid"],
  paid_until: ["已缴费", "paid"],
  nothing_due: ["无需缴费", "nothing due"],
  free_minutes: ["免费时段", "free minutes"],
  free_time: ["免费时段", "free minutes"],
  payment_due: ["待缴费", "payment due"],
  payment: ["缴费", "payment"],
  credit: ["先离场后付费", "leave first, pay later"],
  pay_later: ["先离场后付费", "leave first, pay later"],
  operator: ["人工开闸", "opened by hand"],
  command: ["人工开闸", "opened by hand"],
  open_to_all: ["无条件放行", "open to all"],
  default: ["默认规则", "standing rule"],
};

const reasons: Table = {
  blocked: ["在黑名单中", "on the block list"],
  listed_block: ["在黑名单中", "on the block list"],
  on_block_list: ["在黑名单中", "on the block list"],
  plate_banned: ["在黑名单中", "on the block list"],
  site_full: ["车位已满", "garage is full"],
  payment_due: ["尚未缴费", "payment is due"],
  stay_not_found: ["没有入场记录", "no entry on record"],
  plate_unreadable: ["车牌无法识别", "plate could not be read"],
  plate_unread: ["车牌无法识别", "plate could not be read"],
  plate_doubtful: ["车牌识别不确定", "plate read in doubt"],
  no_plate: ["车牌无法识别", "plate could not be read"],
  needs_person: ["需要人工处理", "needs a person"],
  needs_help: ["需要人工处理", "needs a person"],
  call_staff: ["需要人工处理", "needs a person"],
  already_inside: ["该车已在场内", "already inside"],
  in_review: ["记录待人工核对", "record under review"],
  copy_stale: ["本地数据过旧", "lane's copy is too old"],
};

const faults: Table = {
  tailgate: ["跟车闯闸", "tailgating"],
  loop_stuck: ["地感持续触发", "loop stuck"],
  presence_stuck: ["到位地感持续触发", "presence loop stuck"],
  safety_stuck: ["防砸地感持续触发", "safety loop stuck"],
  relay_gone: ["道闸继电器无应答", "relay board does not answer"],
  relay_fault: ["道闸继电器故障", "relay board fault"],
  relay_silent: ["道闸继电器无应答", "relay board does not answer"],
  relay_unreachable: ["道闸继电器无应答", "relay board does not answer"],
  board_gone: ["道闸继电器无应答", "relay board does not answer"],
  board_silent: ["道闸继电器无应答", "relay board does not answer"],
  pulse_not_read_back: ["开闸未得到确认", "opening was not confirmed"],
  pulse_failed: ["开闸失败", "opening failed"],
  barrier_stuck: ["道闸卡住", "barrier stuck"],
  camera_gone: ["摄像机无画面", "camera is gone"],
  camera_stopped: ["摄像机无画面", "camera has stopped"],
  camera_frozen: ["摄像机画面冻结", "camera picture is frozen"],
  camera_black: ["摄像机黑屏", "camera picture is black"],
  camera_silent: ["摄像机无画面", "camera is silent"],
  journal_full: ["本地存储已满", "lane's journal is full"],
  illegal_event: ["车道状态异常", "lane in an impossible state"],
  unexpected_event: ["车道状态异常", "lane in an unexpected state"],
};

const laneStates: Table = {
  idle: ["空闲", "Idle"],
  vehicle: ["有车等候", "Vehicle waiting"],
  reading: ["正在识别", "Reading plate"],
  deciding: ["正在判断", "Deciding"],
  allowed: ["放行", "Allowed"],
  opening: ["正在开闸", "Opening"],
  passing: ["通行中", "Passing"],
  refused: ["未放行", "Held"],
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
