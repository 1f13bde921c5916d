// One right in a row: what it is, for whom, how long, and what may be done with it.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock, plate as spaced } from "../shared/format";
import { now } from "../shared/tick";
import type { Holder, ListedPlate, Pass, Visitor } from "../shared/wire";
import { CredentialDialog, EntryDialog, HolderDialog, PassDialog } from "./access_forms";
import { CodeDialog, RevokeDialog } from "./access_visitors";
import { access as say, kindOf } from "./access_words";
import { MoneyDialog } from "./money_form";
import { may } from "./session";

interface Props<T> {
  of: T;
  onDone: () => Promise<void>;
}

interface Span {
  valid_from?: string | null;
  valid_until?: string | null;
}

const LOOKS: Readonly<Record<string, string>> = { vip: "chip-accent", allow: "chip-ok", staff: "chip-plain", block: "chip-bad" };

function spanOf(of: Span): string[] {
  return [of.valid_from && say("from", { time: clock(of.valid_from, now.value) }), of.valid_until && say("until", { time: clock(of.valid_until, now.value) })].filter((one): one is string => Boolean(one));
}

function Standing({ of }: { of: Span }): JSX.Element | null {
  if (of.valid_until && Date.parse(of.valid_until) <= now.value) return <span class="chip chip-warn">{say("ended")}</span>;
  if (of.valid_from && Date.parse(of.valid_from) > now.value) return <span class="chip chip-plain">{say("later")}</span>;
  return null;
}

function Plates({ of }: { of: readonly string[] }): JSX.Element {
  return (
    <span class="access-plates">
      {of.map((one) => (
        <span key={one} class="plate plate-small">
          {spaced(one)}
        </span>
      ))}
    </span>
  );
}

interface RemoveProps {
  what: string;
  path: string;
  onClose: () => void;
  onDone: () => Promise<void>;
}

function RemoveDialog({ what, path, onClose, onDone }: RemoveProps): JSX.Element {
  return (
    <MoneyDialog
      title={say("remove_of", { what })}
      note={say("remove_note")}
      confirm={say("remove_of", { what })}
      done={say("removed")}
      onClose={onClose}
      check={() => ""}
      run={async () => {
        await call(path, { method: "DELETE" });
        await onDone();
      }}
    >
      {null}
    </MoneyDialog>
  );
}

type Open = "edit" | "remove" | "credential" | null;

/** The buttons of a row; each opens its dialog. */
function Deeds({ what, path, onDone, edit, children }: { what: string; path: string; onDone: () => Promise<void>; edit: (close: () => void) => JSX.Element; children?: ComponentChildren }): JSX.Element | null {
  const [open, setOpen] = useState<Open>(null);
  if (!may("access:write")) return null;
  const close = (): void => setOpen(null);
  return (
    <div class="deeds">
      {children}
      <button type="button" aria-label={say("edit_of", { what })} onClick={() => setOpen("edit")}>
        {say("edit")}
      </button>
      <button type="button" aria-label={say("remove_of", { what })} onClick={() => setOpen("remove")}>
        {say("remove")}
      </button>
      {open === "edit" && edit(close)}
      {open === "remove" && <RemoveDialog what={what} path={path} onClose={close} onDone={onDone} />}
    </div>
  );
}

export function EntryRow({ of, onDone }: Props<ListedPlate>): JSX.Element {
  const about = [...spanOf(of), of.schedule_id && `${say("schedule")} ${of.schedule_id}`, of.group_id && `${say("group")} ${of.group_id}`].filter(Boolean);
  return (
    <li data-listed={of.plate}>
      <Plates of={[of.plate]} />
      <p>
        {of.note}
        <small>{about.join(" · ")}</small>
      </p>
      <Standing of={of} />
      <span class={`chip ${LOOKS[of.listed_as] ?? "chip-plain"}`}>{say(of.listed_as)}</span>
      <Deeds what={of.plate} path={`/access/list/${encodeURIComponent(of.plate)}`} onDone={onDone} edit={(close) => <EntryDialog of={of} onClose={close} onDone={onDone} />} />
    </li>
  );
}

