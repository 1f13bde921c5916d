// One function for each screen of the conversation.
import type { JSX } from "preact";
import { BillLines } from "../shared/bill";
import { ChannelChoice } from "../shared/choice";
import { clock, clockSeconds, count, money, plate, span } from "../shared/format";
import { named } from "../shared/i18n";
import { under } from "../shared/live";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import { say as both } from "../shared/words";
import type { MyStay, ZoneCount } from "../shared/wire";
import { change, ways } from "./cash";
import { MachineWays } from "./cash_screen";
import { backToFee, enterPlate, pay } from "./flow";
import { demo, enrolled, feed, ownCode, payingBy, payment, stay, token, trouble, typed } from "./state";
import { FindButton } from "./find_screen";
import { Keyboard, PlateBoxes } from "./keyboard";
import { Qr } from "./qr";
import { say } from "./words";

export function Start(): JSX.Element {
  const lost = feed.line.value === "lost";
  return (
    <>
      <section class="board" aria-labelledby="free-title" tabIndex={0}>
        <h2 id="free-title">
          {say("free_now")}
          {lost && feed.asOf.value !== null && <small>{both("as_of", { time: clockSeconds(feed.asOf.value) })}</small>}
        </h2>
        <ul class={lost ? "old" : ""}>
          {under<ZoneCount>(feed.values.value, "zone.").map(([id, zone]) => (
            <li key={id} data-zone={id}>
              <span>{named(zone.name)}</span>
              {zone.known ? <b class={zone.free > 0 ? "" : "none"}>{zone.free > 0 ? count(zone.free) : both("full")}</b> : <b class="unknown">----</b>}
            </li>
          ))}
        </ul>
      </section>
      <section class="welcome">
        <h2>{say("welcome")}</h2>
        <p>{say("welcome_note")}</p>
        {!enrolled.value && (
          <p class="trouble" role="alert">
            {say("not_enrolled")}
          </p>
        )}
        <button type="button" class="main huge" onClick={enterPlate} disabled={!enrolled.value || lost}>
          <Mark name="car" />
          {say("start")}
        </button>
        {enrolled.value && !lost && <FindButton />}
      </section>
    </>
  );
}

export function Plate(): JSX.Element {
  return (
    <>
      <section class="reading">
        <h2>{say("enter_plate")}</h2>
        <PlateBoxes />
        {!trouble.value && <p class="hint">{typed.value ? say("enter_rest") : say("enter_province")}</p>}
        <p class="trouble" role="alert">
          {trouble.value && say("failed", { why: trouble.value })}
        </p>
      </section>
      <Keyboard />
    </>
  );
}

export function Missing(): JSX.Element {
  return (
    <>
      <section class="reading answer">
        <span class="round round-warn">
          <Mark name="alert" size="1em" />
        </span>
        <h2>{say("not_found")}</h2>
        <PlateBoxes />
        <p>{say("not_found_note")}</p>
        <p class="soft">{say("not_found_help")}</p>
      </section>
      <button type="button" class="main huge" onClick={enterPlate}>
        {say("try_again")}
      </button>
    </>
  );
}

function Facts({ stay: s }: { stay: MyStay }): JSX.Element {
  return (
    <dl class="facts">
      <div>
        <dt>{both("plate")}</dt>
        <dd>{s.plate ? plate(s.plate) : both("no_plate")}</dd>
      </div>
      <div>
        <dt>{both("entered")}</dt>
        <dd>{clock(s.entered_at, now.value)}</dd>
      </div>
      <div>
        <dt>{both("parked_for")}</dt>
        <dd>{span(Date.parse(s.entered_at), now.value)}</dd>
      </div>
    </dl>
  );
}

