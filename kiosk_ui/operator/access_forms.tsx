// The forms for a plate on a list, a pass, a holder and a card. What is wrong is said here where it can be, and else in the server's words.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { fromField, inField } from "../shared/format";
import type { CredentialIn, Holder, HolderIn, ListedIn, ListedPlate, Pass, PassIn } from "../shared/wire";
import { Choose, Field, Groups, ID, Schedules, Span, Tick, words } from "./access_fields";
import { access as say, kindOf } from "./access_words";
import { MoneyDialog } from "./money_form";

interface Props<T> {
  of: T;
  onClose: () => void;
  onDone: () => Promise<void>;
}

type Listed = ListedIn["listed_as"];
const LISTS: readonly Listed[] = ["vip", "allow", "staff", "block"];
const CARDS = ["card", "uhf", "bluetooth", "obu"] as const;
type Rule = NonNullable<PassIn["second_car"]>;
const RULES: readonly Rule[] = ["visitor", "refuse"];

export function EntryDialog({ of, first = "vip", onClose, onDone }: Props<ListedPlate | null> & { first?: string }): JSX.Element {
  const [plate, setPlate] = useState(of?.plate ?? "");
  const [kind, setKind] = useState<Listed>(of?.listed_as ?? LISTS.find((one) => one === first) ?? "vip");
  const [note, setNote] = useState(of?.note ?? "");
  const [from, setFrom] = useState(inField(of?.valid_from));
  const [until, setUntil] = useState(inField(of?.valid_until));
  const [schedule, setSchedule] = useState(of?.schedule_id ?? "");
  const [group, setGroup] = useState(of?.group_id ?? "");
  return (
    <MoneyDialog
      title={of ? say("edit_of", { what: of.plate }) : say("add_entry")}
      confirm={of ? say("edit_of", { what: of.plate }) : say("add_entry").replace("…", "")}
      done={say("saved")}
      onClose={onClose}
      check={() => (plate.trim() ? "" : say("plate_missing"))}
      run={async () => {
        const body: ListedIn = { listed_as: kind, note: note.trim(), valid_from: fromField(from), valid_until: fromField(until), schedule_id: schedule || null, group_id: group || null };
        await call(`/access/list/${encodeURIComponent(plate.trim())}`, { method: "PUT", body });
        await onDone();
      }}
    >
      <Field label={say("plate")} value={plate} onInput={setPlate} disabled={of !== null} longest={32} />
      <Choose label={say("kind")} value={kind} onChange={(key) => setKind(key as Listed)} of={LISTS.map((one) => [one, say(one)] as const)} />
      <Field label={say("note")} value={note} onInput={setNote} longest={200} />
      <Span from={from} until={until} onFrom={setFrom} onUntil={setUntil} />
      <Schedules value={schedule} onChange={setSchedule} />
      <Groups value={group} onChange={setGroup} />
    </MoneyDialog>
  );
}

