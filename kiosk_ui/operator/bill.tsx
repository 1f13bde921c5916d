// One stay's money: its bill line by line, each payment with what went back of it, cash at the desk, and the invoices.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { BillLines } from "../shared/bill";
import { channelName, loadChannels } from "../shared/channels";
import { clock, money } from "../shared/format";
import { now } from "../shared/tick";
import type { CashTaken, PaymentDetail, Refund, RefundIn, TakeCash, WholeStay } from "../shared/wire";
import { BillInvoices } from "./bill_invoices";
import { AmountField, keepTill, keptTill, minorOf, MoneyDialog, TILL, typed } from "./money_form";
import { type Read, useRead, Waiting } from "./money_frame";
import { failureOf, money as say, NO_REFUNDS, word } from "./money_words";
import { ReasonDialog } from "./reason";
import { toBill, toStay } from "./route";
import { may } from "./session";
import { called } from "./together";
import { Dialog } from "./dialog";

interface Paid {
  detail: PaymentDetail;
  refunds: readonly Refund[];
}

interface Whole {
  stay: WholeStay;
  payments: readonly Paid[];
}

async function wholeOf(id: string): Promise<Whole> {
  void loadChannels();
  const stay = await call<WholeStay>(`/stays/${encodeURIComponent(id)}`);
  const payments = await Promise.all(
    stay.payments.map(async ({ payment_id }) => {
      const at = `/payments/${encodeURIComponent(payment_id)}`;
      const [detail, refunds] = await Promise.all([call<PaymentDetail>(`${at}/details`), call<Refund[]>(`${at}/refunds`)]);
      return { detail, refunds };
    }),
  );
  return { stay, payments };
}

export function Bill({ id }: { id: string }): JSX.Element {
  const read = useRead(() => wholeOf(id), [id]);
  const found = read.value;
  return (
    <>
      <section class="panel money" aria-labelledby="bill-name">
        <p>
          <a href={toBill()}>{say("back_to_bills")}</a>
        </p>
        {!found && <h2 id="bill-name">{say("bill")}</h2>}
        <Waiting of={read} />
        {found && <Head of={found.stay} read={read} />}
      </section>
      {found && <Payments of={found.payments} read={read} />}
      {found && <BillInvoices id={id} name={called(found.stay)} />}
    </>
  );
}

function Head({ of, read }: { of: WholeStay; read: Read<Whole> }): JSX.Element {
  const [taking, take] = useState(false);
  return (
    <>
      <div class="story-name">
        <span class={`plate ${of.plate ? "" : "plate-none"}`}>{called(of)}</span>
        <h2 id="bill-name">{say("bill")}</h2>
        <span class="chip chip-accent">{word("stay", of.state)}</span>
        {may("cash:desk") && of.bill.due.amount > 0 && (
          <button type="button" class="main" onClick={() => take(true)}>
            {say("take_cash")}
          </button>
        )}
      </div>
      <p class="soft">
        {say("entered")} {clock(of.entered_at, now.value)}
        {of.exited_at && ` · ${say("exited")} ${clock(of.exited_at, now.value)}`}
      </p>
      <p>
        <a href={toStay(of.id)}>{say("story_of_stay")}</a>
      </p>
      <BillLines bill={of.bill} />
      {taking && <TakeDialog of={of} onClose={() => take(false)} onTaken={read.again} />}
    </>
  );
}

