// By when a case must be decided.
import type { JSX } from "preact";
import { clock, minutes } from "../shared/format";
import { now } from "../shared/tick";
import type { DeskRow } from "../shared/wire";
import { desk as say } from "./desk_words";

const SOON_MIN = 10;

/** How long there is still, or how long it is over: the one number that sorts the queue. */
export function Deadline({ of }: { of: DeskRow }): JSX.Element {
  if (of.waits_until) return <span class="chip chip-plain">{say("waits", { time: clock(of.waits_until, now.value) })}</span>;
  const left = Math.floor((Date.parse(of.due_at) - now.value) / 60_000);
  const tone = left < 0 ? "bad" : left < SOON_MIN ? "warn" : "plain";
  return (
    <span class={`chip chip-${tone}`} data-overdue={left < 0}>
      {left < 0 ? say("overdue", { time: minutes(-left) }) : say("left", { time: minutes(left) })}
    </span>
  );
}
