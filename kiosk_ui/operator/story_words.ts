// What was put right about a stay, in words: the rule that did it, and the facts that it rests on or changed.
import { type Pair, worded } from "../shared/i18n";
import { readable } from "../shared/i18n/readable";

const rules: Readonly<Record<string, Pair>> = {
  missed_exit_let_through: ["曾放行离场，未测到驶出：按放行时间结束", "An exit let it out and felt no passage: it ended then"],
  missed_exit_queue_behind: ["放行后下一辆车随即到达：按放行时间结束", "The next car stood there at once: it ended when it was let out"],
  missed_exit_paid: ["已缴费，未测到驶出：按缴费时间结束", "It had paid and was not seen leaving: it ended at what it paid"],
  missed_exit_not_seen_since: ["曾放行离场，一天内再未出现：按放行时间结束", "An exit let it out and it was not seen for a day: it ended then"],
  missed_exit_later_entry: ["同一车牌再次入场：前次已离场，时间不明", "Its plate came in again: it had left unseen"],
  read_as_next_spelling: ["两车误读为同一车牌：已按另一读法更正", "Two cars read as one plate: this one is its next reading"],
  exit_found_late: ["离场记录补到", "Its exit was found later"],
  exit_arrived_late: ["离场记录迟到，时间已更正", "Its exit was told late: the time is right now"],
  not_found_by_patrol: ["巡场未找到此车", "A patrol did not find it"],
  missed_entry: ["出现在出口，证实已入场", "It stood at an exit: so it had come in"],
  passage_proved: ["入场通行得到证实", "Its passage in was proved"],
  entry_in_doubt: ["已放行入场，未测到驶入", "Let in, and no passage felt"],
  entry_never_proved: ["一周内无入场证据，不再计为在场", "Nothing proved for a week that it came in"],
  backed_out_and_came_again: ["退出后再次到达入口", "It backed out and came again"],
  ghost_seen_leaving: ["测到离场，恢复这次停车", "It was seen leaving: its stay lives again"],
  seen_parked: ["在车位上看到此车", "It was seen in a bay"],
  exit_matched: ["人工对应离场", "Given its exit by hand"],
  plate_reread: ["人工更正车牌", "Its plate was put right"],
  took_in_another: ["并入了另一次停车", "Took another stay in"],
  merged: ["并入另一次停车", "Merged into another stay"],
  gone_unseen: ["人工认定已离场，时间不明", "Gone, nobody knows when"],
  closed_by_hand: ["人工结束停车", "Closed by hand"],
  confirmed: ["人工确认属实", "Confirmed by hand"],
  bill_confirmed: ["人工确认账单属实", "Its bill was confirmed"],
  split: ["拆成两次停车", "Split in two"],
  split_from: ["由另一次停车拆出", "Split off another stay"],
  split_taken_back: ["撤销拆分", "The split was taken back"],
};
const undone: Pair = ["撤销：{rule}", "Taken back: {rule}"];

const facts: Readonly<Record<string, Pair>> = {
  state: ["状态", "state"],
  plate: ["车牌", "plate"],
  due: ["应收", "due"],
  entered_at: ["入场", "came in"],
  exited_at: ["离场", "left"],
  exit_lane_id: ["出口", "exit"],
  at: ["时间", "at"],
  billed_until: ["原计费至", "was billed until"],
  disputed: ["驾驶人有异议", "disputed by its driver"],
  backed_at: ["退回", "backed away"],
  patrol_began: ["巡场开始", "patrol began"],
  patrol_ended: ["巡场结束", "patrol ended"],
  bay: ["车位", "bay"],
  visit: ["通行", "passage"],
  next_visit: ["下一辆车的通行", "passage of the next car"],
  exit_visit: ["离场通行", "passage out"],
  ended: ["由此结束的停车", "what ended the other stay"],
  later_entry: ["后一次停车", "later stay"],
  earlier_entry: ["前一次停车", "earlier stay"],
  into: ["并入", "into"],
  merged: ["被并入", "merged"],
  first: ["第一次", "first"],
  second: ["第二次", "second"],
  of: ["原停车", "of"],
};

/** What a rule did, in the page's language; one that is not here yet in readable form. */
export function ruleWords(rule: string, say: (pair: Pair) => string = worded): string {
  const known = rules[rule];
  if (known) return say(known);
  if (rule.startsWith("undo_")) return say(undone).replace("{rule}", ruleWords(rule.slice("undo_".length), say));
  return readable(rule);
}

/** What a fact of the record is called. */
export function factWords(key: string, say: (pair: Pair) => string = worded): string {
  const known = facts[key];
  return known ? say(known) : readable(key);
}
