// What the question after paying says.
import { translator } from "../shared/i18n";

export const rating = translator({
  title: ["这次停车怎么样？", "How was your stay?"],
  s1: ["很差", "Very bad"],
  s2: ["较差", "Bad"],
  s3: ["一般", "Fair"],
  s4: ["满意", "Good"],
  s5: ["很好", "Very good"],
  words: ["想说的话（可不填）", "A few words (optional)"],
  note: ["点一下即提交，不记录车牌。", "One tap sends it. Your plate is not kept with it."],
  thanks: ["谢谢，您打了 {score} 分。", "Thank you. You gave {score} of 5."],
  failed: ["没有提交成功：{why}", "Not sent: {why}"],
});
