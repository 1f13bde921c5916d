// A visitor is asked in and gets a code; it can be shown again, or the invitation taken back.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { fromField } from "../shared/format";
import type { Visitor, VisitorCode, VisitorIn } from "../shared/wire";
import { Field, ID, Span, Tick } from "./access_fields";
import { access as say } from "./access_words";
import { Dialog } from "./dialog";
import { MoneyDialog } from "./money_form";
import { useRead, Waiting } from "./money_frame";

interface Props {
  onClose: () => void;
  onDone: () => Promise<void>;
}

export function InviteDialog({ onClose, onDone }: Props): JSX.Element {
  const [host, setHost] = useState("");
  const [visitor, setVisitor] = useState("");
  const [plate, setPlate] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [entries, setEntries] = useState("1");
  const [free, setFree] = useState(false);
  const [made, setMade] = useState<VisitorCode | null>(null);
  const check = (): string => {
    if (!ID.test(host.trim())) return say("id_wrong");
    if (!visitor.trim()) return say("name_missing");
    if (!from || !until) return say("dates_needed");
    return entries.trim() === "" || /^[1-9]\d{0,2}$/.test(entries.trim()) ? "" : say("bays_wrong");
  };
  if (made) return <Shown of={made} onClose={onClose} />;
  return (
    <MoneyDialog
      title={say("add_visitor")}
      confirm={say("add_visitor").replace("…", "")}
      done=""
      onClose={() => undefined}
      check={check}
      run={async (key) => {
        const body: VisitorIn = {
          host_id: host.trim(),
          visitor: visitor.trim(),
          valid_from: fromField(from) ?? "",
          valid_until: fromField(until) ?? "",
          entries: entries.trim() ? Number(entries) : null,
          plate: plate.trim() || null,
          free_of_charge: free,
        };
        const code = await call<VisitorCode>("/access/invitations", { body, idempotencyKey: key });
        await onDone();
        setMade(code);
      }}
      onCancel={onClose}
    >
      <Field label={say("host")} value={host} onInput={setHost} longest={64} />
      <Field label={say("visitor")} value={visitor} onInput={setVisitor} />
      <Field label={say("plate")} value={plate} onInput={setPlate} longest={32} />
      <Span from={from} until={until} onFrom={setFrom} onUntil={setUntil} />
      <Field label={say("entries")} value={entries} onInput={setEntries} longest={3} />
      <Tick label={say("free")} checked={free} onChange={setFree} />
    </MoneyDialog>
  );
}

export function CodeDialog({ of, onClose }: { of: Visitor; onClose: () => void }): JSX.Element {
  const code = useRead(() => call<VisitorCode>(`/access/invitations/${of.invitation_id}/code`, { method: "POST" }), [of.invitation_id]);
  if (code.value) return <Shown of={code.value} onClose={onClose} />;
  return (
    <Dialog title={say("code_of", { name: of.visitor })} onClose={onClose} onSubmit={onClose}>
      <Waiting of={code} />
      <div class="dialog-foot">
        <button type="submit">{say("close")}</button>
      </div>
    </Dialog>
  );
}

function Shown({ of, onClose }: { of: VisitorCode; onClose: () => void }): JSX.Element {
  const name = say("code_of", { name: of.invitation.visitor });
  return (
    <Dialog title={name} onClose={onClose} onSubmit={onClose}>
      <p class="soft">{say("code_note")}</p>
      <div class="access-code" role="img" aria-label={name} dangerouslySetInnerHTML={{ __html: of.qr_svg.replace("<svg", '<svg aria-hidden="true"') }} />
      <label>
        {say("code")}
        <textarea readOnly rows={3} value={of.code} onFocus={(e) => e.currentTarget.select()} />
      </label>
      <div class="dialog-foot">
        <button type="submit" class="main">
          {say("close")}
        </button>
      </div>
    </Dialog>
  );
}

export function RevokeDialog({ of, onClose, onDone }: Props & { of: Visitor }): JSX.Element {
  return (
    <MoneyDialog
      title={say("revoke_of", { name: of.visitor })}
      note={say("revoke_note")}
      confirm={say("revoke").replace("…", "")}
      done={say("revoked")}
      onClose={onClose}
      check={() => ""}
      run={async () => {
        await call(`/access/invitations/${of.invitation_id}`, { method: "DELETE" });
        await onDone();
      }}
    >
      {null}
    </MoneyDialog>
  );
}
