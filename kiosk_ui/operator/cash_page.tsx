// Cash shifts: open with a count, count in between, move money to the safe and back, close with a count; every difference has a name.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock, money } from "../shared/format";
import { now } from "../shared/tick";
import type { OpenShift, Shift, ShiftPage, ShiftReport } from "../shared/wire";
import { CloseDialog, CountDialog, MoveDialog } from "./cash_dialogs";
import { Slips } from "./cash_slips";
import { AmountField, CountFields, currency, keepTill, keptTill, minorOf, MoneyDialog, piecesOf, TILL, useCount } from "./money_form";
import { useRead, Waiting } from "./money_frame";
import { money as say, word } from "./money_words";
import { Nothing } from "./nothing";
import { toShift } from "./route";
import { may } from "./session";

export function CashDesk({ id }: { id: string }): JSX.Element {
  const list = useRead(() => call<ShiftPage>("/cash/shifts?limit=50"), []);
  const [opening, open] = useState(false);
  const chosen = id || list.value?.items[0]?.shift_id;
  return (
    <main id="main" tabIndex={-1} class="narrow">
      <section class="panel money" aria-labelledby="cash-title">
        <div class="title-row">
          <h2 id="cash-title">{say("cash_title")}</h2>
          {may("cash:desk") && (
            <button type="button" class="main" onClick={() => open(true)}>
              {say("shift_open")}
            </button>
          )}
        </div>
        <p class="soft">{say("cash_note")}</p>
        <Waiting of={list} />
        {list.value?.items.length === 0 && <Nothing mark="note" word={say("cash_none")} note={say("cash_none_note")} />}
        <ul class="money-rows">
          {list.value?.items.map((one) => (
            <li key={one.shift_id} data-shift={one.shift_id} data-state={one.state}>
              <a href={toShift(one.shift_id)} aria-current={one.shift_id === chosen ? "true" : undefined}>
                <b>{one.till}</b>
              </a>
              <p>
                {clock(one.opened_at, now.value)}
                {one.closed_at && ` – ${clock(one.closed_at, now.value)}`}
                <small>{say("by", { name: one.opened_by })}</small>
              </p>
              <span class={`chip ${one.state === "open" ? "chip-accent" : "chip-plain"}`}>{word("shift", one.state)}</span>
              {one.difference && <Difference of={one} />}
            </li>
          ))}
        </ul>
      </section>
      {may("cash:desk") && <Slips onChange={list.again} />}
      {chosen && <OneShift key={chosen} id={chosen} onChange={list.again} />}
      {opening && <OpenDialog onClose={() => open(false)} onDone={list.again} />}
    </main>
  );
}

function Difference({ of }: { of: Shift }): JSX.Element | null {
  const found = of.difference;
  if (!found) return null;
  if (found.amount === 0) return <span class="chip chip-ok">{say("difference_none")}</span>;
  const amount = money({ ...found, amount: Math.abs(found.amount) });
  return <span class={`chip chip-${found.amount < 0 ? "bad" : "warn"}`}>{say(found.amount < 0 ? "difference_short" : "difference_over", { amount })}</span>;
}

function OpenDialog({ onClose, onDone }: { onClose: () => void; onDone: () => Promise<void> }): JSX.Element {
  const [till, setTill] = useState(keptTill);
  const [brought, setBrought] = useState("");
  const [reason, setReason] = useState("");
  const [counts, count] = useCount();
  return (
    <MoneyDialog
      title={say("shift_open")}
      confirm={say("shift_open_now")}
      done={say("shift_opened")}
      onClose={onClose}
      check={() => (!TILL.test(till.trim()) ? say("till_wrong") : brought.trim() && minorOf(brought) === null ? say("amount_wrong") : "")}
      run={async (key) => {
        const body: OpenShift = { till: till.trim(), counts: piecesOf(counts), brought: minorOf(brought) ?? 0, reason: reason.trim() || null };
        const made = await call<Shift>("/cash/shifts", { body, idempotencyKey: key });
        keepTill(made.till);
        await onDone();
        location.hash = toShift(made.shift_id);
      }}
    >
      <label>
        {say("till")}
        <input type="text" maxLength={32} autocomplete="off" value={till} onInput={(e) => setTill(e.currentTarget.value)} />
      </label>
      <CountFields counts={counts} onCount={count} />
      <AmountField label={say("brought")} value={brought} onInput={setBrought} />
      <label>
        {say("close_reason")}
        <input type="text" maxLength={200} value={reason} onInput={(e) => setReason(e.currentTarget.value)} />
      </label>
    </MoneyDialog>
  );
}

