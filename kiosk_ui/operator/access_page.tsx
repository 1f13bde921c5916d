// Who may come in: lists of plates, passes, their holders, visitors; one search over all of them, files in and out.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../shared/api";
import type { FoundRights, Holder, HolderPage, ListedPlate, ListPage, Pass, PassPage, Visitor, VisitorPage } from "../shared/wire";
import "./access.css";
import { ExportLink, ImportDialog, type FileKind } from "./access_file";
import { EntryDialog, HolderDialog, PassDialog } from "./access_forms";
import { EntryRow, HolderRow, PassRow, VisitorRow } from "./access_rows";
import { InviteDialog } from "./access_visitors";
import { access as say } from "./access_words";
import { Tabs, useRead, Waiting } from "./money_frame";
import { money as sayMoney } from "./money_words";
import { Nothing } from "./nothing";
import { toAccess } from "./route";
import { may } from "./session";

const TABS = ["lists", "passes", "holders", "visitors"] as const;
type Tab = (typeof TABS)[number];
const LISTS = ["all", "vip", "allow", "staff", "block"] as const;

export function Access({ tab }: { tab: string }): JSX.Element {
  const [wanted, want] = useState("");
  const chosen: Tab = TABS.find((one) => one === tab) ?? "lists";
  return (
    <main id="main" tabIndex={-1} class="narrow">
      <section class="panel money access" aria-labelledby="access-title">
        <h2 id="access-title">{say("title")}</h2>
        {!may("access:write") && <p class="soft">{say("note_masked")}</p>}
        <Search wanted={wanted} onSearch={want} />
        {wanted ? (
          <Found key={wanted} text={wanted} />
        ) : (
          <>
            <nav class="tabs" aria-label={say("title")}>
              {TABS.map((one) => (
                <a key={one} class="button" href={toAccess(one)} aria-current={chosen === one ? "page" : undefined}>
                  {say(one)}
                </a>
              ))}
            </nav>
            {chosen === "lists" && <Lists />}
            {chosen === "passes" && <Passes />}
            {chosen === "holders" && <Holders />}
            {chosen === "visitors" && <Visitors />}
          </>
        )}
      </section>
    </main>
  );
}

function Search({ wanted, onSearch }: { wanted: string; onSearch: (text: string) => void }): JSX.Element {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const slash = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", slash);
    return () => removeEventListener("keydown", slash);
  }, []);
  const end = (): void => {
    setText("");
    onSearch("");
  };
  return (
    <form
      class="access-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text.trim());
      }}
    >
      <label>
        {say("search")} <kbd aria-hidden="true">/</kbd>
        <input ref={field} type="search" maxLength={64} autocomplete="off" value={text} onInput={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => e.key === "Escape" && end()} />
      </label>
      <button type="submit" class="main">
        {say("search_now")}
      </button>
      {wanted && (
        <button type="button" onClick={end}>
          {say("search_end")}
        </button>
      )}
    </form>
  );
}

function Found({ text }: { text: string }): JSX.Element {
  const found = useRead(() => call<FoundRights>("/access/find", { body: { text } }), [text]);
  const at = found.value;
  const again = found.again;
  const nothing = at && !at.entries.length && !at.passes.length && !at.holders.length && !at.invitations.length;
  return (
    <div aria-live="polite">
      <Waiting of={found} />
      {at && <h3>{nothing ? say("found_none") : say("found", { text })}</h3>}
      {at?.more && <p class="soft">{say("found_more")}</p>}
      {at && (
        <>
          <Group name={say("lists")} rows={at.entries.map((one) => <EntryRow key={one.plate} of={one} onDone={again} />)} />
          <Group name={say("passes")} rows={at.passes.map((one) => <PassRow key={one.pass_id} of={one} onDone={again} />)} />
          <Group name={say("holders")} rows={at.holders.map((one) => <HolderRow key={one.holder_id} of={one} onDone={again} />)} />
          <Group name={say("visitors")} rows={at.invitations.map((one) => <VisitorRow key={one.invitation_id} of={one} onDone={again} />)} />
        </>
      )}
    </div>
  );
}

function Group({ name, rows }: { name: string; rows: JSX.Element[] }): JSX.Element | null {
  if (!rows.length) return null;
  return (
    <>
      <h4>{name}</h4>
      <ul class="money-rows">{rows}</ul>
    </>
  );
}

