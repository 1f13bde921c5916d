// What is read for a page, and how it is said that it cannot be read.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { why } from "../shared/i18n/problems";
import { money as say } from "./money_words";

export interface Read<T> {
  value: T | null;
  trouble: string;
  again: () => Promise<void>;
}

/** Read something now, when `on` changes, and whenever `again` is called; of two answers the later question's stays. */
export function useRead<T>(ask: () => Promise<T>, on: readonly unknown[]): Read<T> {
  const [value, setValue] = useState<T | null>(null);
  const [trouble, setTrouble] = useState("");
  const [turn] = useState({ now: 0 });

  const read = async (): Promise<void> => {
    const mine = ++turn.now;
    try {
      const found = await ask();
      if (mine !== turn.now) return;
      setValue(() => found);
      setTrouble("");
    } catch (failure) {
      if (mine === turn.now) setTrouble(why(failure));
    }
  };

  useEffect(() => {
    setValue(null);
    setTrouble("");
    void read();
  }, on);
  return { value, trouble, again: read };
}

/** In place of what is not there yet. */
export function Waiting({ of }: { of: Read<unknown> }): JSX.Element | null {
  if (of.value !== null && !of.trouble) return null;
  return (
    <p role="status" class={of.trouble ? "desk-stale" : "soft"}>
      {of.trouble ? say("unread", { why: of.trouble }) : say("loading")}
      {of.trouble && (
        <button type="button" class="quiet" onClick={() => void of.again()}>
          {say("again")}
        </button>
      )}
    </p>
  );
}

/** The choice of one of a few views of a list. */
export function Tabs({ of, chosen, name, onChoose }: { of: readonly (readonly [string, string])[]; chosen: string; name: string; onChoose: (key: string) => void }): JSX.Element {
  return (
    <div class="tabs" role="group" aria-label={name}>
      {of.map(([key, label]) => (
        <button key={key} type="button" aria-pressed={chosen === key} onClick={() => onChoose(key)}>
          {label}
        </button>
      ))}
    </div>
  );
}
