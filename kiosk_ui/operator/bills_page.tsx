// Bills at the cash desk: the stays to choose from, and all about the money of one of them.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock } from "../shared/format";
import { now } from "../shared/tick";
import type { StayPage, StayRow } from "../shared/wire";
import { Bill } from "./bill";
import { Tabs, useRead, Waiting } from "./money_frame";
import { money as say, word } from "./money_words";
import { laneName } from "./names";
import { Nothing } from "./nothing";
import { toBill } from "./route";
import { called, putTogether, together } from "./together";

export function Bills({ id }: { id: string }): JSX.Element {
  return (
    <main id="main" tabIndex={-1} class="narrow">
      {id ? <Bill key={id} id={id} /> : <Choose />}
    </main>
  );
}

const AT_ONCE = 25;

function Choose(): JSX.Element {
  const [state, setState] = useState("open");
  const [more, setMore] = useState<StayPage[]>([]);
  const first = useRead(() => call<StayPage>(`/stays?state=${state}&limit=${AT_ONCE}`), [state]);
  const pages = first.value ? [first.value, ...more] : [];
  const next = pages.at(-1)?.next;
  const rows = pages.flatMap((page) => page.items);
  const choose = (key: string): void => {
    setMore([]);
    setState(key);
  };
  return (
    <section class="panel money" aria-labelledby="bills-title">
      <h2 id="bills-title">{say("bills_title")}</h2>
      <p class="soft">{say("bills_note")}</p>
      <Tabs name={say("bills_title")} chosen={state} onChoose={choose} of={["open", "closed", "review"].map((one) => [one, word("stay", one)] as const)} />
      <Waiting of={first} />
      {first.value && rows.length === 0 && <Nothing mark="car" word={word("no_stays", state)} />}
      <ul class="money-rows">
        {rows.map((row) => (
          <Row key={row.id} of={row} />
        ))}
      </ul>
      {next && (
        <button
          type="button"
          onClick={() => void call<StayPage>(`/stays?state=${state}&limit=${AT_ONCE}&cursor=${encodeURIComponent(next)}`).then((page) => setMore([...more, page]), () => undefined)}
        >
          {say("more")}
        </button>
      )}
      <Together />
    </section>
  );
}

function Row({ of }: { of: StayRow }): JSX.Element {
  return (
    <li data-stay={of.id}>
      <span class={`plate plate-small ${of.plate ? "" : "plate-none"}`}>{called(of)}</span>
      <p>
        {say("entered")} {clock(of.entered_at, now.value)}
        {of.exited_at && ` · ${say("exited")} ${clock(of.exited_at, now.value)}`}
        <small>{laneName(of.lane_id)}</small>
      </p>
      <label class="tick">
        <input type="checkbox" aria-label={say("on_invoice_of", { plate: called(of) })} checked={together.value.has(of.id)} onChange={(e) => putTogether(of.id, called(of), e.currentTarget.checked)} />
        {say("on_invoice")}
      </label>
      <a class="button" href={toBill(of.id)} aria-label={`${say("bill")}: ${called(of)}`}>
        {say("bill")}
      </a>
    </li>
  );
}

function Together(): JSX.Element | null {
  const [first] = together.value.keys();
  if (!first) return null;
  return (
    <p class="together" role="status">
      <a href={toBill(first)}>{say("on_invoice_count", { count: together.value.size })}</a>
      <button type="button" class="quiet" onClick={() => (together.value = new Map())}>
        {say("on_invoice_clear")}
      </button>
    </p>
  );
}
