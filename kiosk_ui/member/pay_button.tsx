// Paying is the driver's page, with the stay's own code: one way to pay, for members and for everybody else.
import type { JSX } from "preact";
import { money } from "../shared/format";
import type { OwnStay, StayCode } from "../shared/wire";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Trouble } from "./part";

export const codeOf = (stayId: string): Promise<StayCode> => ask<StayCode>(`/me/stays/${encodeURIComponent(stayId)}/code`, { method: "POST" });

export function PayButton({ stay }: { stay: OwnStay }): JSX.Element {
  const deed = useDeed();
  const open = stay.state === "open";
  const due = open && stay.bill.due.amount > 0;
  const go = () => void deed.run(async () => location.assign(`../driver/#t=${(await codeOf(stay.stay_id)).token}`));
  return (
    <>
      <button type="button" class={due ? "main wide" : "wide"} disabled={deed.busy} onClick={go}>
        {deed.busy ? say("opening") : due ? say("pay", { amount: money(stay.bill.due) }) : open && stay.bill.can_settle ? say("use_coupons") : say("open_stay")}
      </button>
      <Trouble of={deed.trouble} />
    </>
  );
}
