// The record: who did and saw what, when, of whom. Searched by all four, page by page, as a file; and checked for changes.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call, downloadAsked } from "../shared/api";
import { clockSeconds, fromField, longDate } from "../shared/format";
import { why } from "../shared/i18n/problems";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { ChainState, FindRecord, RecordPage, RecordRow } from "../shared/wire";
import "./audit.css";
import { audit as say, deed } from "./audit_words";
import { useRead, Waiting } from "./money_frame";
import { money as sayMoney } from "./money_words";
import { reasonWords } from "./audit_reasons";
import { Nothing } from "./nothing";
import { toDesk, toStay } from "./route";
import { may } from "./session";
import { TableFrame } from "./table_frame";
import { tellOnce } from "./toast";
import { whoWords } from "./who";

const AREAS = ["looks", "openings", "corrections", "money", "rights", "members", "settings", "log_ins"] as const;
type Area = (typeof AREAS)[number];
const EVERYTHING: FindRecord = { actor: "", area: null, since: null, until: null, text: "" };
const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;
const OF_STAYS = new Set(["stay", "story", "plates", "quote"]);

export function Audit(): JSX.Element {
  const [wanted, want] = useState<FindRecord>(EVERYTHING);
  return (
    <main id="main" tabIndex={-1} class="figures">
      <section class="panel money" aria-labelledby="audit-title">
        <h2 id="audit-title">{say("title")}</h2>
        <p class="soft">{say("note")}</p>
        <Asked onSearch={want} />
        <Rows wanted={wanted} />
      </section>
    </main>
  );
}

function Asked({ onSearch }: { onSearch: (wanted: FindRecord) => void }): JSX.Element {
  const [actor, setActor] = useState("");
  const [area, setArea] = useState<Area | "">("");
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState("");
  const submit = (): void => {
    if (since && until && until <= since) return setTrouble(say("span_wrong"));
    setTrouble("");
    onSearch({ actor: actor.trim(), area: area || null, since: fromField(since), until: fromField(until), text: text.trim() });
  };
  const clear = (): void => {
    setActor("");
    setArea("");
    setSince("");
    setUntil("");
    setText("");
    setTrouble("");
    onSearch({ ...EVERYTHING });
  };
  return (
    <form
      class="audit-asked"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label>
        {say("actor")}
        <input type="text" maxLength={64} autocomplete="off" value={actor} onInput={(e) => setActor(e.currentTarget.value)} />
      </label>
      <label>
        {say("area")}
        <select value={area} onChange={(e) => setArea(e.currentTarget.value as Area | "")}>
          <option value="">{say("all")}</option>
          {AREAS.map((one) => (
            <option key={one} value={one}>
              {say(one)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say("since")}
        <input type="datetime-local" value={since} onInput={(e) => setSince(e.currentTarget.value)} />
      </label>
      <label>
        {say("until")}
        <input type="datetime-local" value={until} onInput={(e) => setUntil(e.currentTarget.value)} />
      </label>
      <label class="audit-text">
        {say("text")}
        <input type="search" maxLength={64} autocomplete="off" value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <button type="submit" class="main">
        {say("search")}
      </button>
      <button type="button" onClick={clear}>
        {say("clear")}
      </button>
      <p class="trouble" role="alert">
        {trouble}
      </p>
    </form>
  );
}

function Rows({ wanted }: { wanted: FindRecord }): JSX.Element {
  const [more, setMore] = useState<{ of: FindRecord; pages: RecordPage[] }>({ of: wanted, pages: [] });
  const [trouble, setTrouble] = useState("");
  const first = useRead(() => call<RecordPage>("/audit/search", { body: wanted }), [wanted]);
  const pages = first.value ? [first.value, ...(more.of === wanted ? more.pages : [])] : [];
  const rows = pages.flatMap((page) => page.items);
  const next = pages.at(-1)?.next;
  const goOn = async (): Promise<void> => {
    try {
      const page = await call<RecordPage>("/audit/search", { body: { ...wanted, cursor: next ?? "" } });
      setMore({ of: wanted, pages: [...pages.slice(1), page] });
      setTrouble("");
    } catch (failure) {
      setTrouble(why(failure));
    }
  };
  const save = async (): Promise<void> => {
    try {
      await downloadAsked("/audit/export", wanted, "audit.csv");
      tellOnce(say("exported"));
    } catch (failure) {
      tellOnce(say("export_failed", { why: why(failure) }));
    }
  };
  return (
    <>
      <div class="deeds access-deeds">
        <button type="button" onClick={() => void save()}>
          {say("export")}
        </button>
        <Chain />
      </div>
      <Waiting of={first} />
      {first.value && rows.length === 0 && <Nothing mark="clock" word={say("none")} />}
      {rows.length > 0 && <Table rows={rows} />}
      <p class="trouble" role="alert">
        {trouble}
      </p>
      {next && (
        <button type="button" onClick={() => void goOn()}>
          {sayMoney("more")}
        </button>
      )}
    </>
  );
}

function Table({ rows }: { rows: readonly RecordRow[] }): JSX.Element {
  return (
    <TableFrame name={say("table")} as="audit-table">
      <table>
        <thead>
          <tr>
            {(["when", "who", "did", "object", "why"] as const).map((one) => (
              <th key={one} scope="col">
                {say(one)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={`${one.seq ?? one.at}${one.actor}${one.action}${one.subject}`} data-action={one.action}>
              <td>
                {clockSeconds(one.at)} <small>{longDate(Date.parse(one.at))}</small>
              </td>
              <td title={one.actor}>{whoWords(one.device_kind || one.actor_kind, one.name)}</td>
              <td>{one.seq === null ? say("saw", { what: deed(one.action) }) : deed(one.action)}</td>
              <td>
                <Subject of={one} />
              </td>
              <td>{reasonWords(one.reason)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}

function Subject({ of }: { of: RecordRow }): JSX.Element {
  const stay = of.seq === null ? OF_STAYS.has(of.action) : of.action.startsWith("stay.");
  if (ID.test(of.subject) && stay && may("stays:read")) return <a href={toStay(of.subject)}>{short(of.subject)}</a>;
  const case_ = of.seq === null ? of.action === "case" : of.action.startsWith("case.");
  if (ID.test(of.subject) && case_ && may("cases:read")) return <a href={toDesk(of.subject)}>{short(of.subject)}</a>;
  if (of.seq === null && of.action === "audit") return <></>;
  if (of.subject_name) return <span title={of.subject}>{of.subject_name}</span>;
  return <span title={of.subject}>{ID.test(of.subject) ? short(of.subject) : of.subject}</span>;
}

const short = (id: string): string => `…${id.slice(-8)}`;

function Chain(): JSX.Element {
  const [state, setState] = useState<ChainState | null>(null);
  const [trouble, setTrouble] = useState("");
  const [at, setAt] = useState(0);
  const check = async (): Promise<void> => {
    try {
      setState(await call<ChainState>("/audit/chain"));
      setAt(now.value);
      setTrouble("");
    } catch (failure) {
      setState(null);
      setTrouble(why(failure));
    }
  };
  const bad = state?.broken_at;
  return (
    <>
      <button type="button" onClick={() => void check()}>
        {say("chain")}
      </button>
      <p class={`audit-chain ${bad ? "trouble" : ""}`} role="status">
        {state && <Mark name={bad ? "alert" : "check"} />}
        {trouble}
        {state && (bad ? say("chain_bad", { at: bad }) : say("chain_good", { count: state.entries, head: state.head.slice(0, 12) }))}
        {state && <small> {clockSeconds(at)}</small>}
      </p>
    </>
  );
}
