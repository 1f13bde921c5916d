// Invoices as drivers and members see them: whom one is made out to, and what has become of one that was asked for.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { money } from "./format";
import { named, translator } from "./i18n";
import type { AskMine, Invoice, Invoices } from "./wire";

export type Buyer = AskMine["buyer"];
export const NOBODY: Buyer = { kind: "company", name: "", tax_number: null };

const say = translator({
  made_out_to: ["发票抬头", "Made out to"],
  company: ["企业", "A company"],
  person: ["个人", "A person"],
  company_name: ["企业名称", "Name of the company"],
  person_name: ["姓名（可不填）", "Name (optional)"],
  tax_number: ["纳税人识别号", "Tax number"],
  number: ["发票号码 {number}", "Invoice no. {number}"],
  pdf: ["下载 PDF", "Download the PDF"],
  red: ["红字发票", "Red-letter invoice"],
});

/** A company with its tax number, or a person, who needs none. */
export function BuyerFields({ of, onChange }: { of: Buyer; onChange: (buyer: Buyer) => void }): JSX.Element {
  const isCompany = of.kind === "company";
  const [number, keep] = useState(""); // whoever looks at the other choice does not type it again
  const typed = (text: string): void => {
    keep(text);
    onChange({ ...of, tax_number: text });
  };
  return (
    <>
      <fieldset class="ways">
        <legend>{say("made_out_to")}</legend>
        <div>
          {(["company", "person"] as const).map((kind) => (
            <label key={kind} class={of.kind === kind ? "is-chosen" : ""}>
              <input type="radio" name="kind" value={kind} checked={of.kind === kind} onChange={() => onChange({ ...of, kind, tax_number: kind === "company" ? number : null })} />
              <span>{say(kind)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <label class="field">
        <span>{say(isCompany ? "company_name" : "person_name")}</span>
        <input type="text" maxLength={100} required={isCompany} autocomplete="organization" value={of.name} onInput={(e) => onChange({ ...of, name: e.currentTarget.value })} />
      </label>
      {isCompany && (
        <label class="field">
          <span>{say("tax_number")}</span>
          <input
            type="text"
            maxLength={24}
            required
            autocomplete="off"
            autocapitalize="characters"
            spellcheck={false}
            value={number}
            onInput={(e) => typed(e.currentTarget.value)}
          />
        </label>
      )}
    </>
  );
}

export function InvoiceRules({ of }: { of: Invoices }): JSX.Element {
  return (
    <ul class="soft small">
      {of.rules.map((rule) => (
        <li key={rule.en}>{named(rule)}</li>
      ))}
    </ul>
  );
}

/** Whom an invoice is made out to; a person who gave no name stands on it as 个人, which is said in the reader's language. */
export const buyerOf = (of: Invoice): string => (of.buyer === "个人" ? say("person") : of.buyer);

export function OneInvoice({ of, busy = false, onPdf }: { of: Invoice; busy?: boolean; onPdf: () => void }): JSX.Element {
  return (
    <div class="invoice-one" data-invoice={of.state} role="status">
      <p>
        <b>{money(of.amount)}</b> · {of.colour === "red" ? say("red") : buyerOf(of)}
      </p>
      <p class={of.state === "FAILED" ? "trouble" : "soft"}>{named(of.text)}</p>
      {of.number && <p class="small">{say("number", { number: of.number })}</p>}
      {of.has_pdf && (
        <button type="button" disabled={busy} onClick={onPdf}>
          {say("pdf")}
        </button>
      )}
    </div>
  );
}
