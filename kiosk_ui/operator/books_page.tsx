// The providers' days against our ledger, the balances of any day, one account day by day, and the journal for the mall's bookkeeping.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { at, call } from "../shared/api";
import { channelName, loadChannels } from "../shared/channels";
import { clock, money, siteZone } from "../shared/format";
import { now } from "../shared/tick";
import type { AccountDay, Balance, Statements } from "../shared/wire";
import { useRead, Waiting } from "./money_frame";
import { money as say, word } from "./money_words";
import { Nothing } from "./nothing";
import { may } from "./session";
import { TableFrame } from "./table_frame";

/** A day at the site as the server writes it, so many days ago. */
function siteDay(ago = 0): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: siteZone.value, year: "numeric", month: "2-digit", day: "2-digit" }).format(now.value - ago * 86_400_000);
}

/** An account as an accountant says it: what it is, and whose. */
function accountName(account: string): string {
  const [head = account, rest = ""] = account.split(/:(.*)/);
  if (!rest || head === "revenue" || head === "safe") return word("account", head);
  return `${word("account", head)} ${head === "clearing" ? channelName(rest) : rest}`;
}

export function Books(): JSX.Element {
  useEffect(() => void loadChannels(), []);
  return (
    <main id="main" tabIndex={-1} class="narrow">
      <Days />
      {may("ledger:read") && <Ledger />}
    </main>
  );
}

const amountOf = (amount: number | null, currency: string): string => (amount === null ? "—" : money({ amount, currency }));

function Days(): JSX.Element {
  const read = useRead(() => call<Statements>("/statements"), []);
  const found = read.value;
  return (
    <section class="panel money" aria-labelledby="books-title">
      <h2 id="books-title">{say("books_title")}</h2>
      <p class="soft">{say("books_note")}</p>
      <Waiting of={read} />
      {found && (
        <>
          <h3>{say("open_differences")}</h3>
          {found.open.length === 0 && (
            <p>
              <span class="chip chip-ok">{say("open_none")}</span>
            </p>
          )}
          <ul class="money-rows" data-testid="differences">
            {found.open.map((one) => (
              <li key={`${one.channel} ${one.day} ${one.number} ${one.difference}`}>
                <p>
                  <b>{word("difference", one.difference)}</b> · {channelName(one.channel)} · {one.day}
                  <small>
                    {say("number")} {one.number} · {say("here")} {amountOf(one.here, one.currency)} · {say("there")} {amountOf(one.there, one.currency)}
                  </small>
                </p>
              </li>
            ))}
          </ul>
          {found.open.length > 0 && may("cases:read") && (
            <p>
              <a href="#/desk">{say("to_cases")}</a>
            </p>
          )}
          <h3>{say("days")}</h3>
          {found.days.length === 0 && <Nothing mark="clock" word={say("days_none")} note={say("days_none_note")} />}
          <ul class="money-rows" data-testid="days">
            {found.days.map((one) => (
              <li key={`${one.channel} ${one.day}`}>
                <p>
                  <b>{one.day}</b> · {channelName(one.channel)} · {say("lines", { count: one.lines })}
                  <small>{say("looked_at", { time: clock(one.looked_at, now.value) })}</small>
                </p>
                <span class={`chip chip-${one.differences ? "bad" : "ok"}`}>{one.differences ? say("differences", { count: one.differences }) : say("clean")}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Ledger(): JSX.Element {
  const [day, setDay] = useState(() => siteDay());
  const [since, setSince] = useState(() => siteDay(30));
  const [account, setAccount] = useState("");
  const read = useRead(() => call<Balance[]>(`/ledger/days/${day}/balances`), [day]);
  const totals = new Map<string, number>();
  for (const one of read.value ?? []) totals.set(one.unit, (totals.get(one.unit) ?? 0) + one.balance);
  return (
    <section class="panel money" aria-labelledby="ledger-title">
      <h2 id="ledger-title">{say("ledger")}</h2>
      <div class="money-fields">
        <label>
          {say("since_day")}
          <input type="date" max={day} value={since} onInput={(e) => e.currentTarget.value && setSince(e.currentTarget.value)} />
        </label>
        <label>
          {say("until_day")}
          <input type="date" min={since} value={day} onInput={(e) => e.currentTarget.value && setDay(e.currentTarget.value)} />
        </label>
        <a class="button" href={at(`/ledger/journal.csv?since=${since}&until=${day}`)} download={`journal-${since}-${day}.csv`}>
          {say("journal")}
        </a>
      </div>
      <Waiting of={read} />
      {read.value?.length === 0 && <Nothing mark="clock" word={say("ledger_empty", { day })} />}
      {read.value && read.value.length > 0 && (
        <TableFrame name={say("ledger_at", { day })} as="money-table">
          <table data-testid="balances">
            <caption>{say("ledger_at", { day })}</caption>
            <thead>
              <tr>
                <th scope="col">{say("account")}</th>
                <th scope="col">{say("balance")}</th>
              </tr>
            </thead>
            <tbody>
              {read.value.map((one) => (
                <tr key={`${one.account} ${one.unit}`}>
                  <th scope="row">
                    <button type="button" class="quiet account" aria-expanded={account === one.account} onClick={() => setAccount(account === one.account ? "" : one.account)}>
                      {accountName(one.account)}
                      <small>{one.account}</small>
                    </button>
                  </th>
                  <td>{money({ amount: one.balance, currency: one.unit })}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              {[...totals].map(([unit, amount]) => (
                <tr key={unit}>
                  <th scope="row">{say("ledger_sum")}</th>
                  <td>{money({ amount, currency: unit })}</td>
                </tr>
              ))}
            </tfoot>
          </table>
        </TableFrame>
      )}
      {account && <ByDay key={`${account} ${since} ${day}`} account={account} since={since} until={day} />}
    </section>
  );
}

function ByDay({ account, since, until }: { account: string; since: string; until: string }): JSX.Element {
  const read = useRead(() => call<AccountDay[]>(`/ledger/account?account=${encodeURIComponent(account)}&since=${since}&until=${until}`), []);
  return (
    <>
      <Waiting of={read} />
      {read.value && (
        <TableFrame name={say("account_days", { account: accountName(account) })} as="money-table">
          <table data-testid="account">
            <caption>{say("account_days", { account: accountName(account) })}</caption>
            <thead>
              <tr>
                <th scope="col">{say("ledger_day")}</th>
                <th scope="col">{say("debit")}</th>
                <th scope="col">{say("credit")}</th>
                <th scope="col">{say("balance")}</th>
              </tr>
            </thead>
            <tbody>
              {read.value.map((one) => (
                <tr key={`${one.day} ${one.unit}`}>
                  <th scope="row">{one.day}</th>
                  <td>{money({ amount: one.debit, currency: one.unit })}</td>
                  <td>{money({ amount: one.credit, currency: one.unit })}</td>
                  <td>{money({ amount: one.balance, currency: one.unit })}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
    </>
  );
}