/** Cash for what was told: what was handed over, and what goes back is the server's word. */
function TakeDialog({ of, onClose, onTaken }: { of: WholeStay; onClose: () => void; onTaken: () => Promise<void> }): JSX.Element {
  const [till, setTill] = useState(keptTill);
  const [tendered, setTendered] = useState("");
  const [taken, setTaken] = useState<CashTaken | null>(null);
  const [due] = useState(of.bill.due);
  if (taken)
    return (
      <Dialog title={say("taken")} onClose={onClose} onSubmit={onClose}>
        <p class="big-change" role="status">
          {say("change", { amount: money(taken.change) })}
        </p>
        <p class="soft">
          {say("number")} {taken.number}
        </p>
        <div class="dialog-foot">
          <button type="submit" class="main">
            {say("close")}
          </button>
        </div>
      </Dialog>
    );
  return (
    <MoneyDialog
      title={say("take_cash_title", { amount: money(due) })}
      confirm={say("take_now")}
      done=""
      onClose={() => !taken && onClose()}
      check={() => (!TILL.test(till.trim()) ? say("till_wrong") : minorOf(tendered) === null ? say("amount_wrong") : "")}
      run={async (key) => {
        const body: TakeCash = { till: till.trim(), stay_id: of.id, due, tendered: minorOf(tendered) ?? 0 };
        const found = await call<CashTaken>("/cash/payments", { body, idempotencyKey: key });
        keepTill(till.trim());
        setTaken(found);
        void onTaken();
        return new Promise(() => undefined); // the dialog stays: the change has to be read
      }}
    >
      <label>
        {say("till")}
        <input type="text" maxLength={32} autocomplete="off" value={till} onInput={(e) => setTill(e.currentTarget.value)} />
      </label>
      <AmountField label={say("tendered")} value={tendered} onInput={setTendered} />
    </MoneyDialog>
  );
}

function Payments({ of, read }: { of: readonly Paid[]; read: Read<Whole> }): JSX.Element {
  const [back, giveBack] = useState<{ of: PaymentDetail; minor?: number; inCash?: boolean } | null>(null);
  const [out, handOut] = useState<Refund | null>(null);
  const [unfetched, withdraw] = useState<Refund | null>(null);
  return (
    <section class="panel money" aria-labelledby="payments-title">
      <h2 id="payments-title">{say("payments")}</h2>
      {of.length === 0 && <p class="soft">{say("payments_none")}</p>}
      <ul class="money-rows">
        {of.map(({ detail, refunds }) => (
          <li key={detail.payment_id} data-payment={detail.payment_id}>
            <b class="row-sum">{money(detail.amount)}</b>
            <p>
              {channelName(detail.channel)} · {clock(detail.captured_at ?? detail.created_at, now.value)}
              <small>
                {say("number")} {detail.number}
              </small>
            </p>
            <span class={`chip ${detail.state === "PAID" ? "chip-ok" : "chip-plain"}`}>{word("payment", detail.phase ?? detail.state)}</span>
            {detail.refunded.amount > 0 && <span>{say("refunded", { amount: money(detail.refunded) })}</span>}
            {mayGoBack(detail) && (
              <button type="button" onClick={() => giveBack({ of: detail })}>
                {say("refund")}
              </button>
            )}
            {refunds.length > 0 && (
              <Refunds
                of={refunds}
                isCash={detail.channel === "cash"}
                onHandOut={handOut}
                onWithdraw={withdraw}
                onAgain={mayGoBack(detail) ? (one, inCash) => giveBack({ of: detail, minor: one.amount.amount, inCash }) : null}
              />
            )}
          </li>
        ))}
      </ul>
      {back && <RefundDialog {...back} onClose={() => giveBack(null)} onDone={read.again} />}
      {out && <HandOutDialog of={out} onClose={() => handOut(null)} onDone={read.again} />}
      {unfetched && <WithdrawDialog of={unfetched} onClose={() => withdraw(null)} onDone={read.again} />}
    </section>
  );
}

const mayGoBack = (of: PaymentDetail): boolean => may("cases:work") && of.state === "PAID" && of.refunded.amount < of.amount.amount;

interface RefundsOf {
  of: readonly Refund[];
  isCash: boolean;
  onHandOut: (one: Refund) => void;
  onWithdraw: (one: Refund) => void;
  /** Null where nothing more may go back, or not by whoever looks. */
  onAgain: Again | null;
}

type Again = (one: Refund, inCash: boolean) => void;

function Refunds({ of, isCash, onHandOut, onWithdraw, onAgain }: RefundsOf): JSX.Element {
  const waits = (one: Refund): boolean => (isCash || one.channel === "cash") && may("cash:desk") && one.state !== "REFUNDED" && one.state !== "FAILED";
  return (
    <ul class="money-sub">
      {of.map((one) => (
        <li key={one.refund_id} data-refund={one.refund_id}>
          <span>
            −{money(one.amount)} · {clock(one.created_at, now.value)} · {one.reason}
          </span>
          <span class={`chip ${one.state === "REFUNDED" ? "chip-ok" : one.state === "FAILED" ? "chip-bad" : "chip-warn"}`}>{word("refund", one.state)}</span>
          {waits(one) && (
            <button type="button" onClick={() => onHandOut(one)}>
              {say("hand_out")}
            </button>
          )}
          {waits(one) && (
            <button type="button" onClick={() => onWithdraw(one)}>
              {say("withdraw")}
            </button>
          )}
          {one.state === "FAILED" && <WhyFailed of={one} isCash={isCash} onAgain={one === of.at(-1) ? onAgain : null} />}
        </li>
      ))}
    </ul>
  );
}

