// Several stays on one invoice: picked by the member, made out to a company or a person, fetched here when it is there.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { download } from "../shared/api";
import { clock, money } from "../shared/format";
import { named } from "../shared/i18n";
import { BuyerFields, InvoiceRules, NOBODY, OneInvoice } from "../shared/invoice_parts";
import { now } from "../shared/tick";
import type { AskForStays, Invoice, Invoices, OwnStay } from "../shared/wire";
import { askOnce, useDeed } from "./deeds";
import { say } from "./member_words";
import { Part, Trouble } from "./part";
import { token } from "./session";
import { invoices, stays } from "./sources";

const LOOK_MS = 4_000;
type Bill = Invoices["bills"][number];
interface Choice {
  stay: OwnStay;
  minor: number;
}

/** The stays that have something to invoice; what was paid in parts is invoiced together. */
function choices(bills: readonly Bill[], own: readonly OwnStay[]): Choice[] {
  const open = bills.filter((bill) => bill.why_not === null);
  const found = own.map((stay) => {
    const mine = open.filter((bill) => stay.payments.some((one) => one.payment_id === bill.payment_id));
    return { stay, minor: mine.reduce((sum, bill) => sum + bill.amount.amount, 0) };
  });
  return found.filter((one) => one.minor > 0);
}
const isOver = (one: Invoice): boolean => one.has_pdf || one.state === "FAILED" || one.state === "DROPPED";

export function InvoicesCard(): JSX.Element | null {
  const { value, no } = invoices;
  const waiting = value.value?.invoices.some((one) => !isOver(one)) ?? false;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => void invoices.load(), LOOK_MS);
    return () => clearInterval(timer);
  }, [waiting]);
  if (no.value?.code === "member.no_consent" || value.value?.offered === false) return null;
  return (
    <section class="card invoice" aria-labelledby="invoices">
      <h2 id="invoices">{say("invoices")}</h2>
      <Part of={invoices} empty={(all) => (all.bills.length + all.invoices.length ? null : <p class="soft">{say("invoices_none")}</p>)}>
        {(all) => (
          <>
            {all.invoices.map((one) => (
              <Standing key={one.invoice_id} of={one} />
            ))}
            <Ask of={all} />
          </>
        )}
      </Part>
    </section>
  );
}

function Standing({ of }: { of: Invoice }): JSX.Element {
  const deed = useDeed();
  return (
    <>
      <OneInvoice of={of} busy={deed.busy} onPdf={() => void deed.run(() => download(`/me/invoices/${of.invoice_id}/pdf`, token.value, `invoice-${of.number ?? ""}.pdf`))} />
      <Trouble of={deed.trouble} />
    </>
  );
}

function Ask({ of }: { of: Invoices }): JSX.Element | null {
  const [picked, pick] = useState<readonly string[]>([]);
  const [buyer, makeOutTo] = useState(NOBODY);
  const deed = useDeed();
  const open = choices(of.bills, stays.value.value ?? []);
  if (!open.length) return of.invoices.length ? null : <p class="soft">{named(of.bills[0]?.text) || say("invoices_none")}</p>;
  const chosen = open.filter((one) => picked.includes(one.stay.stay_id));
  const amount = chosen.reduce((sum, one) => sum + one.minor, 0);
  const currency = of.bills[0]?.amount.currency ?? "CNY";
  const send = (event: Event): void => {
    event.preventDefault();
    const body: AskForStays = { stays: chosen.map((one) => one.stay.stay_id), buyer };
    void deed.run(() => askOnce("/me/invoices", body)).then((done) => {
      if (done) pick([]);
      void invoices.load();
    });
  };
  return (
    <form onSubmit={send}>
      <fieldset class="picks">
        <legend>{say("invoice_pick")}</legend>
        {open.map(({ stay, minor }) => (
          <label key={stay.stay_id} class="agree">
            <input
              type="checkbox"
              checked={picked.includes(stay.stay_id)}
              onChange={(e) => pick(e.currentTarget.checked ? [...picked, stay.stay_id] : picked.filter((one) => one !== stay.stay_id))}
            />
            <span>
              {clock(stay.entered_at, now.value)} · <b>{money({ amount: minor, currency })}</b>
            </span>
          </label>
        ))}
      </fieldset>
      {chosen.length > 0 && (
        <>
          <BuyerFields of={buyer} onChange={makeOutTo} />
          <button type="submit" class="main" disabled={deed.busy}>
            {deed.busy ? say("invoice_asking") : say("invoice_ask", { amount: money({ amount, currency }) })}
          </button>
          <InvoiceRules of={of} />
        </>
      )}
      <Trouble of={deed.trouble} />
    </form>
  );
}