export function PassDialog({ of, onClose, onDone }: Props<Pass | null>): JSX.Element {
  const [id, setId] = useState(of?.pass_id ?? "");
  const [holder, setHolder] = useState(of?.holder_id ?? "");
  const [plates, setPlates] = useState((of?.plates ?? []).join(" "));
  const [bays, setBays] = useState(String(of?.bays ?? 1));
  const [from, setFrom] = useState(inField(of?.valid_from));
  const [until, setUntil] = useState(inField(of?.valid_until));
  const [lots, setLots] = useState((of?.lots ?? []).join(" "));
  const [schedule, setSchedule] = useState(of?.schedule_id ?? "");
  const [second, setSecond] = useState<Rule>(of?.second_car ?? "visitor");
  const [outside, setOutside] = useState<Rule>(of?.outside_hours ?? "visitor");
  const [full, setFull] = useState(of?.when_full ?? false);
  const rules = RULES.map((one) => [one, say(`${one}_rule`)] as const);
  const check = (): string => {
    if (!ID.test(id.trim()) || !ID.test(holder.trim())) return say("id_wrong");
    return /^[1-9]\d{0,3}$/.test(bays.trim()) ? "" : say("bays_wrong");
  };
  return (
    <MoneyDialog
      title={of ? say("edit_of", { what: of.pass_id }) : say("add_pass")}
      confirm={of ? say("edit_of", { what: of.pass_id }) : say("add_pass").replace("…", "")}
      done={say("saved")}
      onClose={onClose}
      check={check}
      run={async () => {
        const rest = { schedule_id: schedule || null, group_id: of?.group_id ?? null, second_car: second, outside_hours: outside, when_full: full };
        const body: PassIn = { holder_id: holder.trim(), plates: words(plates), bays: Number(bays), valid_from: fromField(from), valid_until: fromField(until), lots: words(lots), ...rest };
        await call(`/access/passes/${encodeURIComponent(id.trim())}`, { method: "PUT", body });
        await onDone();
      }}
    >
      <Field label={say("id")} value={id} onInput={setId} disabled={of !== null} longest={64} />
      <Field label={say("holder")} value={holder} onInput={setHolder} longest={64} />
      <Field label={say("plates")} value={plates} onInput={setPlates} longest={1500} />
      <Field label={say("bays")} value={bays} onInput={setBays} longest={4} />
      <Span from={from} until={until} onFrom={setFrom} onUntil={setUntil} />
      <Field label={say("lots")} value={lots} onInput={setLots} longest={1000} />
      <Schedules value={schedule} onChange={setSchedule} />
      <Choose label={say("second_car")} value={second} onChange={(key) => setSecond(key as Rule)} of={rules} />
      {schedule && <Choose label={say("outside_hours")} value={outside} onChange={(key) => setOutside(key as Rule)} of={rules} />}
      <Tick label={say("when_full")} checked={full} onChange={setFull} />
    </MoneyDialog>
  );
}

export function HolderDialog({ of, onClose, onDone }: Props<Holder | null>): JSX.Element {
  const [id, setId] = useState(of?.holder_id ?? "");
  const [name, setName] = useState(of?.name ?? "");
  const [plates, setPlates] = useState((of?.plates ?? []).join(" "));
  const [group, setGroup] = useState(of?.group_id ?? "");
  const [from, setFrom] = useState(inField(of?.valid_from));
  const [until, setUntil] = useState(inField(of?.valid_until));
  const [blocked, setBlocked] = useState(of?.blocked ?? false);
  return (
    <MoneyDialog
      title={of ? say("edit_of", { what: of.name }) : say("add_holder")}
      confirm={of ? say("edit_of", { what: of.name }) : say("add_holder").replace("…", "")}
      done={say("saved")}
      onClose={onClose}
      check={() => (!ID.test(id.trim()) ? say("id_wrong") : name.trim() ? "" : say("name_missing"))}
      run={async () => {
        const body: HolderIn = { name: name.trim(), plates: words(plates), group_id: group || null, blocked, valid_from: fromField(from), valid_until: fromField(until) };
        await call(`/access/holders/${encodeURIComponent(id.trim())}`, { method: "PUT", body });
        await onDone();
      }}
    >
      <Field label={say("id")} value={id} onInput={setId} disabled={of !== null} longest={64} />
      <Field label={say("name")} value={name} onInput={setName} />
      <Field label={say("plates")} value={plates} onInput={setPlates} longest={1500} />
      <Groups value={group} onChange={setGroup} />
      <Span from={from} until={until} onFrom={setFrom} onUntil={setUntil} />
      <Tick label={say("blocked_holder")} checked={blocked} onChange={setBlocked} />
    </MoneyDialog>
  );
}

export function CredentialDialog({ of, onClose, onDone }: Props<Holder>): JSX.Element {
  const [kind, setKind] = useState<CredentialIn["kind"]>("card");
  const [value, setValue] = useState("");
  return (
    <MoneyDialog
      title={`${say("credentials")}: ${of.name}`}
      confirm={say("add_credential").replace("…", "")}
      done={say("saved")}
      onClose={onClose}
      check={() => (value.trim() ? "" : say("credential_value"))}
      run={async () => {
        await call(`/access/holders/${encodeURIComponent(of.holder_id)}/credentials`, { body: { kind, value: value.trim() } satisfies CredentialIn });
        await onDone();
      }}
    >
      <Choose label={say("credential_kind")} value={kind} onChange={(key) => setKind(key as CredentialIn["kind"])} of={CARDS.map((one) => [one, kindOf(one)] as const)} />
      <Field label={say("credential_value")} value={value} onInput={setValue} longest={200} />
    </MoneyDialog>
  );
}
