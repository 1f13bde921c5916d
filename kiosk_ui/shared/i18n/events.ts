// The event stream in words: who did what where. An event type of tomorrow still reads as a sentence.
import { money, plate } from "../format";
import type { LiveEvent } from "../wire";
import { inWords } from "./codes";
import { deviceWords } from "./device_words";
import { readable } from "./readable";
import { translator } from "./index";

const say = translator({
  nobody: ["无牌车", "car without plate"],
  aside: ["（{what}）", " ({what})"],
  at: ["{lane}：", "{lane}: "],
  allowed: ["{car} 放行{aside}", "{car} allowed{aside}"],
  held: ["{car} 未放行{aside}", "{car} held{aside}"],
  held_due: ["{car} 未放行{aside} 应付 {sum}", "{car} held{aside}, {sum} due"],
  opened: ["道闸已抬起{aside}", "barrier opened{aside}"],
  out: ["{car} 已驶出", "{car} drove out"],
  in: ["{car} 已驶入", "{car} drove in"],
  passed: ["{car} 已通过", "{car} passed"],
  backed: ["车辆退回", "vehicle backed away"],
  ramp: ["一辆车换层", "a car changed level"],
  cleared: ["故障解除{aside}", "fault cleared{aside}"],
  faulted: ["车道故障{aside}", "lane fault{aside}"],
  began: ["{car} 开始停车", "{car} started a stay"],
  ended: ["{car} 停车结束", "{car} ended a stay"],
  settled: ["一笔停车已结清，可以离场", "a stay is settled and may leave"],
  corrected: ["一笔停车记录已更正", "a stay has been put right"],
  asks: ["待处理：{what}", "needs a person: {what}"],
  case_now: ["{what}：{state}", "{what}: {state}"],
  paid: ["收到付款 {sum}", "payment of {sum} received"],
  counted: ["{zone} 车位变化", "{zone}: count changed"],
  free: ["{zone} 空位 {free}", "{zone}: {free} free"],
  sign: ["{sign} 引导屏显示 {text}", "sign at {sign} shows {text}"],
  device: ["设备 {device}：{health}{aside}", "device {device}: {health}{aside}"],
  changed: ["状态变化", "changed"],
  mode: ["车道转为{mode}", "lane is now: {mode}"],
  calls: ["求助：{what}", "call for help: {what}"],
  call_over: ["求助结束（{what}）", "call ended ({what})"],
  call_now: ["求助：{what}", "call: {what}"],
  runs_again: ["恢复计费", "the fee clock runs again"],
  stands_still: ["车辆受阻，停止计费（{what}）", "a vehicle is held, its fee clock stands still ({what})"],
  calm: ["紧急情况已解除，恢复计费", "the emergency is over, fee clocks run again"],
  emergency: ["紧急情况：所有出口常开（{what}）", "emergency: every exit stands open ({what})"],
  code_used: ["二维码已使用", "a code was used"],
  reported: ["摄像机上报 {car}", "camera reported {car}"],
  listed: ["名单变更：{car}", "access list changed: {car}"],
});

const steps = translator({
  taken: ["处理中", "taken"],
  given_back: ["放回队列", "put back"],
  waiting: ["暂缓", "on hold"],
  resolved: ["已处理", "settled"],
  reopened: ["重新打开", "asked again"],
});
const stepNames: readonly string[] = ["taken", "given_back", "waiting", "resolved", "reopened"];

export type Tone = "ok" | "warn" | "bad" | "plain";

export interface Told {
  text: string;
  tone: Tone;
}

/** Fields that the server adds for some types; all may be missing. */
type Extra = LiveEvent & {
  direction?: string | null;
  sign_id?: string | null;
  device_id?: string | null;
  free?: number | null;
  text?: string | null;
  cleared?: boolean | null;
  health?: string | null;
  state?: string | null;
  standing?: boolean | null;
};

export interface NamesOf {
  lane(id: string | null | undefined): string;
  zone(id: string | null | undefined): string;
  sign(id: string | null | undefined): string;
}

