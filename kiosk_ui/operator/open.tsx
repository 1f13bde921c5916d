// Opening by hand takes a reason and leaves a trace. One key for one dialog: trying again never opens twice.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call, newKey } from "../shared/api";
import { why } from "../shared/i18n/problems";
import type { OpenLane } from "../shared/wire";
import { Dialog } from "./dialog";
import { tellOnce } from "./toast";
import { say } from "./words";

const REASONS = ["reason_paid", "reason_read", "reason_special", "reason_fault", "reason_other"] as const;
type Reason = (typeof REASONS)[number];
const SHORTEST = 3;

export function OpenDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }): JSX.Element {
  const [key] = useState(newKey);
  const [reason, setReason] = useState<Reason>("reason_paid");
  const [other, setOther] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  const submit = async (): Promise<void> => {
    const text = reason === "reason_other" ? other.trim() : say(reason);
    if (text.length < SHORTEST) return setTrouble(say("reason_short"));
    setBusy(true);
    setTrouble("");
    try {
      await call(`/lanes/${encodeURIComponent(id)}/open`, { body: { reason: text } satisfies OpenLane, idempotencyKey: key });
      tellOnce(say("opened", { lane: name }));
      onClose();
    } catch (failure) {
      setBusy(false);
      setTrouble(say("open_failed", { why: why(failure) }));
    }
  };

  return (
    <Dialog title={say("open_title", { lane: name })} onClose={onClose} onSubmit={() => void submit()}>
      <p class="soft">{say("open_note")}</p>
      <fieldset>
        <legend>{say("open_reason")}</legend>
        {REASONS.map((choice) => (
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
      <p class="trouble" role="alert" id="open-trouble">
        {trouble}
      </p>
      <div class="dialog-foot">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        <button type="submit" class="main" disabled={busy}>
          {busy ? say("opening") : say("open_now")}
        </button>
      </div>
    </Dialog>
  );
}
