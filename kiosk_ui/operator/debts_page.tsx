// What cars still owe, and what their drivers object to: each dispute with its evidence, ended by a decision with a name and a reason.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock, money } from "../shared/format";
import { now } from "../shared/tick";
import type { Debt, DebtPage, DecideDispute } from "../shared/wire";
import { Tabs, useRead, Waiting } from "./money_frame";
import { money as say, word } from "./money_words";
import { Nothing } from "./nothing";
import { ReasonDialog } from "./reason";
import { toBill, toStay } from "./route";
import { may } from "./session";
import { called } from "./together";

type Deed = "dispute" | "owed" | "not_owed" | "write_off";
const STATES = ["open", "disputed", "paid", "written_off"] as const;

export function Debts(): JSX.Element {
  const [state, setState] = useState<string>("disputed");
  const [more, setMore] = useState<DebtPage[]>([]);
  const [asked, ask] = useState<{ debt: Debt; deed: Deed } | null>(null);
  const first = useRead(() => call<DebtPage>(`/debts?state=${state}&limit=50`), [state]);
  const pages = first.value ? [first.value, ...more] : [];
  const rows = pages.flatMap((page) => page.items);
  const next = pages.at(-1)?.next;
  const again = async (): Promise<void> => {
    setMore([]);
    await first.again();
  };
  return (
    <main id="main" tabIndex={-1} class="narrow">
      <section class="panel money" aria-labelledby="debts-title">
        <h2 id="debts-title">{say("debts_title")}</h2>
        <Tabs
          name={say("debts_title")}
          chosen={state}
          onChoose={(key) => {
            setMore([]);
            setState(key);
          }}
          of={STATES.map((one) => [one, word("debt", one)] as const)}
        />
        <Waiting of={first} />
        {first.value && rows.length === 0 && <Nothing mark="check" word={word("no_debts", state)} note={state === "open" ? say("debts_none_note") : ""} />}
        <ul class="money-rows">
          {rows.map((one) => (
            <Row key={one.stay_id} of={one} onAsk={(deed) => ask({ debt: one, deed })} />
          ))}
        </ul>
        {next && (
          <button type="button" onClick={() => void call<DebtPage>(`/debts?state=${state}&limit=50&cursor=${encodeURIComponent(next)}`).then((page) => setMore([...more, page]), () => undefined)}>
            {say("more")}
          </button>
        )}
      </section>
      {asked && <DeedDialog {...asked} onClose={() => ask(null)} onDone={again} />}
    </main>
  );
}

function Row({ of, onAsk }: { of: Debt; onAsk: (deed: Deed) => void }): JSX.Element {
  const about = [
    `${say("since")} ${clock(of.since, now.value)}`,
    of.tries > 0 && say("tries", { count: of.tries }),
    of.next_try_at && say("next_try", { time: clock(of.next_try_at, now.value) }),
  ].filter(Boolean);
  return (
    <li data-debt={of.stay_id} data-state={of.state}>
      <span class={`plate plate-small ${of.plate ? "" : "plate-none"}`}>{called(of)}</span>
      <p>
        <b>{say("left_of", { left: money(of.left), amount: money(of.amount) })}</b>
        <small>{about.join(" · ")}</small>
        <small>
          <a href={toBill(of.stay_id)}>{say("bill_of_stay")}</a>
        </small>
        <small>
          <a href={toStay(of.stay_id)}>{say("evidence")}</a>
        </small>
      </p>
      {of.blocked && <span class="chip chip-bad">{say("blocked")}</span>}
      {may("cases:work") && (
        <div class="deeds">
          {of.state === "open" && (
            <>
              <button type="button" onClick={() => onAsk("dispute")}>
                {say("dispute")}
              </button>
              <button type="button" onClick={() => onAsk("write_off")}>
                {say("write_off")}
              </button>
            </>
          )}
          {of.state === "disputed" && (
            <>
              <button type="button" onClick={() => onAsk("owed")}>
                {say("owed")}
              </button>
              <button type="button" onClick={() => onAsk("not_owed")}>
                {say("not_owed")}
              </button>
            </>
          )}
        </div>
      )}
    </li>
  );
}

function DeedDialog({ debt, deed, onClose, onDone }: { debt: Debt; deed: Deed; onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const at = `/debts/${encodeURIComponent(debt.stay_id)}`;
  const values = { plate: called(debt), amount: money(debt.left) };
  const post = async (path: string, body: unknown, key: string): Promise<void> => {
    await call(`${at}/${path}`, { body, idempotencyKey: key });
    await onDone();
  };
  const decide = (owed: boolean) => (reason: string, key: string) => post("decide", { owed, reason } satisfies DecideDispute, key);
  const common = { onClose, failed: "not_saved" as const };
  if (deed === "dispute")
    return (
      <ReasonDialog
        {...common}
        title={say("dispute_title", values)}
        note={say("dispute_note")}
        reasons={["debt_by_phone", "debt_at_desk"]}
        confirm={say("dispute_now")}
        done={say("disputed")}
        run={(reason, key) => post("dispute", { reason }, key)}
      />
    );
  if (deed === "owed")
    return (
      <ReasonDialog {...common} title={say("owed_title", values)} note={say("owed_note")} reasons={["debt_proven"]} confirm={say("owed_now")} done={say("decided")} run={decide(true)} />
    );
  if (deed === "not_owed")
    return (
      <ReasonDialog
        {...common}
        title={say("not_owed_title", values)}
        note={say("not_owed_note")}
        reasons={["debt_not_his", "debt_fault"]}
        confirm={say("not_owed_now")}
        done={say("decided")}
        run={decide(false)}
      />
    );
  return (
    <ReasonDialog
      {...common}
      title={say("write_off_title", values)}
      note={say("not_owed_note")}
      reasons={["debt_goodwill", "debt_fault"]}
      confirm={say("not_owed_now")}
      done={say("written_off")}
      run={(reason, key) => post("write-off", { reason }, key)}
    />
  );
}
