// What the record says of why: a person's own words stand as they were written, what the server wrote is said in the page's language.
import { type Pair, worded } from "../shared/i18n";
import { tables } from "../shared/i18n/codes";
import { phrases } from "../shared/i18n/phrases";

const sentences: readonly Pair[] = [
  ["来自 {address}", "from {address}"],
  ["来自 {address}，使用{way}", "from {address} by {way}"],
  ["通行密钥", "passkey"],
  ["没有这个用户", "unknown user"],
  ["密码错误", "wrong password"],
  ["账号已停用", "disabled"],
  ["密码刚刚改过", "changed"],
  ["尝试次数过多", "too many attempts"],
  ["当前密码错误", "wrong current password"],
  ["添加通行密钥时密码错误", "wrong password for a new passkey"],
  ["其他 {count} 处登录已结束", "other log-ins ended: {count}"],
  ["{device}，来自 {address}", "{device}, from {address}"],
  ["未知设备", "unknown device"],
  ["格式不正确", "malformed"],
  ["在其他页面中发起", "asked for inside of another page"],
  ["与所称的凭证不符", "another credential than it claims"],
  ["与所称的所有者不符", "another owner than it claims"],
  ["没有这个通行密钥", "unknown passkey"],
  ["没有等待应答的验证", "no challenge of ours that is still out"],
  ["计数没有增加，或通行密钥已被移除", "the counter did not rise, or the passkey was removed"],
  ["{count} 行", "{count} rows"],
  ["打印车主停车码", "printed the driver's code"],
  ["由车主办理", "by the driver"],
  ["由会员办理", "by the member"],
  ["车辆已归另一会员", "the vehicle became another member's"],
  ["没有说明", "no words given"],
  ["等级 {tier}，授信 {credit}", "tier {tier}, credit {credit}"],
  ["{count} 张券", "{count} coupons"],
  ["{count} 次停车", "{count} stays"],
  ["巡查车位 {count} 个", "{count} bays read"],
  ["清点 {sum}，与账目一致", "counted {sum}, as the ledger says"],
  ["清点 {sum}", "counted {sum}"],
  ["应有 {sum}", "wanted {sum}"],
  ["{where}，{cause}", "{cause} at {where}"],
  ["一张不知由谁付款的纸币", "a note that nobody was known to pay with"],
  ["出币多于要求", "more coins fell than were asked for"],
  ["车位显示 {bays}，通行记录为 {passages}", "bays say {bays}, passages said {passages}"],
  ["其后才驶离（{visit}）", "it left later: {visit}"],
  ["该车从另一出口驶离", "its car left by another exit"],
  ["原处理已撤销", "its decision was undone"],
  ["岗亭设备", "edge"],
  ["自助缴费机", "kiosk"],
  ["商户终端", "till"],
  ["应用", "app"],
  ["白名单", "allow"],
  ["黑名单", "block"],
  ["员工", "staff"],
  ["贵宾", "vip"],
  ["发布", "publish"],
  ["停用", "end"],
];

const say = phrases(sentences);
const CODES = [tables.deskReasons, tables.choices, tables.roles, tables.callCauses, tables.callSources, tables.cases];

function code(text: string): string {
  const pair = CODES.map((table) => table[text]).find(Boolean);
  return pair ? worded(pair) : text;
}

/** A code and a person's note behind it: the note keeps its own signs. */
export function reasonWords(text: string): string {
  const [, first = "", note = ""] = /^([a-z_]+): (.*)$/.exec(text) ?? [];
  const known = first && say(first, worded, code);
  return known && known !== first ? worded(["{code}：{note}", "{code}: {note}"]).replace("{code}", known).replace("{note}", () => note) : say(text, worded, code);
}