/** Why it did not go through, and what to do next: a channel that gives nothing back is not asked again, a desk can hand it out. */
function WhyFailed({ of, isCash, onAgain }: { of: Refund; isCash: boolean; onAgain: Again | null }): JSX.Element {
  const never = of.failure === NO_REFUNDS;
  return (
    <>
      <p class="refund-why">
        {failureOf(of.failure)}
        <small>{say(never ? "refund_next_other" : "refund_next_again")}</small>
      </p>
      {onAgain && !never && (
        <button type="button" onClick={() => onAgain(of, false)}>
          {say("refund_again")}
        </button>
      )}
      {onAgain && !isCash && (
        <button type="button" onClick={() => onAgain(of, true)}>
          {say("refund_in_cash")}
        </button>
      )}
    </>
  );
}

interface RefundOf {
  of: PaymentDetail;
  /** What a refund before this one was of. */
  minor?: number;
  inCash?: boolean;
  onClose: () => void;
  onDone: () => Promise<void>;
}

function RefundDialog({ of, minor, inCash, onClose, onDone }: RefundOf): JSX.Element {
  const rest = of.amount.amount - of.refunded.amount;
  const [amount, setAmount] = useState(typed(Math.min(rest, minor ?? rest)));
  return (
    <ReasonDialog
      title={say("refund_title", { amount: money(of.amount) })}
      note={say(inCash ? "refund_note_cash" : "refund_note")}
      reasons={["refund_lift", "refund_twice", "refund_wrong"]}
      confirm={say("refund_now")}
      done={say("refund_done")}
      failed="not_saved"
      onClose={onClose}
      check={() => (minorOf(amount) ? "" : say("amount_wrong"))}
      run={async (reason, key) => {
        const body: RefundIn = { amount: { amount: minorOf(amount) ?? 0, currency: of.amount.currency }, reason, in_cash: inCash ?? false };
        await call<Refund>(`/payments/${encodeURIComponent(of.payment_id)}/refunds`, { body, idempotencyKey: key });
        await onDone();
      }}
    >
      <AmountField label={say("amount")} value={amount} onInput={setAmount} />
    </ReasonDialog>
  );
}

function HandOutDialog({ of, onClose, onDone }: { of: Refund; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [till, setTill] = useState(keptTill);
  return (
    <MoneyDialog
      title={say("hand_out_title", { amount: money(of.amount) })}
      confirm={say("hand_out_now")}
      done={say("hand_out_done")}
      onClose={onClose}
      check={() => (TILL.test(till.trim()) ? "" : say("till_wrong"))}
      run={async (key) => {
        await call<Refund>(`/cash/refunds/${encodeURIComponent(of.refund_id)}/hand-out`, { body: { till: till.trim() }, idempotencyKey: key });
        await onDone();
      }}
    >
      <label>
        {say("till")}
        <input type="text" maxLength={32} autocomplete="off" value={till} onInput={(e) => setTill(e.currentTarget.value)} />
      </label>
    </MoneyDialog>
  );
}

function WithdrawDialog({ of, onClose, onDone }: { of: Refund; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  return (
    <ReasonDialog
      title={say("withdraw_title", { amount: money(of.amount) })}
      note={say("withdraw_note")}
      reasons={["refund_unfetched"]}
      confirm={say("withdraw_now")}
      done={say("withdraw_done")}
      failed="not_saved"
      onClose={onClose}
      run={async (reason, key) => {
        await call<Refund>(`/cash/refunds/${encodeURIComponent(of.refund_id)}/withdraw`, { body: { reason }, idempotencyKey: key });
        await onDone();
      }}
    />
  );
}
