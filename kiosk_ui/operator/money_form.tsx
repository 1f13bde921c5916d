// What every form about money has in common: an amount typed in yuan and sent in fen, a dialog with one key however often it is tried.
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { isCertainNo, newKey } from "../shared/api";
import { digitsOf, money as shown } from "../shared/format";
import { why } from "../shared/i18n/problems";
import { site } from "../shared/site";
import type { Money, Pieces } from "../shared/wire";
import { Dialog } from "./dialog";
import { money as say } from "./money_words";
import { tellOnce } from "./toast";

const NOTES: Readonly<Record<string, readonly number[]>> = { CNY: [10000, 5000, 2000, 1000, 500, 100, 50, 10] };
const ANYWHERE = [10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 1];

export const currency = (): string => site.value?.currency ?? "CNY";
export const inMinor = (amount: number): Money => ({ amount, currency: currency() });

const ownDigits = (): number => digitsOf(currency());

/** 1250 as "12.50", to begin a field with. */
export const typed = (minor: number): string => (minor / 10 ** ownDigits()).toFixed(ownDigits());

/** "12.5" as 1250; null for what is no amount of this currency. */
export function minorOf(text: string): number | null {
  const digits = ownDigits();
  const found = /^(\d{1,7})(?:[.．](\d+))?$/.exec(text.trim());
  const rest = found?.[2] ?? "";
  if (!found || rest.length > digits) return null;
  return Number(found[1]) * 10 ** digits + Number(rest.padEnd(digits, "0") || 0);
}

interface AmountProps {
  label: string;
  value: string;
  onInput: (text: string) => void;
}

export function AmountField({ label, value, onInput }: AmountProps): JSX.Element {
  return (
    <label>
      {label}
      <input type="text" inputMode="decimal" autocomplete="off" maxLength={12} value={value} onInput={(e) => onInput(e.currentTarget.value)} />
    </label>
  );
}

/** How many of each note and coin; what is left empty is none of them. */
export function CountFields({ counts, onCount }: { counts: ReadonlyMap<number, number>; onCount: (value: number, pieces: number) => void }): JSX.Element {
  return (
    <fieldset class="count-fields">
      <legend>{say("pieces")}</legend>
      <div>
        {(NOTES[currency()] ?? ANYWHERE).map((value) => (
          <label key={value}>
            <span>{shown(inMinor(value))}</span>
            <input
              type="text"
              inputMode="numeric"
              pattern="[0-9]*"
              autocomplete="off"
              maxLength={4}
              aria-label={say("pieces_of", { value: shown(inMinor(value)) })}
              value={counts.get(value) ? String(counts.get(value)) : ""}
              onInput={(e) => onCount(value, Number(e.currentTarget.value.replace(/\D/g, "")) || 0)}
            />
          </label>
        ))}
      </div>
      <p class="count-total" role="status">
        {say("counted")} <b>{shown(inMinor(totalOf(counts)))}</b>
      </p>
    </fieldset>
  );
}

export const totalOf = (counts: ReadonlyMap<number, number>): number => [...counts].reduce((sum, [value, pieces]) => sum + value * pieces, 0);
export const piecesOf = (counts: ReadonlyMap<number, number>): Pieces[] => [...counts].filter(([, n]) => n > 0).map(([value, pieces]) => ({ value, pieces }));

/** A count that a form holds. */
export function useCount(): [ReadonlyMap<number, number>, (value: number, pieces: number) => void] {
  const [counts, set] = useState<ReadonlyMap<number, number>>(new Map());
  return [counts, (value, pieces) => set(new Map(counts).set(value, pieces))];
}

interface FormProps {
  title: string;
  note?: string;
  confirm: string;
  /** What is said when it went through; empty where `run` says it itself. */
  done: string;
  /** After it went through, and on cancelling. */
  onClose: () => void;
  /** On cancelling only, where something else follows what went through. */
  onCancel?: () => void;
  /** The trouble with what was typed, or nothing. */
  check: () => string;
  run: (key: string) => Promise<unknown>;
  children: ComponentChildren;
}

/** A dialog that does one thing about money: checked here, done once there, told in words either way. */
export function MoneyDialog({ title, note, confirm, done, onClose, onCancel = onClose, check, run, children }: FormProps): JSX.Element {
  const [key, setKey] = useState(newKey);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  const submit = async (): Promise<void> => {
    const wrong = check();
    if (wrong) return setTrouble(wrong);
    setBusy(true);
    setTrouble("");
    try {
      await run(key);
      if (done) tellOnce(done);
      onClose();
    } catch (failure) {
      setBusy(false);
      if (isCertainNo(failure)) setKey(newKey()); // nothing was done: what is corrected is another request
      setTrouble(say("failed", { why: why(failure) }));
    }
  };

  return (
    <Dialog title={title} onClose={onCancel} onSubmit={() => void submit()}>
      {note && <p class="soft">{note}</p>}
      {children}
      <p class="trouble" role="alert">
        {trouble}
      </p>
      <div class="dialog-foot">
        <button type="button" onClick={onCancel}>
          {say("cancel")}
        </button>
        <button type="submit" class="main" disabled={busy}>
          {busy ? say("saving") : confirm}
        </button>
      </div>
    </Dialog>
  );
}

/** A till's name as the server takes it; the last one used here is offered again. */
export const TILL = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
const KEPT_UNDER = "parking.till";

export function keptTill(): string {
  try {
    return localStorage.getItem(KEPT_UNDER) ?? "";
  } catch {
    return "";
  }
}

export function keepTill(till: string): void {
  try {
    localStorage.setItem(KEPT_UNDER, till);
  } catch {
    // Then it has to be typed again.
  }
}
