// One's own ways in: passkeys, and the log-ins that last; for an administrator those of everybody. Each deed is on record.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock } from "../shared/format";
import { worded } from "../shared/i18n";
import { why } from "../shared/i18n/problems";
import { now } from "../shared/tick";
import type { OperatorSession, OperatorSessions, OwnSession, OwnSessions, Passkey, Passkeys } from "../shared/wire";
import { Field } from "./access_fields";
import { EverybodysPasskeys, lifeOf } from "./account_others";
import { OwnPassword, PasswordField } from "./account_password";
import { account as say } from "./account_words";
import { useRead, Waiting } from "./money_frame";
import { MoneyDialog } from "./money_form";
import { register, usable } from "./passkeys";
import { may } from "./session";
import { tellOnce } from "./toast";

export function Account(): JSX.Element {
  return (
    <main id="main" tabIndex={-1} class="narrow">
      <OwnPassword />
      <OwnPasskeys />
      <OwnLogIns />
      {may("operators:write") && <EverybodysPasskeys />}
      {may("operators:write") && <EverybodysLogIns />}
    </main>
  );
}

type Asked = { deed: "add" } | { deed: "rename" | "remove"; of: Passkey } | null;

function OwnPasskeys(): JSX.Element {
  const found = useRead(() => call<Passkeys>("/auth/passkeys"), []);
  const [asked, ask] = useState<Asked>(null);
  const can = found.value !== null && usable(found.value.origin);
  const over = { onClose: () => ask(null), onDone: found.again };
  return (
    <section class="panel money" aria-labelledby="passkeys-title">
      <div class="title-row">
        <h2 id="passkeys-title">{say("passkeys")}</h2>
        {can && (
          <button type="button" onClick={() => ask({ deed: "add" })}>
            {say("add")}
          </button>
        )}
      </div>
      <p class="soft">{say("passkeys_note")}</p>
      <Waiting of={found} />
      {found.value && !can && <NotHere origin={found.value.origin} />}
      {can && found.value?.passkeys.length === 0 && <p class="soft">{say("none")}</p>}
      <ul class="money-rows">
        {found.value?.passkeys.map((one) => (
          <li key={one.passkey_id} data-passkey={one.passkey_id}>
            <p>
              <b>{one.name}</b>
              <small>{lifeOf(one)}</small>
            </p>
            <div class="deeds">
              <button type="button" aria-label={say("rename_of", { name: one.name })} onClick={() => ask({ deed: "rename", of: one })}>
                {say("rename")}
              </button>
              <button type="button" aria-label={say("remove_of", { name: one.name })} onClick={() => ask({ deed: "remove", of: one })}>
                {say("remove")}
              </button>
            </div>
          </li>
        ))}
      </ul>
      {asked?.deed === "add" && <AddDialog {...over} />}
      {asked?.deed === "rename" && <RenameDialog of={asked.of} {...over} />}
      {asked?.deed === "remove" && <RemoveDialog of={asked.of} {...over} />}
    </section>
  );
}

function NotHere({ origin }: { origin: string | null }): JSX.Element {
  if (!origin) return <p>{say("no_domain")}</p>;
  if (origin === location.origin) return <p>{say("no_browser")}</p>;
  return (
    <p>
      <a href={`${origin}${location.pathname}#/account`}>{say("elsewhere", { origin })}</a>
    </p>
  );
}

interface Over {
  onClose: () => void;
  onDone: () => Promise<void>;
}

function AddDialog({ onClose, onDone }: Over): JSX.Element {
  const [name, setName] = useState(say("name_first"));
  const [password, setPassword] = useState("");
  return (
    <MoneyDialog
      title={say("add_title")}
      note={say("add_note")}
      confirm={say("add_now")}
      done={say("added")}
      onClose={onClose}
      check={() => (!name.trim() ? say("name_missing") : password ? "" : say("password_missing"))}
      run={async () => {
        await register(name.trim(), password);
        await onDone();
      }}
    >
      <Field label={say("name")} value={name} onInput={setName} longest={64} />
      <PasswordField label={say("password")} kind="current-password" value={password} onInput={setPassword} />
    </MoneyDialog>
  );
}

const at = (of: Passkey): string => `/auth/passkeys/${encodeURIComponent(of.passkey_id)}`;

