// What is done with an open shift. Who counts is told nothing of what there should be.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call } from "../shared/api";
import { money } from "../shared/format";
import type { CloseShift, MoveCash, Money, Shift } from "../shared/wire";
import { AmountField, CountFields, minorOf, MoneyDialog, piecesOf, totalOf, useCount } from "./money_form";
import { money as say } from "./money_words";
import { tellOnce } from "./toast";

const SHORTEST = 3;

interface Props {
  of: Shift;
  onClose: () => void;
  onDone: () => Promise<void>;
}

const at = (shift: Shift, deed: string): string => `/cash/shifts/${encodeURIComponent(shift.shift_id)}/${deed}`;

export function CountDialog({ of, onClose, onDone }: Props): JSX.Element {
  const [counts, count] = useCount();
  return (
    <MoneyDialog
      title={say("count_title", { till: of.till })}
      confirm={say("count_save")}
      done=""
      onClose={onClose}
      check={() => ""}
      run={async () => {
        const { total } = await call<{ total: Money }>(at(of, "counts"), { body: { counts: piecesOf(counts) } });
        tellOnce(say("count_saved", { amount: money(total) }));
        await onDone();
      }}
    >
      <CountFields counts={counts} onCount={count} />
    </MoneyDialog>
  );
}

export function MoveDialog({ of, currency, onClose, onDone }: Props & { currency: string }): JSX.Element {
  const [way, setWay] = useState<"from_safe" | "to_safe">("to_safe");
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  return (
    <MoneyDialog
      title={say("move_title", { till: of.till })}
      confirm={say("move_now")}
      done={say("moved")}
      onClose={onClose}
      check={() => (!minorOf(amount) ? say("amount_wrong") : reason.trim().length < SHORTEST ? say("reason_short") : "")}
      run={async (key) => {
        const minor = minorOf(amount) ?? 0;
        const body: MoveCash = { amount: { amount: way === "to_safe" ? -minor : minor, currency }, reason: reason.trim() };
        await call(at(of, "moves"), { body, idempotencyKey: key });
        await onDone();
      }}
    >
      <fieldset>
        <legend>{say("move_way")}</legend>
        {(["to_safe", "from_safe"] as const).map((one) => (
          <label key={one} class="radio">
            <input type="radio" name="way" value={one} checked={way === one} onChange={() => setWay(one)} />
            {say(one)}
          </label>
        ))}
      </fieldset>
      <AmountField label={say("amount")} value={amount} onInput={setAmount} />
      <label>
        {say("reason")}
        <input type="text" maxLength={200} value={reason} onInput={(e) => setReason(e.currentTarget.value)} />
      </label>
    </MoneyDialog>
  );
}

export function CloseDialog({ of, onClose, onDone }: Props): JSX.Element {
  const [counts, count] = useCount();
  const [out, setOut] = useState("");
  const [reason, setReason] = useState("");
  const check = (): string => {
    if (out.trim() && minorOf(out) === null) return say("amount_wrong");
    if ((minorOf(out) ?? 0) > totalOf(counts)) return say("amount_wrong");
    return "";
  };
  return (
    <MoneyDialog
      title={say("shift_close_title", { till: of.till })}
      confirm={say("shift_close_now")}
      done={say("shift_closed")}
      onClose={onClose}
      check={check}
      run={async (key) => {
        const body: CloseShift = { counts: piecesOf(counts), take_out: minorOf(out) ?? 0, reason: reason.trim() || null };
        await call<Shift>(at(of, "close"), { body, idempotencyKey: key });
        await onDone();
      }}
    >
      <CountFields counts={counts} onCount={count} />
      <AmountField label={say("take_out")} value={out} onInput={setOut} />
      <label>
        {say("close_reason")}
        <input type="text" maxLength={200} value={reason} onInput={(e) => setReason(e.currentTarget.value)} />
      </label>
    </MoneyDialog>
  );
}
