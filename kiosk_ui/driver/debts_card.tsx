// Earlier stays that are still owed: an amount and a day each, one button to pay, one to object.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { money } from "../shared/format";
import type { MyDebt } from "../shared/wire";
import { debtBusy, debts, debtTrouble, disputeDebt, forgetDebts, loadDebts, payDebt, underWay } from "./debts";
import { stay, token } from "./stay";
import { say } from "./words";

export function DebtsCard(): JSX.Element | null {
  useEffect(() => {
    void loadDebts();
    return forgetDebts;
  }, [token.value]);
  const earlier = debts.value.filter((one) => one.left.amount > 0);
  if (earlier.length === 0 || !stay.value) return null;
  return (
    <section class="card debts" aria-labelledby="debts-title">
      <h2 id="debts-title">{say("debts")}</h2>
      <p class="soft small">{say("debts_note")}</p>
      {earlier.map((one) => (
        <One key={one.debt_id} of={one} />
      ))}
      <p class="trouble" role="alert">
        {debtTrouble.value && say("card_failed", { why: debtTrouble.value })}
      </p>
    </section>
  );
}

function One({ of }: { of: MyDebt }): JSX.Element {
  const [objecting, object] = useState(false);
  const [words, setWords] = useState("");
  const waiting = underWay.value?.debt === of.debt_id ? underWay.value : null;
  return (
    <div class="debt-one" data-debt={of.debt_id} data-state={of.state}>
      <p>
        <b>{money(of.left)}</b> <span class="soft">{of.on}</span>
      </p>
      {of.state === "disputed" ? (
        <p role="status">{say("debt_disputed")}</p>
      ) : (
        <>
          {waiting && (
            <p role="status">
              {say("waiting")} {waiting.url && <a href={waiting.url}>{say("card_again")}</a>}
            </p>
          )}
          <div class="debt-deeds">
            <button type="button" class="main" disabled={debtBusy.value} onClick={() => void payDebt(of.debt_id)}>
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
              onSubmit={(event) => {
                event.preventDefault();
                void disputeDebt(of.debt_id, words).then((done) => done && object(false));
              }}
            >
              <label class="field">
                <span>{say("debt_why")}</span>
                <input type="text" maxLength={200} value={words} onInput={(e) => setWords(e.currentTarget.value)} />
              </label>
              <button type="submit" disabled={debtBusy.value}>
                {say("debt_object_now")}
              </button>
            </form>
          )}
        </>
      )}
    </div>
  );
}
