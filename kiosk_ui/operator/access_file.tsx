// A file is checked before it is taken: what it would do, or every row that is wrong. Chinese spreadsheets write GB 18030; that is read too.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { at, call, isCertainNo, newKey, Problem, type Wrong } from "../shared/api";
import { why } from "../shared/i18n/problems";
import type { RightsFile, RightsTaken } from "../shared/wire";
import { access as say, wrongWith } from "./access_words";
import { Dialog } from "./dialog";
import { money as sayMoney } from "./money_words";
import { TableFrame } from "./table_frame";
import { tellOnce } from "./toast";

export type FileKind = "list" | "passes" | "invitations";

const NAMES = { list: "lists", passes: "passes", invitations: "visitors" } as const;
const COLUMNS: Readonly<Record<FileKind, string>> = {
  list: "plate, listed_as (vip, allow, staff, block), note, valid_from, valid_until, schedule_id, group_id",
  passes: "pass_id, holder_id, plates, bays, valid_from, valid_until, lots, schedule_id, group_id, second_car, outside_hours, when_full",
  invitations: "host_id, visitor, plate, valid_from, valid_until, entries, lots, free_of_charge",
};

export function ExportLink({ kind }: { kind: FileKind }): JSX.Element {
  return (
    <a class="button" href={at(`/access/${kind}/export`)} download={`${kind}.csv`}>
      {say("export")}
    </a>
  );
}

async function textOf(file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030", { fatal: true }).decode(bytes);
  }
}

interface Props {
  kind: FileKind;
  onClose: () => void;
  onDone: () => Promise<void>;
}

export function ImportDialog({ kind, onClose, onDone }: Props): JSX.Element {
  const [csv, setCsv] = useState("");
  const [key, setKey] = useState(newKey);
  const [busy, setBusy] = useState(false);
  const [good, setGood] = useState<RightsTaken | null>(null);
  const [wrong, setWrong] = useState<readonly Wrong[]>([]);
  const [trouble, setTrouble] = useState("");

  const send = (text: string, check: boolean): Promise<RightsTaken> =>
    call<RightsTaken>(`/access/${kind}/import`, { body: { csv: text, check } satisfies RightsFile, idempotencyKey: check ? newKey() : key });

  const refused = (failure: unknown): void => {
    if (isCertainNo(failure)) setKey(newKey());
    if (failure instanceof Problem && failure.errors.length) {
      setWrong(failure.errors);
      setGood(null);
    } else setTrouble(why(failure));
  };

  const look = async (file: File | undefined): Promise<void> => {
    setGood(null);
    setWrong([]);
    setTrouble("");
    setCsv("");
    if (!file) return;
    setBusy(true);
    try {
      const text = await textOf(file).catch(() => {
        throw new TypeError();
      });
      setGood(await send(text, true));
      setCsv(text);
    } catch (failure) {
      if (failure instanceof TypeError) setTrouble(say("not_text"));
      else refused(failure);
    } finally {
      setBusy(false);
    }
  };

  const take = async (): Promise<void> => {
    if (!good || busy) return;
    setBusy(true);
    setTrouble("");
    try {
      const taken = await send(csv, false);
      tellOnce(say("taken", { rows: taken.imported }));
      await onDone();
      onClose();
    } catch (failure) {
      refused(failure);
      setBusy(false);
    }
  };

  return (
    <Dialog title={say("import_title", { what: say(NAMES[kind]) })} onClose={onClose} onSubmit={() => void take()}>
      <p class="soft">
        {say("import_note")} {kind === "invitations" && say("import_visitors")}
      </p>
      <p class="soft small access-columns">{say("columns", { columns: COLUMNS[kind] })}</p>
      <label>
        {say("file")}
        <input type="file" accept=".csv,text/csv" onChange={(e) => void look(e.currentTarget.files?.[0])} />
      </label>
      <div role="status" aria-live="polite">
        {busy && <p class="soft">{say("checking")}</p>}
        {good && <p>{say("checked", { rows: good.imported, fresh: good.new, changed: good.changed, same: good.same })}</p>}
        {wrong.length > 0 && <Complaints of={wrong} />}
      </div>
      <p class="trouble" role="alert">
        {trouble}
      </p>
      <div class="dialog-foot">
        <button type="button" onClick={onClose}>
          {sayMoney("cancel")}
        </button>
        <button type="submit" class="main" disabled={!good || busy}>
          {say("take")}
        </button>
      </div>
    </Dialog>
  );
}

function Complaints({ of }: { of: readonly Wrong[] }): JSX.Element {
  return (
    <TableFrame name={say("what")} as="access-wrong">
      <p>
        <b>{say("wrong", { count: of.length })}</b>
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">{say("row")}</th>
            <th scope="col">{say("column")}</th>
            <th scope="col">{say("what")}</th>
          </tr>
        </thead>
        <tbody>
          {of.map((one, n) => {
            const [row, column] = one.field.replace(/^row /, "").split(", ");
            return (
              <tr key={n}>
                <td>{row}</td>
                <td>{column ?? ""}</td>
                <td>{wrongWith(one.code, one.detail)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {of.length >= 100 && <p class="soft">{say("wrong_many")}</p>}
    </TableFrame>
  );
}
