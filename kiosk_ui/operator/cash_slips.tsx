// What machines could not give back: whoever shows the slip's code is paid out of a drawer with an open shift.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { money } from "../shared/format";
import { Mark } from "../shared/marks";
import type { Slip, SlipPage } from "../shared/wire";
import { keepTill, keptTill, MoneyDialog, TILL } from "./money_form";
import { useRead, Waiting } from "./money_frame";
import { money as say } from "./money_words";

export function Slips({ onChange }: { onChange: () => Promise<void> }): JSX.Element | null {
  const read = useRead(() => call<SlipPage>("/cash/slips?limit=50"), []);
  const [asked, ask] = useState<Slip | null>(null);
  if (!read.value?.items.length) return read.value ? null : <Waiting of={read} />;
  return (
    <section class="panel money" aria-labelledby="slips-title">
      <h2 id="slips-title">{say("slips")}</h2>
      <p class="soft">{say("slips_note")}</p>
      <ul class="money-rows" data-testid="slips">
        {read.value.items.map((one) => (
          <li key={one.slip}>
            <b class="row-sum">{money(one.amount)}</b>
            <p>
              <b class="slip-code">{one.slip}</b>
              <small>{one.till}</small>
            </p>
            <button type="button" onClick={() => ask(one)}>
              {say("hand_out")}
            </button>
            {one.in_doubt && <Doubt />}
          </li>
        ))}
      </ul>
      {asked && <HandOut of={asked} onClose={() => ask(null)} onDone={async () => void (await Promise.all([read.again(), onChange()]))} />}
    </section>
  );
}

/** Nobody knows whether the machine has given it back already: who pays looks first. */
function Doubt(): JSX.Element {
  return (
    <p class="slip-doubt">
      <Mark name="alert" />
      <span>{say("slip_doubt")}</span>
    </p>
  );
}

function HandOut({ of, onClose, onDone }: { of: Slip; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [till, setTill] = useState(keptTill);
  return (
    <MoneyDialog
      title={say("hand_out_title", { amount: money(of.amount) })}
      note={say("slip_compare")}
      confirm={say("hand_out_now")}
      done={say("hand_out_done")}
      onClose={onClose}
      check={() => (TILL.test(till.trim()) ? "" : say("till_wrong"))}
      run={async (key) => {
        await call<Slip>(`/cash/slips/${encodeURIComponent(of.slip)}/hand-out`, { body: { till: till.trim() }, idempotencyKey: key });
        keepTill(till.trim());
        await onDone();
      }}
    >
      <p class="slip-code">{of.slip}</p>
      {of.in_doubt && <Doubt />}
      <label>
        {say("till")}
        <input type="text" maxLength={32} autocomplete="off" value={till} onInput={(e) => setTill(e.currentTarget.value)} />
      </label>
    </MoneyDialog>
  );
}