export function Fee(): JSX.Element {
  const s = stay.value;
  if (!s) return <></>;
  if (s.state !== "open" || s.bill.due.amount <= 0) return <NothingToPay stay={s} />;
  const phone = new URL(`../driver/#t=${token.value}`, location.href).href;
  return (
    <>
      <section class="reading sum">
        <h2>{say("due_now")}</h2>
        <p class="amount">{money(s.bill.due)}</p>
        <Facts stay={s} />
      </section>
      <div class="card" role="group" tabIndex={0} aria-label={both("fee_lines")}>
        <BillLines bill={s.bill} />
      </div>
      <div class="choices">
        <section class="card by-phone">
          <Qr text={phone} label={say("phone_qr")} link={demo} />
          <p>
            <b>{say("phone")}</b>
            <span>{say("phone_note")}</span>
          </p>
        </section>
        <ChannelChoice />
        <button type="button" class="main huge" onClick={() => void pay()} disabled={feed.line.value === "lost"}>
          {say(ways.value?.cash || ways.value?.card ? "pay_phone" : "pay_sum", { amount: money(s.bill.due) })}
        </button>
        <MachineWays />
      </div>
    </>
  );
}

function NothingToPay({ stay: s }: { stay: MyStay }): JSX.Element {
  if (s.state === "closed" || s.state === "review")
    return (
      <section class="reading answer">
        <span class="round round-warn">
          <Mark name="person" size="1em" />
        </span>
        <h2>{s.state === "closed" ? say("closed") : say("review")}</h2>
        {s.state === "review" && <p>{say("review_note")}</p>}
        <Facts stay={s} />
      </section>
    );
  return (
    <>
      <Leave stay={s} word={s.bill.paid.amount > 0 ? say("settled") : say("nothing_due")} />
      <div class="card" role="group" tabIndex={0} aria-label={both("fee_lines")}>
        <BillLines bill={s.bill} />
      </div>
      {ownCode.value && <FindButton />}
    </>
  );
}

function Leave({ stay: s, word }: { stay: MyStay; word: string }): JSX.Element {
  return (
    <section class="reading answer answer-ok" role="status">
      <span class="round">
        <Mark name="check" size="1em" />
      </span>
      <h2>{word}</h2>
      {s.leave_by && <p class="leave-by">{say("leave_by", { time: clock(s.leave_by, now.value) })}</p>}
      <p>{s.state === "settled" ? say("drive_out") : say("go_now")}</p>
      <Facts stay={s} />
    </section>
  );
}

export function Pay(): JSX.Element {
  const p = payment.value;
  const failed = p?.state === "FAILED" || p?.state === "CLOSED";
  const due = p?.amount ?? stay.value?.bill.due;
  const byCard = payingBy.value === ways.value?.card;
  return (
    <>
      <section class="reading sum">
        <h2>{say(byCard ? "card_hold" : "scan")}</h2>
        {due && <p class="amount">{money(due)}</p>}
        {trouble.value || failed ? (
          <div class="qr-place qr-none">
            <span class="round round-warn">
              <Mark name="alert" size="1em" />
            </span>
            <p class="trouble" role="alert">
              {trouble.value ? say("pay_failed", { why: trouble.value }) : say("not_completed")}
            </p>
            <button type="button" class="main huge" onClick={() => void pay(payingBy.value)}>
              {say("pay_again")}
            </button>
          </div>
        ) : p && byCard ? (
          <div class="qr-place qr-none card-place">
            <Mark name="card" size="12rem" />
            <p>{say("card_where")}</p>
          </div>
        ) : p?.pay_url ? (
          <div class="qr-place">
            <Qr text={p.pay_url} label={say("pay_qr", { amount: money(p.amount) })} link={demo} />
          </div>
        ) : (
          <div class="qr-place qr-none">
            <i class="spin" aria-hidden="true" />
            <p>{say("preparing")}</p>
          </div>
        )}
        {p && !failed && !trouble.value && (
          <p class="wait" role="status">
            <i class="spin" aria-hidden="true" />
            {say(byCard ? "card_waiting" : "waiting")}
          </p>
        )}
        {!byCard && !failed && !trouble.value && <p class="soft">{say("scan_note")}</p>}
      </section>
      <button type="button" class="huge" onClick={backToFee}>
        <Mark name="back" />
        {say("back_to_fee")}
      </button>
    </>
  );
}

export function Done(): JSX.Element {
  if (!stay.value) return <></>;
  return (
    <>
      <Leave stay={stay.value} word={say("paid")} />
      {change.value && (
        <p class="card change-note" role="status">
          <Mark name="note" />
          {say("cash_take_change", { amount: money(change.value) })}
        </p>
      )}
      {ownCode.value && <FindButton />}
    </>
  );
}