function OneShift({ id, onChange }: { id: string; onChange: () => Promise<void> }): JSX.Element {
  const read = useRead(() => call<ShiftReport>(`/cash/shifts/${encodeURIComponent(id)}`), [id]);
  const [asked, ask] = useState<"count" | "move" | "close" | null>(null);
  const found = read.value;
  const again = async (): Promise<void> => {
    await Promise.all([read.again(), onChange()]);
  };
  return (
    <section class="panel money" aria-labelledby="shift-title">
      <div class="title-row">
        <h2 id="shift-title">{found ? `${found.shift.till} · ${word("shift", found.shift.state)}` : say("loading")}</h2>
        {found && may("cash:desk") && found.shift.state === "open" && (
          <div class="deeds">
            <button type="button" onClick={() => ask("count")}>
              {say("count_now")}
            </button>
            <button type="button" onClick={() => ask("move")}>
              {say("move")}
            </button>
            <button type="button" class="main" onClick={() => ask("close")}>
              {say("shift_close")}
            </button>
          </div>
        )}
      </div>
      <Waiting of={read} />
      {found && <Report of={found} />}
      {found && asked === "count" && <CountDialog of={found.shift} onClose={() => ask(null)} onDone={again} />}
      {found && asked === "move" && <MoveDialog of={found.shift} currency={currency()} onClose={() => ask(null)} onDone={again} />}
      {found && asked === "close" && <CloseDialog of={found.shift} onClose={() => ask(null)} onDone={again} />}
    </section>
  );
}

function Report({ of }: { of: ShiftReport }): JSX.Element {
  const s = of.shift;
  return (
    <>
      <dl class="case-facts shift-facts">
        <Fact name={say("opened")}>{`${clock(s.opened_at, now.value)} · ${s.opened_by} · ${money(s.opening)}`}</Fact>
        {s.closed_at && s.closing && <Fact name={say("closed")}>{`${clock(s.closed_at, now.value)} · ${s.closed_by ?? ""} · ${money(s.closing)}`}</Fact>}
        {s.expected && <Fact name={say("expected")}>{money(s.expected)}</Fact>}
        {Object.entries(of.sums).map(([kind, amount]) => (
          <Fact key={kind} name={word("move", kind)}>
            {money(amount)}
          </Fact>
        ))}
        {of.in_drawer && <Fact name={say("in_drawer")}>{money(of.in_drawer)}</Fact>}
      </dl>
      {of.blind ? (
        <p class="soft">{say("blind")}</p>
      ) : (
        <p class="shift-verdict">
          <Difference of={s} /> <span class={`chip chip-${of.adds_up ? "ok" : "bad"}`}>{say(of.adds_up ? "adds_up" : "adds_not")}</span>
        </p>
      )}
      {of.moves.length > 0 && (
        <>
          <h3>{say("moves")}</h3>
          <ul class="money-rows" data-testid="moves">
            {of.moves.map((one, index) => (
              <li key={index} data-kind={one.kind}>
                <b class="row-sum">{money(one.amount)}</b>
                <p>
                  {word("move", one.kind)}
                  <small>{[clock(one.at, now.value), one.by, one.reason].filter(Boolean).join(" · ")}</small>
                </p>
              </li>
            ))}
          </ul>
        </>
      )}
      {of.counts.length > 0 && (
        <>
          <h3>{say("counts")}</h3>
          <ul class="money-rows" data-testid="counts">
            {of.counts.map((one, index) => (
              <li key={index}>
                <b class="row-sum">{money(one.total)}</b>
                <p>
                  {one.expected ? `${say("expected")} ${money(one.expected)}` : say("counted")}
                  <small>{[clock(one.at, now.value), one.by].join(" · ")}</small>
                </p>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

const Fact = ({ name, children }: { name: string; children: string }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
