// After paying: an invoice for a company or a person. Nobody is asked for a phone number or an address.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { named } from "../shared/i18n";
import { BuyerFields, InvoiceRules, NOBODY, OneInvoice } from "../shared/invoice_parts";
import { ask, asking, askTrouble, fetchPdf, invoices, loadInvoices, offer } from "./invoice";
import { say } from "./words";

export function InvoiceCard({ paid }: { paid: number }): JSX.Element | null {
  useEffect(() => void loadInvoices(), [paid]);
  const found = offer.value;
  if (!found?.offered || (found.bills.length === 0 && invoices.value.length === 0)) return null;
  const open = found.bills.some((bill) => bill.why_not === null);
  const closed = found.bills.find((bill) => bill.text !== null);
  return (
    <section class="card invoice" aria-labelledby="invoice-title">
      <h2 id="invoice-title">{say("invoice")}</h2>
      {invoices.value.map((one) => (
        <OneInvoice key={one.invoice_id} of={one} onPdf={() => void fetchPdf(one)} />
      ))}
      {open ? <Ask /> : invoices.value.length === 0 && closed?.text && <p class="soft">{named(closed.text)}</p>}
      <p class="trouble" role="alert">
        {askTrouble.value}
      </p>
      {open && <InvoiceRules of={found} />}
    </section>
  );
}

function Ask(): JSX.Element {
  const [buyer, makeOutTo] = useState(NOBODY);
  const send = (event: Event): void => {
    event.preventDefault();
    void ask(buyer);
  };
  return (
    <form onSubmit={send}>
      <BuyerFields of={buyer} onChange={makeOutTo} />
      <button type="submit" class="main" disabled={asking.value}>
        {asking.value ? say("invoice_asking") : say("invoice_ask")}
      </button>
    </form>
  );
}
