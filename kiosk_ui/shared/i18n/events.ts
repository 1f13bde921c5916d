// The event stream in words: who did what where. An event type of tomorrow still reads as a sentence.
import { money, plate } from "../format";
import type { LiveEvent } from "../wire";
import { inWords, readable } from "./codes";
import { lang } from "./index";

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
  const zh = lang.value === "zh";
  const car = e.plate ? plate(e.plate) : zh ? "无牌车" : "car without plate";
  const because = e.reason ? inWords("reasons", e.reason) : "";
  const aside = because ? (zh ? `（${because}）` : ` (${because})`) : "";
  const spoken = e.reason ? inWords("rules", e.reason) : ""; // a rule's code, or what a person wrote
  const said = spoken ? (zh ? `（${spoken}）` : ` (${spoken})`) : "";
  const at = names.lane(e.lane_id);
  const pre = at ? (zh ? `${at}：` : `${at}: `) : "";
  const sum = e.amount ? money(e.amount) : "";
  switch (e.type) {
    case "LaneDecided":
      if (e.allowed) return { text: pre + (zh ? `${car} 放行` : `${car} allowed`) + aside, tone: "ok" };
      return { text: pre + (zh ? `${car} 未放行${aside}${sum && ` 应付 ${sum}`}` : `${car} held${aside}${sum && `, ${sum} due`}`), tone: "warn" };
    case "BarrierPulsed":
      return { text: pre + (zh ? `道闸已抬起${said}` : `barrier opened${said}`), tone: "plain" };
    case "VehiclePassed":
      if (e.direction === "out") return { text: pre + (zh ? `${car} 已驶出` : `${car} drove out`), tone: "plain" };
      if (e.direction === "in") return { text: pre + (zh ? `${car} 已驶入` : `${car} drove in`), tone: "plain" };
      return { text: pre + (zh ? `${car} 已通过` : `${car} passed`), tone: "plain" };
    case "VehicleBackedAway":
      return { text: pre + (zh ? "车辆退回" : "vehicle backed away"), tone: "plain" };
    case "RampPassed":
      return { text: pre + (zh ? "一辆车换层" : "a car changed level"), tone: "plain" };
    case "LaneFaulted":
      if (e.cleared) return { text: pre + (zh ? `故障解除${aside}` : `fault cleared${aside}`), tone: "ok" };
      return { text: pre + (zh ? `车道故障${aside}` : `lane fault${aside}`), tone: "bad" };
    case "StayOpened":
      return { text: pre + (zh ? `${car} 开始停车` : `${car} started a stay`), tone: "plain" };
    case "StayClosed":
      return { text: pre + (zh ? `${car} 停车结束` : `${car} ended a stay`), tone: "plain" };
    case "StaySettled":
      return { text: zh ? "一笔停车已结清，可以离场" : "a stay is settled and may leave", tone: "ok" };
    case "StayCorrected":
      return { text: pre + (zh ? "一笔停车记录已更正" : "a stay has been put right"), tone: "plain" };
    case "CaseOpened":
      return { text: pre + (zh ? `待处理：${inWords("cases", e.reason)}` : `needs a person: ${inWords("cases", e.reason)}`), tone: "warn" };
    case "CaseChanged": {
      const done = { taken: ["处理中", "taken"], given_back: ["放回队列", "put back"], waiting: ["暂缓", "on hold"], resolved: ["已处理", "settled"], reopened: ["重新打开", "asked again"] }[e.state ?? ""];
      return { text: `${inWords("cases", e.reason)}${zh ? "：" : ": "}${done ? done[zh ? 0 : 1] : readable(e.state ?? "")}`, tone: "plain" };
    }
    case "PaymentCaptured":
      return { text: zh ? `收到付款 ${sum}` : `payment of ${sum} received`, tone: "ok" };
    case "OccupancyChanged": {
      const zone = names.zone(e.zone_id);
      const free = e.free ?? null;
      if (free === null) return { text: zh ? `${zone} 车位变化` : `${zone}: count changed`, tone: "plain" };
      return { text: zh ? `${zone} 空位 ${free}` : `${zone}: ${free} free`, tone: "plain" };
    }
    case "SignShown":
      return { text: zh ? `${names.sign(e.sign_id)} 引导屏显示 ${e.text ?? ""}` : `sign at ${names.sign(e.sign_id)} shows ${e.text ?? ""}`, tone: "plain" };
    case "DeviceHealthChanged":
      return {
        text: (zh ? `设备 ${e.device_id ?? ""}：` : `device ${e.device_id ?? ""}: `) + (e.health ? inWords("health", e.health) : zh ? "状态变化" : "changed") + said,
        tone: !e.health ? "plain" : e.health === "ok" ? "ok" : "bad",
      };
    case "LaneModeChanged": {
      const mode = inWords("modes", e.reason);
      const tone = e.reason === "normal" ? "ok" : e.reason === "emergency" ? "bad" : "warn";
      return { text: pre + (zh ? `车道转为${mode}` : `lane is now: ${mode.toLowerCase()}`), tone };
    }
    case "LaneCalled":
      return { text: pre + (zh ? `求助：${inWords("callCauses", e.reason)}` : `call for help: ${inWords("callCauses", e.reason)}`), tone: "warn" };
    case "LaneCallEnded":
      return { text: pre + (zh ? `求助结束（${inWords("callSteps", e.state)}）` : `call ended (${inWords("callSteps", e.state)})`), tone: "plain" };
    case "CallChanged":
      return { text: pre + (zh ? `求助：${inWords("callSteps", e.reason)}` : `call: ${inWords("callSteps", e.reason)}`), tone: e.state === "waiting" ? "warn" : "plain" };
    case "LaneBlocked":
      if (e.standing === false) return { text: pre + (zh ? "恢复计费" : "the fee clock runs again"), tone: "plain" };
      return { text: pre + (zh ? `车辆受阻，停止计费（${inWords("modeCauses", e.reason)}）` : `a vehicle is held, its fee clock stands still (${inWords("modeCauses", e.reason)})`), tone: "warn" };
    case "EmergencyChanged":
      if (e.standing === false) return { text: zh ? "紧急情况已解除，恢复计费" : "the emergency is over, fee clocks run again", tone: "ok" };
      return { text: zh ? `紧急情况：所有出口常开（${inWords("emergencies", e.reason)}）` : `emergency: every exit stands open (${inWords("emergencies", e.reason)})`, tone: "bad" };
    case "CodeUsed":
      return { text: pre + (zh ? "二维码已使用" : "a code was used"), tone: "plain" };
    case "PlateReported":
      return { text: pre + (zh ? `摄像机上报 ${car}` : `camera reported ${car}`), tone: "plain" };
    case "AccessListChanged":
      return { text: zh ? `名单变更：${car}` : `access list changed: ${car}`, tone: "plain" };
    default:
      return { text: [pre + readable(e.type), e.plate ? car : "", because, sum].filter(Boolean).join(" · "), tone: "plain" };
  }
}
