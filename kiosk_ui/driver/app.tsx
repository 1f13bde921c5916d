// The driver's page: what is owed and why, one button, and until when to leave. Nothing else stands in the way.
import type { JSX } from "preact";
import { BillLines } from "../shared/bill";
import { clock, clockSeconds, count, money, plate, span } from "../shared/format";
import { named } from "../shared/i18n";
import { HelpButton } from "../shared/help_button";
import { LiveFeed, under } from "../shared/live";
import { Mark, type MarkName } from "../shared/marks";
import { hasEnded } from "../shared/paying";
import { Phone } from "../shared/phone";
import { now } from "../shared/tick";
import { say as both } from "../shared/words";
import type { MyStay, ZoneCount } from "../shared/wire";
import { finding } from "./find";
import { FindButton, FindPage } from "./find_page";
import { ChannelChoice } from "../shared/choice";
import { payer } from "../shared/in_app";
import { CardsCard } from "./cards_card";
import { DebtsCard } from "./debts_card";
import { InvoiceCard } from "./invoice_card";
import { RatingCard } from "./rating_card";
import { anotherWay, away, caller, forgetHere, isMember, pay, payment, payTrouble, receipt, starting, stay, stayAsOf, step, token, trouble } from "./stay";
import { say } from "./words";

export const feed = new LiveFeed(() => "zone");

export function App(): JSX.Element {
  const shown = token.value && !trouble.value;
  const old = Boolean(shown) && away.value;
  const lost = stay.value && stayAsOf.value ? say("offline", { time: clock(stayAsOf.value, now.value) }) : say("offline_first");
  const help = shown && stay.value && stay.value.state !== "closed" && <HelpButton caller={caller} />;
  return (
    <Phone
      title={say("title")}
      lost={old ? lost : null}
      foot={shown && stay.value && !finding.value && <PayBar stay={stay.value} />}
    >
      {finding.value && <FindPage />}
      {!shown && !finding.value && <Guide />}
      {shown && !finding.value && !stay.value && !away.value && <p class="loading">{say("loading")}</p>}
      {caller.found.value && help /* what became of it comes first for who was away; nothing moves under a thumb that has just pressed */}
      {shown && stay.value && !finding.value && <Stay stay={stay.value} />}
      {shown && stay.value && stay.value.state !== "closed" && !finding.value && <FindButton />}
      {!caller.found.value && help}
      <Levels />
      {isMember() && (
        <a class="wide to-guide" href="../member/">
          <Mark name="person" />
          {say("to_member")}
        </a>
      )}
      {shown && stay.value && !finding.value && (
        <button type="button" class="quiet wide" onClick={forgetHere}>
          {say("forget_here")}
        </button>
      )}
    </Phone>
  );
}

function Hero({ tone, mark, children }: { tone: string; mark?: MarkName; children: JSX.Element | (JSX.Element | null | false)[] }): JSX.Element {
  return (
    <section class={`hero hero-${tone}`} role="status">
      {mark && (
        <span class="hero-mark">
          <Mark name={mark} size="1.75rem" />
        </span>
      )}
      {children}
    </section>
  );
}

function Stay({ stay: s }: { stay: MyStay }): JSX.Element {
  const end = s.exited_at ? Date.parse(s.exited_at) : now.value;
  return (
    <>
      <Answer stay={s} />
      <section class="card">
        <dl class="facts">
          <div>
            <dt>{both("plate")}</dt>
            <dd class="plate">{s.plate ? plate(s.plate) : both("no_plate")}</dd>
          </div>
          <div>
            <dt>{both("entered")}</dt>
            <dd>{clock(s.entered_at, now.value)}</dd>
          </div>
          {s.exited_at && (
            <div>
              <dt>{say("closed_at")}</dt>
              <dd>{clock(s.exited_at, now.value)}</dd>
            </div>
          )}
          <div>
            <dt>{both("parked_for")}</dt>
            <dd>{span(Date.parse(s.entered_at), end)}</dd>
          </div>
        </dl>
        <BillLines bill={s.bill} />
      </section>
      {receipt.value && <ReceiptCard />}
      <JoinOffer />
      {s.bill.paid.amount > 0 && <RatingCard paid={s.bill.paid.amount} />}
      {s.bill.paid.amount > 0 && <InvoiceCard paid={s.bill.paid.amount} />}
      <DebtsCard />
      <CardsCard />
    </>
  );
}

/** An offer for who likes, once the payment is made; nothing on this page asks for it. */
function JoinOffer(): JSX.Element | null {
  const paid = payment.value?.state === "PAID" ? payment.value : null;
  if (!paid?.join_url) return null;
  return (
    <a class="wide join" href={paid.join_url} target="_blank" rel="noopener noreferrer">
      <span>
        {say("join")}
        <small class="soft">{say("join_note")}</small>
      </span>
    </a>
  );
}

function ReceiptCard(): JSX.Element | null {
  const r = receipt.value;
  if (!r) return null;
  return (
    <section class="card receipt" aria-labelledby="receipt-title">
      <h2 id="receipt-title">{say("receipt")}</h2>
      <dl class="facts">
        <div>
          <dt>{say("paid_at")}</dt>
          <dd>{clock(r.paid_at, now.value)}</dd>
        </div>
        <div>
          <dt>{named(r.channel_name)}</dt>
          <dd>{money(r.amount)}</dd>
        </div>
      </dl>
      <p class="soft small">
        {say("receipt_number")} {r.number}
      </p>
    </section>
  );
}

/** Whether something besides money has been taken off the fee. */
const takenOff = (s: MyStay): boolean => s.bill.lines.some((line) => line.amount.amount < 0);

