// Something is not shown because the member has not agreed to it: what for, and one touch to agree.
import type { JSX } from "preact";
import type { Consents } from "../shared/wire";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Trouble } from "./part";
import { coupons, invoices, load, me, stays } from "./sources";

export type Purpose = keyof Consents;

export async function agree(purpose: Purpose, given: boolean): Promise<void> {
  await ask("/me/consents", { method: "PUT", body: { [purpose]: given } satisfies Consents });
  await me.load();
  load(stays, invoices, coupons);
}

export function SwitchOn({ purpose, note }: { purpose: Purpose; note: string }): JSX.Element {
  const deed = useDeed();
  return (
    <div class="switch-on">
      <p class="soft">{note}</p>
      <button type="button" disabled={deed.busy} onClick={() => void deed.run(() => agree(purpose, true))}>
        {say("switch_on")}
      </button>
      <Trouble of={deed.trouble} />
    </div>
  );
}
