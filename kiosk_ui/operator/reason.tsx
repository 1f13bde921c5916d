// What moves a boom takes a reason and leaves a trace. One key for one dialog: trying again never does it twice.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { newKey } from "../shared/api";
import { why } from "../shared/i18n/problems";
import { Dialog } from "./dialog";
import { DialogFoot } from "./dialog_foot";
import { tellOnce } from "./toast";
import { say } from "./words";

const SHORTEST = 3;
type Word = Parameters<typeof say>[0];

interface Props {
  title: string;
  note: string;
  /** Ready reasons; "other" is always the last choice. */
  reasons: readonly Word[];
  confirm: string;
  danger?: boolean;
  done: string;
  /** What is said when it did not go through. */
  failed?: Word;
  onClose: () => void;
  /** The trouble with what else was typed, or nothing. */
  check?: () => string;
  run: (reason: string, key: string) => Promise<unknown>;
  children?: JSX.Element | null;
}

export function ReasonDialog({ title, note, reasons, confirm, danger = false, done, failed = "open_failed", onClose, check, run, children }: Props): JSX.Element {
  const [key] = useState(newKey);
  const [reason, setReason] = useState<Word>(reasons[0] ?? "reason_other");
  const [other, setOther] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  const submit = async (): Promise<void> => {
    const text = reason === "reason_other" ? other.trim() : say(reason);
    if (text.length < SHORTEST) return setTrouble(say("reason_short"));
    const wrong = check?.();
    if (wrong) return setTrouble(wrong);
    setBusy(true);
    setTrouble("");
    try {
      await run(text, key);
      tellOnce(done);
      onClose();
    } catch (failure) {
      setBusy(false);
      setTrouble(say(failed, { why: why(failure) }));
    }
  };

  return (
    <Dialog title={title} onClose={onClose} onSubmit={() => void submit()}>
      <p class="soft">{note}</p>
      <fieldset>
        <legend>{say("open_reason")}</legend>
        {[...reasons, "reason_other" as const].map((choice) => (
          <label key={choice} class="radio">
            <input type="radio" name="reason" value={choice} checked={reason === choice} onChange={() => setReason(choice)} />
            {say(choice)}
          </label>
        ))}
      </fieldset>
      {reason === "reason_other" && (
        <label>
          {say("reason_text")}
          <input value={other} maxLength={200} onInput={(e) => setOther(e.currentTarget.value)} aria-describedby="open-trouble" />
        </label>
      )}
      {children}
      <DialogFoot id="open-trouble" trouble={trouble} busy={busy} danger={danger} onClose={onClose}>
        {busy ? say("opening") : confirm}
      </DialogFoot>
    </Dialog>
  );
}
