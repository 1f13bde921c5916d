// After paying: an invoice for a company or a person. Nobody is asked for a phone number or an address.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { money } from "../shared/format";
import { named } from "../shared/i18n";
import type { Invoice } from "../shared/wire";
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
        <Standing key={one.invoice_id} invoice={one} />
      ))}
      {open ? <Ask /> : invoices.value.length === 0 && closed?.text && <p class="soft">{named(closed.text)}</p>}
      <p class="trouble" role="alert">
        {askTrouble.value}
      </p>
      {open && (
        <ul class="soft small">
          {found.rules.map((rule) => (
            <li key={rule.en}>{named(rule)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Standing({ invoice }: { invoice: Invoice }): JSX.Element {
  return (
    <div class="invoice-one" data-invoice={invoice.state} role="status">
      <p>
        <b>{money(invoice.amount)}</b> · {invoice.colour === "red" ? say("invoice_red") : invoice.buyer}
      </p>
      <p class={invoice.state === "FAILED" ? "trouble" : "soft"}>{named(invoice.text)}</p>
      {invoice.number && (
        <p class="small">
          {say("invoice_number")} {invoice.number}
        </p>
      )}
      {invoice.has_pdf && (
        <button type="button" onClick={() => void fetchPdf(invoice)}>
          {say("invoice_pdf")}
        </button>
      )}
    </div>
  );
}

function Ask(): JSX.Element {
  const [kind, setKind] = useState<"company" | "person">("company");
  const [name, setName] = useState("");
  const [number, setNumber] = useState("");
  const send = (event: Event): void => {
    event.preventDefault();
    void ask({ kind, name, tax_number: kind === "company" ? number : null });
  };
  return (
    <form onSubmit={send}>
      <fieldset class="ways">
        <legend>{say("invoice_for")}</legend>
        <div>
          {(["company", "person"] as const).map((one) => (
            <label key={one} class={kind === one ? "is-chosen" : ""}>
              <input type="radio" name="kind" value={one} checked={kind === one} onChange={() => setKind(one)} />
              <span>{say(one)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <label class="field">
        <span>{kind === "company" ? say("company_name") : say("person_name")}</span>
        <input type="text" maxLength={100} required={kind === "company"} autocomplete="organization" value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      {kind === "company" && (
        <label class="field">
          <span>{say("tax_number")}</span>
          <input type="text" maxLength={24} required autocomplete="off" autocapitalize="characters" spellcheck={false} value={number} onInput={(e) => setNumber(e.currentTarget.value)} />
        </label>
      )}
      <button type="submit" class="main" disabled={asking.value}>
        {asking.value ? say("invoice_asking") : say("invoice_ask")}
      </button>
    </form>
  );
}
