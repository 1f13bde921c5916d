// Who did something, in words: people by their name, machines by what they are, everybody else by what they were to us.
import { type Pair, worded } from "../shared/i18n";

const words: Readonly<Record<string, Pair>> = {
  edge: ["岗亭设备 {name}", "gate box {name}"],
  kiosk: ["自助缴费机 {name}", "kiosk {name}"],
  till: ["商户终端 {name}", "till {name}"],
  app: ["商场应用 {name}", "the mall's app {name}"],
  device: ["设备 {name}", "device {name}"],
  driver: ["车主", "the driver"],
  member: ["会员", "a member"],
  nobody: ["未登录", "nobody logged in"],
  anonymous: ["未登录（{name}）", "nobody logged in ({name})"],
  lane: ["车道 {name}", "lane {name}"],
  rule: ["系统按规则", "the system, by rule"],
  policy: ["系统按车道预案", "the system, by the lane's policy"],
  key: ["现场钥匙开关", "the key switch at the lane"],
  system: ["系统", "the system"],
  console: ["服务器命令行", "the server's command line"],
  gone: ["已不在名册的人员 {name}", "somebody no longer on the books {name}"],
};
const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

function of(kind: string, name: string): string {
  if (kind === "operator" && ID.test(name)) return "gone";
  if (kind === "system" && name === "console") return "console";
  return kind === "anonymous" && !name ? "nobody" : kind;
}

/** `kind` as the server says it; `name` is what people call them, an id where nobody has a name for it. */
export function whoWords(kind: string, name: string): string {
  const pair = words[of(kind, name)];
  const called = ID.test(name) ? `…${name.slice(-8)}` : name;
  return pair ? worded(pair).replace("{name}", called).trim() : called;
}
