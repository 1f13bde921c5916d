// What left without being paid in full: a car, a day and an amount each, one button to pay, one to object.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ANY } from "../shared/channels";
import { money, plate } from "../shared/format";
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
  const [objecting, object] = useState(false);
  const [words, setWords] = useState("");
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
    <div class="debt-one" data-debt={of.debt_id} data-state={of.state}>
      <p>
        <b>{money(of.left)}</b> <span class="soft">{`${plate(of.plate)} · ${of.on}`}</span>
      </p>
      {of.state === "disputed" ? (
        <p role="status">{say("debt_disputed")}</p>
      ) : (
        <>
          {under && (
            <p role="status">
              {say("debt_paying")} {under.pay_url && <a href={under.pay_url}>{say("debt_again")}</a>}
            </p>
          )}
          <div class="debt-deeds">
            <button type="button" class="main" disabled={deed.busy} onClick={pay}>
              {say("debt_pay", { amount: money(of.left) })}
            </button>
            {!objecting && (
              <button type="button" onClick={() => object(true)}>
                {say("debt_object")}
              </button>
            )}
          </div>
          {objecting && (
            <form
              class="form"
              onSubmit={(event) => {
                event.preventDefault();
                void deed.run(() => ask(`${at}/dispute`, { body: { reason: words } satisfies DisputeDebt }).then(() => debts.load()));
              }}
            >
              <label class="field">
                <span>{say("debt_why")}</span>
                <input type="text" maxLength={200} value={words} onInput={(e) => setWords(e.currentTarget.value)} />
              </label>
              <button type="submit" disabled={deed.busy}>
                {say("debt_object_now")}
              </button>
            </form>
          )}
        </>
      )}
      <Trouble of={deed.trouble} />
    </div>
  );
}
