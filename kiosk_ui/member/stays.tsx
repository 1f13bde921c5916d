// Stays of one's own cars, what is still owed, what later stays are charged to, and invoices.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock, money, plate } from "../shared/format";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { OwnStay } from "../shared/wire";
import { InvoicesCard } from "./invoices_card";
import { LaterCard } from "./later_card";
import { say } from "./member_words";
import { Nothing, Part } from "./part";
import { OwedCard } from "./owed_card";
import { token } from "./session";
import { agreements, debts, invoices, load, stays } from "./sources";
import { SwitchOn } from "./switch_on";

export function Stays(): JSX.Element {
  useEffect(() => load(stays, debts, agreements, invoices), [token.value]);
  return (
    <>
      <OwedCard />
      <section class="card" aria-labelledby="stays">
        <h2 id="stays">{say("stays")}</h2>
        <Part
          of={stays}
          refused={(code) => (code === "member.no_consent" ? <HistoryOff /> : null)}
          empty={(all) => (all.length ? null : <Nothing word={say("stays_empty")} note={say("stays_empty_note")} />)}
        >
          {(all) => (
            <ul class="rows">
              {all.map((one) => (
                <li key={one.stay_id}>
                  <Row of={one} />
                </li>
              ))}
            </ul>
          )}
        </Part>
      </section>
      <InvoicesCard />
      <LaterCard />
    </>
  );
}

function HistoryOff(): JSX.Element {
  return (
    <>
      <p>{say("history_off")}</p>
      <SwitchOn purpose="history" note={say("history_off_note")} />
    </>
  );
}

export function stateOf(stay: OwnStay): { word: string; tone: "ok" | "warn" | "plain" | "accent" } {
  if (stay.exited_at === null) return stay.state === "settled" ? { word: say("state_settled"), tone: "ok" } : { word: say("state_open"), tone: "accent" };
  if (stay.bill.due.amount > 0) return { word: say("state_owing"), tone: "warn" };
  return stay.bill.total.amount > 0 ? { word: say("state_paid"), tone: "plain" } : { word: say("state_free"), tone: "plain" };
}

function Row({ of }: { of: OwnStay }): JSX.Element {
  const state = stateOf(of);
  return (
    <a class="row" href={`#/stays/${of.stay_id}`} data-stay={of.stay_id}>
      <span>
        <b>{clock(of.entered_at, now.value)}</b>
        <small class="soft">{plate(of.plate)}</small>
      </span>
      <span class="row-end">
        <b>{money(of.bill.total)}</b>
        <span class={`chip chip-${state.tone}`}>{state.word}</span>
      </span>
      <Mark name="next" />
    </a>
  );
}
