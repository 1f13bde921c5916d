// Earlier stays that are still owed: an amount and a day each, one button to pay, one to object.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { siteDate } from "../shared/format";
import { OneDebt } from "../shared/one_debt";
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
        <OneDebt
          key={one.debt_id}
          of={one}
          about={siteDate(one.on)}
          busy={debtBusy.value}
          underWay={underWay.value?.debt === one.debt_id ? underWay.value : null}
          onPay={() => void payDebt(one.debt_id)}
          onObject={(words) => disputeDebt(one.debt_id, words)}
        />
      ))}
      <p class="trouble" role="alert">
        {debtTrouble.value && say("card_failed", { why: debtTrouble.value })}
      </p>
    </section>
  );
}
