// What left without being paid in full: a car, a day and an amount each, one button to pay, one to object.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ANY } from "../shared/channels";
import { plate, siteDate } from "../shared/format";
import { OneDebt } from "../shared/one_debt";
import type { DisputeDebt, OwnDebt, Payment, StartPayment } from "../shared/wire";
import { ask, askOnce, useDeed } from "./deeds";
import { say } from "./member_words";
import { Trouble } from "./part";
import { goAway } from "./session";
import { debts } from "./sources";

const LOOK_MS = 3_000;

export function OwedCard(): JSX.Element | null {
  const owed = (debts.value.value ?? []).filter((one) => one.left.amount > 0);
  if (!owed.length) return null;
  return (
    <section class="card debts" aria-labelledby="debts-title">
      <h2 id="debts-title">{say("debts")}</h2>
      {owed.map((one) => (
        <One key={one.debt_id} of={one} />
      ))}
    </section>
  );
}

function One({ of }: { of: OwnDebt }): JSX.Element {
  const [under, follow] = useState<Payment | null>(null);
  const deed = useDeed();
  useEffect(() => {
    if (!under) return;
    const timer = setInterval(() => void debts.load(), LOOK_MS);
    return () => clearInterval(timer);
  }, [under]);
  const at = `/me/debts/${encodeURIComponent(of.debt_id)}`;
  const pay = () =>
    void deed.run(async () => {
      const begun = await askOnce<Payment>(`${at}/payments`, { channel: ANY } satisfies StartPayment);
      if (begun.state === "FAILED" || begun.state === "CLOSED") return debts.load();
      follow(begun);
      if (begun.pay_url) goAway(begun.pay_url);
    });
  return (
    <>
      <OneDebt
        of={of}
        about={`${plate(of.plate)} · ${siteDate(of.on)}`}
        busy={deed.busy}
        underWay={under && { url: under.pay_url ?? null }}
        onPay={pay}
        onObject={(words) => deed.run(() => ask(`${at}/dispute`, { body: { reason: words } satisfies DisputeDebt }).then(() => debts.load()))}
      />
      <Trouble of={deed.trouble} />
    </>
  );
}