/** Whether coupons pay it all, and wait for the driver's word. */
const couponsPay = (s: MyStay): boolean => s.state === "open" && s.bill.due.amount <= 0 && s.bill.can_settle;

/** The one thing that the driver wants to know, in one large word. */
function Answer({ stay: s }: { stay: MyStay }): JSX.Element {
  const until = s.leave_by ? Date.parse(s.leave_by) : null;
  if (s.state === "closed")
    return (
      <Hero tone="plain" mark="check">
        <p class="hero-word">{say("closed")}</p>
        <p>{say("closed_note")}</p>
      </Hero>
    );
  if (s.state === "review")
    return (
      <Hero tone="warn" mark="person">
        <p class="hero-word">{say("review")}</p>
        <p>{say("review_note")}</p>
      </Hero>
    );
  if (couponsPay(s))
    return (
      <Hero tone="ok" mark="check">
        <p class="hero-word">{say("covered")}</p>
        <p>{say("covered_note")}</p>
        {step.value && <p class="hero-left">{named(step.value.text)}</p>}
      </Hero>
    );
  if (s.state === "settled" || s.bill.due.amount <= 0)
    return (
      <Hero tone="ok" mark="check">
        <p>{s.bill.paid.amount > 0 || (s.state === "settled" && takenOff(s)) ? say("settled") : say("free_now")}</p>
        {until ? <p class="hero-word">{say("leave_by", { time: clock(until, now.value) })}</p> : null}
        {until && until > now.value ? <p class="hero-left">{say("left_min", { span: span(now.value, until + 59_000) })}</p> : null}
        <p>{s.state === "settled" ? say("settled_note") : say("free_note")}</p>
        {step.value && <p class="hero-left">{named(step.value.text)}</p>}
      </Hero>
    );
  return (
    <Hero tone="due">
      <p>{say("due_now")}</p>
      <p class="hero-sum">{money(s.bill.due)}</p>
      <p class="soft">{say("as_now", { time: clock(s.now, now.value) })}</p>
      {step.value && <p class="hero-step">{named(step.value.text)}</p>}
    </Hero>
  );
}

function PayBar({ stay: s }: { stay: MyStay }): JSX.Element | null {
  const free = couponsPay(s);
  if (s.state !== "open" || (s.bill.due.amount <= 0 && !free)) return null;
  const under = payment.value;
  const waiting = under !== null && !hasEnded(under);
  const failed = under !== null && (under.state === "FAILED" || under.state === "CLOSED");
  return (
    <footer class="pay">
      {waiting ? (
        <div role="status">
          <p class="pay-wait">
            <i class="spin" aria-hidden="true" />
            {say("waiting")}
          </p>
          <p class="soft">{say("waiting_note")}</p>
          {under.pay_url && (
            <a class="again" href={under.pay_url}>
              {say("open_again", { amount: money(under.amount) })}
            </a>
          )}
          <button type="button" class="quiet" onClick={anotherWay}>
            {say("another_way")}
          </button>
        </div>
      ) : (
        <>
          <p class="trouble" role="alert">
            {payTrouble.value ? say("pay_failed", { why: payTrouble.value }) : failed ? say("not_completed") : ""}
          </p>
          {!free && <ChannelChoice inside={payer() !== ""} />}
          <button type="button" class="main" disabled={starting.value || away.value} onClick={() => void pay()}>
            {away.value ? say("pay_offline") : free ? say("settle") : starting.value ? say("starting") : say("pay", { amount: money(s.bill.due) })}
          </button>
          <p class="soft small">{free ? say("settle_note") : say("no_account")}</p>
        </>
      )}
    </footer>
  );
}

function Guide(): JSX.Element {
  return (
    <>
      {trouble.value ? (
        <Hero tone="warn" mark="alert">
          <p class="hero-word">{say(trouble.value)}</p>
          <p>{say("expired_note")}</p>
        </Hero>
      ) : (
        <Hero tone="plain" mark="phone">
          <p class="hero-word">{say("no_token")}</p>
        </Hero>
      )}
      <section class="card" aria-labelledby="how">
        <h2 id="how">{say("how")}</h2>
        <ol class="how">
          <li>{say("how_1")}</li>
          <li>{say("how_2")}</li>
          <li>{say("how_3")}</li>
        </ol>
        <p class="soft small">{say("why_code")}</p>
      </section>
      <a class="wide to-guide" href="../guide/">
        <Mark name="car" />
        {say("to_guide")}
      </a>
    </>
  );
}

function Levels(): JSX.Element | null {
  const zones = under<ZoneCount>(feed.values.value, "zone.");
  if (!zones.length) return null;
  const lost = feed.line.value === "lost";
  return (
    <section class="card" aria-labelledby="levels">
      <h2 id="levels">{say("levels")}</h2>
      <ul class={`levels ${lost ? "old" : ""}`}>
        {zones.map(([id, zone]) => (
          <li key={id} data-zone={id}>
            <span>{named(zone.name)}</span>
            {zone.known ? (
              <b class={zone.free > 0 ? "" : "none"}>{zone.free > 0 ? count(zone.free) : both("full")}</b>
            ) : (
              <b class="unknown" title={both("unknown_count")}>
                ----
              </b>
            )}
            <small>{both("bays_of", { capacity: count(zone.capacity) })}</small>
          </li>
        ))}
      </ul>
      {lost && feed.asOf.value !== null && (
        <p class="soft small" data-testid="levels-old">
          {both("as_of", { time: clockSeconds(feed.asOf.value) })}
        </p>
      )}
    </section>
  );
}
