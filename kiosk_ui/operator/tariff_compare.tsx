// What a recorded day of stays would have cost under a text, beside what it costs under the tariff in force.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { count, money } from "../shared/format";
import { why } from "../shared/i18n/problems";
import type { CompareTariff, TariffCompared } from "../shared/wire";
import { toBill } from "./route";
import { may } from "./session";
import { TableFrame } from "./table_frame";
import { heading, tariffs as say } from "./tariff_words";

export function Comparison({ source }: { source: string }): JSX.Element {
  const [day, setDay] = useState("");
  const [found, setFound] = useState<{ of: string; on: string; said: TariffCompared } | null>(null);
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    if (!day) return setTrouble(say("day_missing"));
    setBusy(true);
    setTrouble("");
    try {
      setFound({ of: source, on: day, said: await call<TariffCompared>("/tariffs/compare", { body: { source, day, before: null } satisfies CompareTariff }) });
    } catch (failure) {
      setTrouble(why(failure));
    } finally {
      setBusy(false);
    }
  };
  const shown = found?.of === source ? found.said : null;
  return (
    <div class="tariff-compare">
      <h3>{say("compare")}</h3>
      <p class="soft">{say("compare_note")}</p>
      <form
        class="money-fields"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label>
          {say("day")}
          <input type="date" value={day} onInput={(e) => setDay(e.currentTarget.value)} />
        </label>
        <button type="submit" disabled={busy}>
          {say("compare_now")}
        </button>
      </form>
      <p class="trouble" role="alert">
        {trouble}
      </p>
      <div role="status" aria-live="polite">
        {shown && (shown.whole.stays === 0 ? <p class="soft">{say("compare_none")}</p> : <Sums of={shown} />)}
      </div>
    </div>
  );
}

function Sums({ of }: { of: TariffCompared }): JSX.Element {
  const stays = may("bills:read");
  return (
    <>
      <TableFrame name={say("compare")} as="money-table">
        <table>
          <thead>
            <tr>
              {(["group", "count", "dearer", "cheaper", "before", "after"] as const).map((one) => (
                <th key={one} scope="col">
                  {say(one)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[of.whole, ...of.by].map((one) => (
              <tr key={one.heading}>
                <th scope="row">{heading(one.heading)}</th>
                <td>{count(one.stays)}</td>
                <td>{count(one.dearer)}</td>
                <td>{count(one.cheaper)}</td>
                <td>{money(one.before)}</td>
                <td>{money(one.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
      {of.most.length > 0 && (
        <>
          <h3>{say("most")}</h3>
          <ul class="tariff-most">
            {of.most.map((one) => (
              <li key={one.stay_id}>
                {stays ? <a href={toBill(one.stay_id)}>…{one.stay_id.slice(-8)}</a> : <span>…{one.stay_id.slice(-8)}</span>}
                <span>
                  {money(one.before)} → <b>{money(one.after)}</b>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
