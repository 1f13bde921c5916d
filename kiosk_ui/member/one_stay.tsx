// One stay: when, how long, what it cost line by line, what was paid, and the receipt of each payment.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { BillLines } from "../shared/bill";
import { channelName } from "../shared/channels";
import { clock, money, plate, span } from "../shared/format";
import { named } from "../shared/i18n";
import { now } from "../shared/tick";
import type { OwnStay, Receipt } from "../shared/wire";
import { Back } from "./back";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Nothing, Part, Trouble } from "./part";
import { PayButton } from "./pay_button";
import { token } from "./session";
import { load, stays } from "./sources";
import { stateOf } from "./stays";

export function OneStay({ id }: { id: string }): JSX.Element {
  useEffect(() => load(stays), [token.value]);
  return (
    <>
      <Back to="#/stays" />
      <section class="card" aria-labelledby="stay">
        <Part of={stays} empty={(all) => (all.some((one) => one.stay_id === id) ? null : <Nothing word={say("stays_empty")} note={say("stays_empty_note")} />)}>
          {(all) => all.filter((one) => one.stay_id === id).map((one) => <Whole key={id} stay={one} />)}
        </Part>
      </section>
    </>
  );
}

function Whole({ stay }: { stay: OwnStay }): JSX.Element {
  const state = stateOf(stay);
  const end = stay.exited_at ? Date.parse(stay.exited_at) : now.value;
  return (
    <>
      <div class="stay-head">
        <h2 id="stay">{plate(stay.plate)}</h2>
        <span class={`chip chip-${state.tone}`}>{state.word}</span>
      </div>
      <dl class="facts">
        <div>
          <dt>{say("entered")}</dt>
          <dd>{clock(stay.entered_at, now.value)}</dd>
        </div>
        {stay.exited_at && (
          <div>
            <dt>{say("left_at")}</dt>
            <dd>{clock(stay.exited_at, now.value)}</dd>
          </div>
        )}
        <div>
          <dt>{say("parked_for")}</dt>
          <dd>{span(Date.parse(stay.entered_at), end)}</dd>
        </div>
      </dl>
      <BillLines bill={stay.bill} />
      {stay.exited_at === null && <PayButton stay={stay} />}
      {stay.payments.length > 0 && (
        <section class="paid-with" aria-labelledby="payments">
          <h3 id="payments">{say("payments")}</h3>
          {stay.payments.map((one) => (
            <Paid key={one.payment_id} stay={stay.stay_id} of={one} />
          ))}
        </section>
      )}
    </>
  );
}

function Paid({ stay, of }: { stay: string; of: OwnStay["payments"][number] }): JSX.Element {
  const [receipt, put] = useState<Receipt | null>(null);
  const deed = useDeed();
  const paid = of.state === "PAID";
  const over = of.state === "FAILED" || of.state === "CLOSED";
  const fetch = () =>
    void deed.run(async () => put(await ask<Receipt>(`/me/stays/${encodeURIComponent(stay)}/payments/${encodeURIComponent(of.payment_id)}/receipt`)));
  return (
    <div class="payment" data-payment={of.state}>
      <p>
        <b>{money(of.amount)}</b> <span class="soft">{`${channelName(of.channel)} · ${say(paid ? "payment_PAID" : over ? "payment_over" : "payment_open")}`}</span>
      </p>
      {receipt ? (
        <div class="receipt" role="status">
          <dl class="facts">
            <div>
              <dt>{say("paid_at")}</dt>
              <dd>{clock(receipt.paid_at, now.value)}</dd>
            </div>
            <div>
              <dt>{named(receipt.channel_name)}</dt>
              <dd>{money(receipt.amount)}</dd>
            </div>
          </dl>
          <p class="soft small">{say("receipt_of", { number: receipt.number })}</p>
        </div>
      ) : (
        paid && (
          <button type="button" disabled={deed.busy} onClick={fetch}>
            {say("receipt")}
          </button>
        )
      )}
      <Trouble of={deed.trouble} />
    </div>
  );
}