export function PassRow({ of, onDone }: Props<Pass>): JSX.Element {
  const about = [say("of_bays", { count: of.bays ?? 1 }), ...spanOf(of), of.schedule_id && `${say("schedule")} ${of.schedule_id}`, ...(of.lots ?? [])].filter(Boolean);
  return (
    <li data-pass={of.pass_id}>
      <p>
        <b>{of.pass_id}</b> · {of.holder_id}
        <small>{about.join(" · ")}</small>
      </p>
      <Plates of={of.plates ?? []} />
      <Standing of={of} />
      {of.inside > 0 && <span class="chip chip-accent">{say("inside", { count: of.inside })}</span>}
      <Deeds what={of.pass_id} path={`/access/passes/${encodeURIComponent(of.pass_id)}`} onDone={onDone} edit={(close) => <PassDialog of={of} onClose={close} onDone={onDone} />} />
    </li>
  );
}

export function HolderRow({ of, onDone }: Props<Holder>): JSX.Element {
  const [adding, add] = useState(false);
  const [leaving, leave] = useState<string | null>(null);
  const path = `/access/holders/${encodeURIComponent(of.holder_id)}`;
  const gone = of.credentials.find((one) => one.id === leaving);
  return (
    <li data-holder={of.holder_id}>
      <p>
        <b>{of.name}</b> · {of.holder_id}
        <small>{[...spanOf(of), of.group_id && `${say("group")} ${of.group_id}`].filter(Boolean).join(" · ")}</small>
      </p>
      <Plates of={of.plates ?? []} />
      {of.blocked && <span class="chip chip-bad">{say("blocked")}</span>}
      <Standing of={of} />
      <Deeds what={of.name} path={path} onDone={onDone} edit={(close) => <HolderDialog of={of} onClose={close} onDone={onDone} />}>
        <button type="button" onClick={() => add(true)}>
          {say("add_credential")}
        </button>
      </Deeds>
      {of.credentials.length > 0 && (
        <ul class="money-sub" aria-label={say("credentials")}>
          {of.credentials.map((one) => (
            <li key={one.id}>
              {kindOf(one.kind)} {one.shown}
              {may("access:write") && (
                <button type="button" class="quiet" aria-label={say("remove_credential", { what: one.shown })} onClick={() => leave(one.id)}>
                  {say("remove")}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {adding && <CredentialDialog of={of} onClose={() => add(false)} onDone={onDone} />}
      {gone && <RemoveDialog what={gone.shown} path={`${path}/credentials/${gone.id}`} onClose={() => leave(null)} onDone={onDone} />}
    </li>
  );
}

export function VisitorRow({ of, onDone }: Props<Visitor>): JSX.Element {
  const [open, setOpen] = useState<"code" | "revoke" | null>(null);
  const over = Boolean(of.revoked_at) || Date.parse(of.valid_until) <= now.value;
  const used = say("entries_used", { used: of.used, all: of.entries ?? say("unlimited") });
  const about = [say("host_is", { host: of.host_id }), ...spanOf(of), used, of.free_of_charge && say("free")].filter(Boolean);
  return (
    <li data-visitor={of.invitation_id}>
      <p>
        <b>{of.visitor}</b>
        <small>{about.join(" · ")}</small>
      </p>
      {of.plate && <Plates of={[of.plate]} />}
      {of.revoked_at ? <span class="chip chip-bad">{say("revoked")}</span> : <Standing of={of} />}
      {may("access:write") && !over && (
        <div class="deeds">
          <button type="button" aria-label={say("code_of", { name: of.visitor })} onClick={() => setOpen("code")}>
            {say("code")}
          </button>
          <button type="button" aria-label={say("revoke_of", { name: of.visitor })} onClick={() => setOpen("revoke")}>
            {say("revoke")}
          </button>
        </div>
      )}
      {open === "code" && <CodeDialog of={of} onClose={() => setOpen(null)} />}
      {open === "revoke" && <RevokeDialog of={of} onClose={() => setOpen(null)} onDone={onDone} />}
    </li>
  );
}