/** One line of the stream: a sentence and how it should look. */
export function tell(event: LiveEvent, names: NamesOf): Told {
  const e = event as Extra;
  const car = e.plate ? plate(e.plate) : say("nobody");
  const because = e.reason ? inWords("reasons", e.reason) : "";
  const aside = because ? say("aside", { what: because }) : "";
  const spoken = e.reason ? inWords("rules", e.reason) : ""; // a rule's code, or what a person wrote
  const said = spoken ? say("aside", { what: spoken }) : "";
  const at = names.lane(e.lane_id);
  const pre = at ? say("at", { lane: at }) : "";
  const sum = e.amount ? money(e.amount) : "";
  switch (e.type) {
    case "LaneDecided":
      if (e.allowed) return { text: pre + say("allowed", { car, aside }), tone: "ok" };
      return { text: pre + say(sum ? "held_due" : "held", { car, aside, sum }), tone: "warn" };
    case "BarrierPulsed":
      return { text: pre + say("opened", { aside: said }), tone: "plain" };
    case "VehiclePassed":
      return { text: pre + say(e.direction === "out" || e.direction === "in" ? e.direction : "passed", { car }), tone: "plain" };
    case "VehicleBackedAway":
      return { text: pre + say("backed"), tone: "plain" };
    case "RampPassed":
      return { text: pre + say("ramp"), tone: "plain" };
    case "LaneFaulted":
      return { text: pre + say(e.cleared ? "cleared" : "faulted", { aside }), tone: e.cleared ? "ok" : "bad" };
    case "StayOpened":
      return { text: pre + say("began", { car }), tone: "plain" };
    case "StayClosed":
      return { text: pre + say("ended", { car }), tone: "plain" };
    case "StaySettled":
      return { text: say("settled"), tone: "ok" };
    case "StayCorrected":
      return { text: pre + say("corrected"), tone: "plain" };
    case "CaseOpened":
      return { text: pre + say("asks", { what: inWords("cases", e.reason) }), tone: "warn" };
    case "CaseChanged": {
      const step = e.state ?? "";
      const state = stepNames.includes(step) ? steps(step as "taken") : readable(step);
      return { text: say("case_now", { what: inWords("cases", e.reason), state }), tone: "plain" };
    }
    case "PaymentCaptured":
      return { text: say("paid", { sum }), tone: "ok" };
    case "OccupancyChanged": {
      const zone = names.zone(e.zone_id);
      const free = e.free ?? null;
      return { text: free === null ? say("counted", { zone }) : say("free", { zone, free }), tone: "plain" };
    }
    case "SignShown":
      return { text: say("sign", { sign: names.sign(e.sign_id), text: e.text ?? "" }), tone: "plain" };
    case "DeviceHealthChanged": {
      const detail = e.reason ? say("aside", { what: deviceWords(e.reason) }) : "";
      const health = e.health ? inWords("health", e.health) : say("changed");
      return { text: say("device", { device: e.device_id ?? "", health, aside: detail }), tone: !e.health || e.health === "removed" ? "plain" : e.health === "ok" ? "ok" : "bad" };
    }
    case "LaneModeChanged": {
      const tone = e.reason === "normal" ? "ok" : e.reason === "emergency" ? "bad" : "warn";
      return { text: pre + say("mode", { mode: inWords("modes", e.reason).toLowerCase() }), tone };
    }
    case "LaneCalled":
      return { text: pre + say("calls", { what: inWords("callCauses", e.reason) }), tone: "warn" };
    case "LaneCallEnded":
      return { text: pre + say("call_over", { what: inWords("callSteps", e.state) }), tone: "plain" };
    case "CallChanged":
      return { text: pre + say("call_now", { what: inWords("callSteps", e.reason) }), tone: e.state === "waiting" ? "warn" : "plain" };
    case "LaneBlocked":
      if (e.standing === false) return { text: pre + say("runs_again"), tone: "plain" };
      return { text: pre + say("stands_still", { what: inWords("modeCauses", e.reason) }), tone: "warn" };
    case "EmergencyChanged":
      if (e.standing === false) return { text: say("calm"), tone: "ok" };
      return { text: say("emergency", { what: inWords("emergencies", e.reason) }), tone: "bad" };
    case "CodeUsed":
      return { text: pre + say("code_used"), tone: "plain" };
    case "PlateReported":
      return { text: pre + say("reported", { car }), tone: "plain" };
    case "AccessListChanged":
      return { text: say("listed", { car }), tone: "plain" };
    default:
      return { text: [pre + readable(e.type), e.plate ? car : "", because, sum].filter(Boolean).join(" · "), tone: "plain" };
  }
}
