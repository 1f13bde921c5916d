// Sentences that more than one page says.
import { translator } from "./i18n";

export const say = translator({
  free: ["空位", "free"],
  full: ["已满", "Full"],
  bays_of: ["共 {capacity} 位", "of {capacity}"],
  unknown_count: ["余位待核实", "count not certain"],
  switch_language: ["English", "中文"],
  as_of: ["数据截至 {time}", "as of {time}"],
  entered: ["入场时间", "Entered"],
  parked_for: ["停车时长", "Parked for"],
  plate: ["车牌", "Plate"],
  no_plate: ["无牌车", "No plate"],
  fee_lines: ["费用明细", "How the fee is made up"],
  total: ["停车费合计", "Parking fee"],
  paid: ["已支付", "Already paid"],
  due: ["应付金额", "To pay"],
  help_press: ["呼叫工作人员", "Call our staff"],
  help_stop: ["取消呼叫", "Cancel the call"],
  help_waiting: ["正在呼叫，请稍候", "Calling, please wait"],
  help_taken: ["工作人员已应答，正在为您处理", "Somebody has answered and sees to it"],
  help_ended: ["呼叫已结束", "The call has ended"],
  help_failed: ["没有呼叫成功：{why}", "The call did not go through: {why}"],
  way_to_pay: ["付款方式", "How to pay"],
  any_way: ["任意可用方式", "Any that works"],
  way_troubled: ["暂时不稳定", "unsteady just now"],
  nothing_to_charge: ["本次停车未产生费用", "There is nothing to charge for this stay"],
});
