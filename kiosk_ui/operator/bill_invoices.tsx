// Invoices of a stay at the desk: asked for alone or for several stays at once, read, and taken back by a red letter.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { at, call } from "../shared/api";
import { money } from "../shared/format";
import { named } from "../shared/i18n";
import { buyerOf } from "../shared/invoice_parts";
import type { AskForStays, Invoice, Invoices } from "../shared/wire";
import { MoneyDialog } from "./money_form";
import { useRead, Waiting } from "./money_frame";
import { money as say } from "./money_words";
import { ReasonDialog } from "./reason";
import { may } from "./session";
import { putTogether, together } from "./together";

export function BillInvoices({ id, name }: { id: string; name: string }): JSX.Element {
  const read = useRead(() => call<Invoices>(`/stays/${encodeURIComponent(id)}/invoices`), [id]);
  const [asking, ask] = useState(false);
  const [taken, takeBack] = useState<Invoice | null>(null);
  const found = read.value;
  const open = found?.bills.some((one) => one.why_not === null);
  const stays = [...new Set([id, ...together.value.keys()])];
  return (
    <section class="panel money" aria-labelledby="invoices-title">
      <div class="title-row">
        <h2 id="invoices-title">{say("invoices")}</h2>
        <button type="button" class="quiet" onClick={() => void read.again()}>
          {say("refresh")}
        </button>
      </div>
      <Waiting of={read} />
      {found && !found.offered && <p class="soft">{say("invoices_not")}</p>}
      {found?.offered && found.bills.length === 0 && found.invoices.length === 0 && <p class="soft">{say("invoices_nothing")}</p>}
      <ul class="money-rows">
        {found?.bills.map((one) => (
          <li key={one.payment_id}>
            <p>
              {money(one.amount)}
              {one.text && <small>{named(one.text)}</small>}
            </p>
          </li>
        ))}
        {found?.invoices.map((one) => (
          <Standing key={one.invoice_id} of={one} all={found.invoices} onTakeBack={() => takeBack(one)} />
        ))}
      </ul>
      {found?.offered && may("cash:desk") && open && (
        <>
          {together.value.size > 0 && (
            <ul class="money-sub">
              {[...together.value].filter(([one]) => one !== id).map(([one, its]) => (
                <li key={one}>
                  <span class="plate plate-small">{its}</span>
                  <button type="button" class="quiet" onClick={() => putTogether(one, its, false)}>
                    {say("on_invoice_clear")}
                  </button>
                </li>
              ))}
            </ul>
          )}
          <p>
            <button type="button" onClick={() => ask(true)}>
              {stays.length > 1 ? say("invoice_ask", { count: stays.length, stays: stays.length }) : say("invoice_ask_one")}
            </button>
          </p>
          <ul class="soft rules">
            {found.rules.map((rule) => (
              <li key={rule.en}>{named(rule)}</li>
            ))}
          </ul>
        </>
      )}
      {asking && (
        <AskDialog
          stays={stays}
          name={name}
          onClose={() => ask(false)}
          onDone={async () => {
            together.value = new Map();
            await read.again();
          }}
        />
      )}
      {taken && (
        <ReasonDialog
          title={say("invoice_reverse_title", { number: taken.number ?? "" })}
          note={say("invoice_reverse_note")}
          reasons={["red_title", "red_twice"]}
          confirm={say("invoice_reverse_now")}
          done={say("invoice_reversed")}
          failed="not_saved"
          onClose={() => takeBack(null)}
          run={async (reason, key) => {
            await call<Invoice>(`/invoices/${encodeURIComponent(taken.invoice_id)}/reverse`, { body: { reason }, idempotencyKey: key });
            await read.again();
          }}
        />
      )}
    </section>
  );
}

function Standing({ of, all, onTakeBack }: { of: Invoice; all: readonly Invoice[]; onTakeBack: () => void }): JSX.Element {
  const isTakenBack = all.some((one) => one.takes_back === of.invoice_id);
  return (
    <li data-invoice={of.invoice_id} data-state={of.state}>
      <b class="row-sum">{money(of.amount)}</b>
      <p>
        {say(of.colour === "red" ? "invoice_red" : "invoice_blue")} · {buyerOf(of)}
        <small class={of.trouble ? "trouble" : ""}>{named(of.text)}</small>
        {of.number && (
          <small>
            {say("invoice_number")} {of.number}
          </small>
        )}
      </p>
      {of.has_pdf && (
        <a class="button" href={at(`/invoices/${encodeURIComponent(of.invoice_id)}/pdf`)} download={`invoice-${of.number ?? ""}.pdf`}>
          {say("invoice_pdf")}
        </a>
      )}
      {may("cash:desk") && of.colour === "blue" && of.state === "ISSUED" && !isTakenBack && (
        <button type="button" onClick={onTakeBack}>
          {say("invoice_reverse")}
        </button>
      )}
    </li>
  );
}

function AskDialog({ stays, name, onClose, onDone }: { stays: readonly string[]; name: string; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [kind, setKind] = useState<"company" | "person">("company");
  const [buyer, setBuyer] = useState("");
  const [number, setNumber] = useState("");
  return (
    <MoneyDialog
      title={stays.length > 1 ? say("invoice_ask", { count: stays.length, stays: stays.length }) : `${say("invoice_ask_one")} · ${name}`}
      confirm={say("invoice_ask_one")}
      done={say("invoice_asked")}
      onClose={onClose}
      check={() => ""}
      run={async (key) => {
        const body: AskForStays = { buyer: { kind, name: buyer, tax_number: kind === "company" ? number : null }, stays: [...stays] };
        await call<Invoice>("/invoices", { body, idempotencyKey: key });
        await onDone();
      }}
    >
      <fieldset>
        <legend>{say("invoice_for")}</legend>
        {(["company", "person"] as const).map((one) => (
          <label key={one} class="radio">
            <input type="radio" name="buyer" value={one} checked={kind === one} onChange={() => setKind(one)} />
            {say(one)}
          </label>
        ))}
      </fieldset>
      <label>
        {say("name")}
        <input type="text" maxLength={100} value={buyer} onInput={(e) => setBuyer(e.currentTarget.value)} />
      </label>
      {kind === "company" && (
        <label>
          {say("tax_number")}
          <input type="text" maxLength={24} autocomplete="off" spellcheck={false} value={number} onInput={(e) => setNumber(e.currentTarget.value)} />
        </label>
      )}
    </MoneyDialog>
  );
}