function RenameDialog({ of, onClose, onDone }: Over & { of: Passkey }): JSX.Element {
  const [name, setName] = useState(of.name);
  return (
    <MoneyDialog
      title={say("rename_of", { name: of.name })}
      confirm={say("rename_now")}
      done={say("renamed")}
      onClose={onClose}
      check={() => (name.trim() ? "" : say("name_missing"))}
      run={async () => {
        await call(at(of), { method: "PUT", body: { name: name.trim() } });
        await onDone();
      }}
    >
      <Field label={say("name")} value={name} onInput={setName} longest={64} />
    </MoneyDialog>
  );
}

function RemoveDialog({ of, onClose, onDone }: Over & { of: Passkey }): JSX.Element {
  return (
    <MoneyDialog
      title={say("remove_of", { name: of.name })}
      note={say("remove_note")}
      confirm={say("remove_now")}
      done={say("removed")}
      onClose={onClose}
      check={() => ""}
      run={async () => {
        await call(at(of), { method: "DELETE" });
        await onDone();
      }}
    >
      {null}
    </MoneyDialog>
  );
}

function OwnLogIns(): JSX.Element {
  const found = useRead(() => call<OwnSessions>("/auth/sessions"), []);
  const rows = found.value?.sessions ?? [];
  const end = (one: OwnSession): Promise<void> =>
    told(async () => {
      await call(`/auth/sessions/${encodeURIComponent(one.session_id)}`, { method: "DELETE" });
      await found.again();
      return say("ended");
    });
  const endOthers = (): Promise<void> =>
    told(async () => {
      const { ended } = await call<{ ended: number }>("/auth/sessions/end-others", { method: "POST" });
      await found.again();
      return say("ended_count", { count: ended });
    });
  return (
    <section class="panel money" aria-labelledby="sessions-title">
      <div class="title-row">
        <h2 id="sessions-title">{say("sessions")}</h2>
        {rows.some((one) => !one.this) && (
          <button type="button" onClick={() => void endOthers()}>
            {say("end_others")}
          </button>
        )}
      </div>
      <p class="soft">{say("sessions_note")}</p>
      <Waiting of={found} />
      <ul class="money-rows">
        {rows.map((one) => (
          <li key={one.session_id} data-session={one.this ? "this" : "other"}>
            <LogIn of={one} name={device(one)} />
            {one.this ? (
              <span class="chip chip-ok">{say("this")}</span>
            ) : (
              <button type="button" aria-label={say("end_of", { name: device(one) })} onClick={() => void end(one)}>
                {say("end")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function EverybodysLogIns(): JSX.Element {
  const found = useRead(() => call<OperatorSessions>("/operators/sessions"), []);
  const [asked, ask] = useState<OperatorSession | null>(null);
  const others = found.value?.sessions.filter((one) => !one.mine);
  return (
    <section class="panel money" aria-labelledby="everybody-title">
      <h2 id="everybody-title">{say("everybody")}</h2>
      <p class="soft">{say("everybody_note")}</p>
      <Waiting of={found} />
      {others?.length === 0 && <p>{say("everybody_none")}</p>}
      <ul class="money-rows">
        {others?.map((one) => (
          <li key={one.session_id} data-session-of={one.name}>
            <LogIn of={one} name={`${one.name} · ${device(one)}`} />
            <button type="button" aria-label={say("end_of", { name: one.name })} onClick={() => ask(one)}>
              {say("end")}
            </button>
          </li>
        ))}
      </ul>
      {asked && (
        <MoneyDialog
          title={say("end_of", { name: asked.name })}
          note={say("everybody_note")}
          confirm={say("end_now")}
          done={say("ended")}
          onClose={() => ask(null)}
          check={() => ""}
          run={async () => {
            await call(`/operators/sessions/${encodeURIComponent(asked.session_id)}`, { method: "DELETE" });
            await found.again();
          }}
        >
          {null}
        </MoneyDialog>
      )}
    </section>
  );
}

function LogIn({ of, name }: { of: OwnSession | OperatorSession; name: string }): JSX.Element {
  const about = [say(of.way === "passkey" ? "by_passkey" : "by_password"), of.address && say("address", { address: of.address })];
  return (
    <p>
      <b>{name}</b>
      <small>{about.filter(Boolean).join(" · ")}</small>
      <small>
        {say("since", { time: clock(of.since, now.value) })} · {say("seen", { time: clock(of.seen_at, now.value) })}
      </small>
    </p>
  );
}

const device = (of: { device: string }): string => of.device.replace(", ", worded(["，", ", "])) || say("unknown");

async function told(deed: () => Promise<string>): Promise<void> {
  try {
    tellOnce(await deed());
  } catch (failure) {
    tellOnce(say("failed", { why: why(failure) }));
  }
}
