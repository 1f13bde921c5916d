// What the machine says aloud, for whoever cannot read the screen: one short sentence for each turn of the conversation, in its
// language. It says sums and times and never a plate. Whoever wants quiet presses once; the next person hears it again.
import { computed, effect } from "@preact/signals";
import { clock, money } from "../shared/format";
import { tag } from "../shared/i18n";
import { now } from "../shared/tick";
import { cash, ways } from "./cash";
import { asking, car, feed, payAway, payingBy, screen, stay, trouble, voice } from "./state";
import { cashTrouble, say } from "./words";

export const canSpeak = "speechSynthesis" in window;

const sentence = computed<string>(() => {
  if (screen.value === "start") return "";
  if (asking()) return say("still_there");
  if (feed.line.value === "lost" || payAway.value) return say(screen.value === "pay" || screen.value === "cash" ? "lost_pay" : "lost");
  if (trouble.value) return trouble.value;
  return turn();
});

function turn(): string {
  const s = stay.value;
  switch (screen.value) {
    case "plate":
      return say("enter_plate");
    case "missing":
      return `${say("not_found")}。${say("not_found_help")}`;
    case "fee":
      if (!s || s.state === "closed") return say("closed");
      if (s.state === "review") return say("review");
      return s.state === "open" && s.bill.due.amount > 0 ? `${say("due_now")} ${money(s.bill.due)}` : leave(s.bill.paid.amount > 0 ? say("settled") : say("nothing_due"));
    case "pay":
      return say(payingBy.value === ways.value?.card ? "card_hold" : "scan");
    case "cash":
      return notes();
    case "done":
      return leave(say("paid"));
    case "find":
      return car.value ? "" : say("scan_ticket");
    default:
      return "";
  }
}

function notes(): string {
  const c = cash.value;
  if (!c || c.state === "ending") return "";
  if (c.state === "open") return c.trouble ? cashTrouble(c.trouble) : `${say("cash_insert")}。${say("cash_left")} ${money(c.left)}`;
  if (c.owed.amount > 0) return `${say("slip_owed", { amount: money(c.owed) })}。${say("slip_note")}`;
  return say(c.why === "paid" ? "cash_take_change" : "cash_take_back", { amount: money(c.change) });
}

function leave(word: string): string {
  const until = stay.value?.leave_by;
  return until ? `${word}。${say("leave_by", { time: clock(until, now.peek()) })}` : word;
}

export function speakAloud(): void {
  if (!canSpeak) return;
  effect(() => {
    const text = voice.value ? sentence.value : "";
    speechSynthesis.cancel();
    if (!text) return;
    const aloud = new SpeechSynthesisUtterance(text);
    aloud.lang = tag();
    speechSynthesis.speak(aloud);
  });
}
