// Paying with notes: what is in, what is missing, what comes back, in numbers that can be read from two metres.
import type { JSX } from "preact";
import { money } from "../shared/format";
import { Mark } from "../shared/marks";
import type { CashSession } from "../shared/wire";
import { cancelCash, cash, payCash, seen, ways } from "./cash";
import { backToFee, pay } from "./flow";
import { feed, stay, trouble } from "./state";
import { cashTrouble, say } from "./words";

/** The ways that this machine itself has, below the phone's code on the screen of the fee. */
export function MachineWays(): JSX.Element | null {
  const offer = ways.value?.cash;
  const card = ways.value?.card;
  const lost = feed.line.value === "lost";
  if (!offer && !card) return null;
  return (
    <div class="machine-ways">
      {offer && (
        <button type="button" onClick={() => void payCash()} disabled={lost || offer.trouble !== ""}>
          <Mark name="note" />
          <span>
            <b>{say("cash")}</b>
            <small>{offer.trouble ? cashTrouble(offer.trouble) : say(offer.gives_change ? "cash_change" : "cash_exact")}</small>
          </span>
        </button>
      )}
      {card && (
        <button type="button" onClick={() => void pay(card)} disabled={lost}>
          <Mark name="card" />
          <span>
            <b>{say("card")}</b>
            <small>{say("card_note")}</small>
          </span>
        </button>
      )}
    </div>
  );
}

export function Cash(): JSX.Element {
  const s = cash.value;
  if (!s) return <Beginning />;
  if (s.state === "over" && s.owed.amount > 0) return <Slip of={s} />;
  if (s.state === "giving" || s.state === "over") return <Giving of={s} />;
  return <Inserting of={s} />;
}

function Beginning(): JSX.Element {
  return (
    <>
      <section class="reading sum">
        <h2>{say("cash")}</h2>
        {stay.value && <p class="amount">{money(stay.value.bill.due)}</p>}
        <div class="qr-place qr-none">
          {trouble.value ? (
            <p class="trouble" role="alert">
              {say("cash_failed", { why: trouble.value })}
            </p>
          ) : (
            <>
              <i class="spin" aria-hidden="true" />
              <p>{say("cash_preparing")}</p>
            </>
          )}
        </div>
      </section>
      <button type="button" class="huge" onClick={backToFee}>
        <Mark name="back" />
        {say("other_way")}
      </button>
    </>
  );
}

function Inserting({ of: s }: { of: CashSession }): JSX.Element {
  const ending = s.state === "ending";
  return (
    <>
      <section class="reading sum">
        <h2>{ending ? say("cash_ending") : s.trouble ? say("cash_stopped") : say("cash_insert")}</h2>
        <p class="amount" data-testid="cash-left">
          {money(s.left)}
        </p>
        <p class="cash-left-word">{say("cash_left")}</p>
      </section>
      <dl class="card cash-sums">
        <div>
          <dt>{say("cash_due")}</dt>
          <dd>{money(s.due)}</dd>
        </div>
        <div class={s.inserted.amount > 0 ? "cash-in" : ""} aria-live="polite">
          <dt>{say("cash_inserted")}</dt>
          <dd data-testid="cash-inserted">{money(s.inserted)}</dd>
        </div>
      </dl>
      {s.trouble && !ending ? (
        <div class="card cash-trouble" role="alert">
          <Mark name="alert" size="1.4em" />
          <p>
            <b>{cashTrouble(s.trouble)}</b>
            <span>{say(s.inserted.amount > 0 ? "cash_trouble_in" : "cash_trouble_none")}</span>
          </p>
        </div>
      ) : (
        <section class="card cash-notes" aria-labelledby="notes-title">
          <h2 id="notes-title">{ending || s.holds ? say("cash_checking") : say("cash_takes")}</h2>
          <ul>
            {s.notes.map((note) => (
              <li key={note.amount}>{money(note).replace(/\.00$/, "")}</li>
            ))}
          </ul>
          {!ending && <p>{say(s.notes.some((note) => note.amount > s.left.amount) ? "cash_gives" : "cash_exact_only")}</p>}
        </section>
      )}
      <button type="button" class="huge" onClick={cancelCash} disabled={ending}>
        <Mark name="back" />
        {say(s.inserted.amount > 0 ? "cash_cancel_back" : "other_way")}
      </button>
    </>
  );
}

function Giving({ of: s }: { of: CashSession }): JSX.Element {
  const paid = s.why === "paid";
  return (
    <>
      <section class={`reading answer cash-giving ${paid ? "answer-ok" : ""}`} role="status">
        <span class={`round ${paid ? "" : "round-warn"}`}>
          <Mark name={paid ? "check" : "back"} size="1em" />
        </span>
        <h2>{say(paid ? "paid" : "cash_cancelled")}</h2>
        <p class="leave-by">{say(paid ? "cash_take_change" : "cash_take_back", { amount: money(s.change) })}</p>
        {s.state === "giving" && (
          <p class="wait">
            <i class="spin" aria-hidden="true" />
            {say("cash_falling", { given: money(s.given) })}
          </p>
        )}
      </section>
      {s.state === "over" && (
        <button type="button" class="main huge" onClick={seen}>
          {say("other_way")}
        </button>
      )}
    </>
  );
}

/** What the machine could not give back: it is on record, and the code says whose it is. */
function Slip({ of: s }: { of: CashSession }): JSX.Element {
  return (
    <>
      <section class="reading answer" role="status">
        <span class="round round-warn">
          <Mark name="note" size="1em" />
        </span>
        <h2>{say("slip_owed", { amount: money(s.owed) })}</h2>
        {s.given.amount > 0 && <p>{say("slip_given", { amount: money(s.given) })}</p>}
        <p class="slip" data-testid="slip" aria-label={say("slip_code")}>
          {s.slip}
        </p>
        <p>{say("slip_note")}</p>
        {s.why === "paid" && <p class="soft">{say("slip_paid")}</p>}
      </section>
      <button type="button" class="main huge" onClick={seen}>
        {say("slip_seen")}
      </button>
    </>
  );
}