interface Paged<T> {
  items: T[];
  next: string | null;
}

/** A list that goes on, page by page, with what can be done to the whole of it. */
function Rows<T>({ path, row, deeds }: { path: string; row: (one: T, again: () => Promise<void>) => JSX.Element; deeds: (again: () => Promise<void>) => JSX.Element | null }): JSX.Element {
  const [more, setMore] = useState<Paged<T>[]>([]);
  const first = useRead(() => call<Paged<T>>(path), [path]);
  useEffect(() => setMore([]), [path]);
  const pages = first.value ? [first.value, ...more] : [];
  const items = pages.flatMap((page) => page.items);
  const next = pages.at(-1)?.next;
  const again = async (): Promise<void> => {
    setMore([]);
    await first.again();
  };
  const mark = path.includes("?") ? "&" : "?";
  return (
    <>
      {deeds(again)}
      <Waiting of={first} />
      {first.value && items.length === 0 && <Nothing mark="person" word={say("none")} />}
      <ul class="money-rows">{items.map((one) => row(one, again))}</ul>
      {next && (
        <button type="button" onClick={() => void call<Paged<T>>(`${path}${mark}cursor=${encodeURIComponent(next)}`).then((page) => setMore([...more, page]), () => undefined)}>
          {sayMoney("more")}
        </button>
      )}
    </>
  );
}

function Deeds({ add, file, again, dialog }: { add: string; file?: FileKind; again: () => Promise<void>; dialog: (close: () => void) => JSX.Element }): JSX.Element | null {
  const [open, setOpen] = useState<"add" | "import" | null>(null);
  if (!may("access:write")) return null;
  return (
    <div class="deeds access-deeds">
      <button type="button" class="main" onClick={() => setOpen("add")}>
        {add}
      </button>
      {file && (
        <>
          <button type="button" onClick={() => setOpen("import")}>
            {say("import")}
          </button>
          <ExportLink kind={file} />
        </>
      )}
      {open === "add" && dialog(() => setOpen(null))}
      {open === "import" && file && <ImportDialog kind={file} onClose={() => setOpen(null)} onDone={again} />}
    </div>
  );
}

function Lists(): JSX.Element {
  const [kind, setKind] = useState<string>("all");
  return (
    <Rows<ListPage["items"][number]>
      path={kind === "all" ? "/access/list" : `/access/list?listed_as=${kind}`}
      deeds={(again) => (
        <div class="access-bar">
          <Tabs name={say("lists")} chosen={kind} onChoose={setKind} of={LISTS.map((one) => [one, say(one)] as const)} />
          <Deeds add={say("add_entry")} file="list" again={again} dialog={(close) => <EntryDialog of={null} first={kind} onClose={close} onDone={again} />} />
        </div>
      )}
      row={(one: ListedPlate, again) => <EntryRow key={one.plate} of={one} onDone={again} />}
    />
  );
}

function Passes(): JSX.Element {
  return (
    <Rows<PassPage["items"][number]>
      path="/access/passes"
      deeds={(again) => <Deeds add={say("add_pass")} file="passes" again={again} dialog={(close) => <PassDialog of={null} onClose={close} onDone={again} />} />}
      row={(one: Pass, again) => <PassRow key={one.pass_id} of={one} onDone={again} />}
    />
  );
}

function Holders(): JSX.Element {
  return (
    <Rows<HolderPage["items"][number]>
      path="/access/holders"
      deeds={(again) => <Deeds add={say("add_holder")} again={again} dialog={(close) => <HolderDialog of={null} onClose={close} onDone={again} />} />}
      row={(one: Holder, again) => <HolderRow key={one.holder_id} of={one} onDone={again} />}
    />
  );
}

function Visitors(): JSX.Element {
  return (
    <Rows<VisitorPage["items"][number]>
      path="/access/invitations"
      deeds={(again) => <Deeds add={say("add_visitor")} file="invitations" again={again} dialog={(close) => <InviteDialog onClose={close} onDone={again} />} />}
      row={(one: Visitor, again) => <VisitorRow key={one.invitation_id} of={one} onDone={again} />}
    />
  );
}
