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
  const [failure, fail] = useState<unknown>(null);
  const [turn] = useState({ now: 0 });

  const read = async (): Promise<void> => {
    const mine = ++turn.now;
    try {
      const found = await ask();
      if (mine !== turn.now) return;
      setValue(() => found);
      fail(null);
    } catch (found) {
      if (mine === turn.now) fail(() => found);
    }
  };

  useEffect(() => {
    setValue(null);
    fail(null);
    void read();
  }, on);
  return { value, trouble: failure === null ? "" : why(failure), again: read }; // in the language of now, not of then
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
