// What an administrator sees of others' passkeys, and what anybody is told of what an administrator did to theirs.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock } from "../shared/format";
import { now } from "../shared/tick";
import type { AccountNotices, OperatorPasskey, OperatorPasskeys } from "../shared/wire";
import { account as say } from "./account_words";
import { reasonWords } from "./audit_reasons";
import { MoneyDialog } from "./money_form";
import { useRead, Waiting } from "./money_frame";

/** When a passkey was made and last used. */
export const lifeOf = (one: { created_at: string; used_at: string | null }): string =>
  [say("made", { time: clock(one.created_at, now.value) }), one.used_at ? say("used", { time: clock(one.used_at, now.value) }) : say("unused")].join(" · ");

export function EverybodysPasskeys(): JSX.Element {
  const found = useRead(() => call<OperatorPasskeys>("/operators/passkeys"), []);
  const [asked, ask] = useState<OperatorPasskey | null>(null);
  const others = found.value?.passkeys.filter((one) => !one.mine);
  return (
    <section class="panel money" aria-labelledby="others-passkeys-title">
      <h2 id="others-passkeys-title">{say("others_passkeys")}</h2>
      <p class="soft">{say("others_passkeys_note")}</p>
      <Waiting of={found} />
      {others?.length === 0 && <p>{say("others_passkeys_none")}</p>}
      <ul class="money-rows">
        {others?.map((one) => (
          <li key={one.passkey_id} data-passkey-of={one.operator}>
            <p>
              <b>{`${one.operator} · ${one.name}`}</b>
              <small>{lifeOf(one)}</small>
            </p>
            <button type="button" aria-label={titleOf(one)} onClick={() => ask(one)}>
              {say("remove")}
            </button>
          </li>
        ))}
      </ul>
      {asked && (
        <MoneyDialog
          title={titleOf(asked)}
          note={say("others_passkeys_note")}
          confirm={say("remove_now")}
          done={say("removed")}
          onClose={() => ask(null)}
          check={() => ""}
          run={async () => {
            await call(`/operators/passkeys/${encodeURIComponent(asked.passkey_id)}`, { method: "DELETE" });
            await found.again();
          }}
        >
          {null}
        </MoneyDialog>
      )}
    </section>
  );
}

const titleOf = (one: OperatorPasskey): string => say("take_away", { name: one.operator, passkey: one.name });

/** Above every page until its reader says that it is read. */
export function Notices(): JSX.Element | null {
  const found = useRead(() => call<AccountNotices>("/auth/notices"), []);
  const [shut, shutIt] = useState(false);
  const items = found.value?.items ?? [];
  if (shut || items.length === 0) return null;
  const read = (): void => {
    shutIt(true);
    void call("/auth/notices/read", { method: "POST" }).catch(() => shutIt(false));
  };
  return (
    <section class="notices" aria-labelledby="notices-title">
      <h2 id="notices-title">{say("told_title")}</h2>
      <ul>
        {items.map((one, at) => (
          <li key={at}>
            {say(one.what === "session.ended" ? "told_session" : "told_passkey", { time: clock(one.at, now.value), by: one.by, about: reasonWords(one.about) })}
          </li>
        ))}
      </ul>
      <button type="button" onClick={read}>
        {say("told_read")}
      </button>
    </section>
  );
}
