// Proposing, approving, refusing and ending: each once, with a name and a reason.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import type { ApproveProposal, EndTariff, OfferedTariff, ProposeTariff, RefuseProposal, TariffProposal } from "../shared/wire";
import { Field } from "./access_fields";
import { MoneyDialog } from "./money_form";
import { tariffs as say } from "./tariff_words";

const SHORTEST = 3;

interface Props {
  onClose: () => void;
  onDone: () => Promise<void>;
}

const at = (of: TariffProposal, deed: string): string => `/tariffs/proposals/${encodeURIComponent(of.proposal_id)}/${deed}`;
const short = (text: string): string => (text.trim().length < SHORTEST ? say("reason_short") : "");

export function ProposeDialog({ source, begin, onClose, onDone }: Props & { source: string; begin: string | null }): JSX.Element {
  const [note, setNote] = useState("");
  const today = new Date().toISOString().slice(0, 10);
  return (
    <MoneyDialog
      title={say("propose_title")}
      note={begin ? say("propose_note", { day: begin }) : say("propose_day", { day: today })}
      confirm={say("propose_now")}
      done={say("proposed")}
      onClose={onClose}
      check={() => (begin ? short(note) : say("propose_day", { day: today }))}
      run={async (key) => {
        await call("/tariffs/proposals", { body: { source, note: note.trim() } satisfies ProposeTariff, idempotencyKey: key });
        await onDone();
      }}
    >
      <Field label={say("reason")} value={note} onInput={setNote} longest={200} />
    </MoneyDialog>
  );
}

export function EndDialog({ of, name, onClose, onDone }: Props & { of: OfferedTariff; name: string }): JSX.Element {
  const [day, setDay] = useState("");
  const [note, setNote] = useState("");
  return (
    <MoneyDialog
      title={say("end_title", { name })}
      note={say("end_note")}
      confirm={say("end_now")}
      done={say("proposed")}
      onClose={onClose}
      check={() => (day ? short(note) : say("day_missing"))}
      run={async (key) => {
        await call("/tariffs/ends", { body: { version: of.version, last_day: day, note: note.trim() } satisfies EndTariff, idempotencyKey: key });
        await onDone();
      }}
    >
      <label>
        {say("last_day")}
        <input type="date" value={day} onInput={(e) => setDay(e.currentTarget.value)} />
      </label>
      <Field label={say("reason")} value={note} onInput={setNote} longest={200} />
    </MoneyDialog>
  );
}

export function ApproveDialog({ of, onClose, onDone }: Props & { of: TariffProposal }): JSX.Element {
  return (
    <MoneyDialog
      title={say("approve_title", { note: of.note })}
      note={of.last_day ? say("approve_end", { day: of.last_day }) : say("approve_note", { version: of.version.slice(0, 10) })}
      confirm={say("approve_now")}
      done={say("approved_done")}
      onClose={onClose}
      check={() => ""}
      run={async (key) => {
        await call(at(of, "approve"), { body: { version: of.version } satisfies ApproveProposal, idempotencyKey: key });
        await onDone();
      }}
    >
      {null}
    </MoneyDialog>
  );
}

export function RefuseDialog({ of, onClose, onDone }: Props & { of: TariffProposal }): JSX.Element {
  const [reason, setReason] = useState("");
  return (
    <MoneyDialog
      title={say(of.mine ? "withdraw_title" : "refuse_title", { note: of.note })}
      confirm={say(of.mine ? "withdraw" : "refuse").replace("…", "")}
      done={say("done")}
      onClose={onClose}
      check={() => short(reason)}
      run={async (key) => {
        await call(at(of, "refuse"), { body: { reason: reason.trim() } satisfies RefuseProposal, idempotencyKey: key });
        await onDone();
      }}
    >
      <Field label={say("reason")} value={reason} onInput={setReason} longest={200} />
    </MoneyDialog>
  );
}
