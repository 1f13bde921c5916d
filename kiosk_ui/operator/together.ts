// Which stays shall stand on one invoice, and what a stay is called at the desk.
import { signal } from "@preact/signals";
import { plate } from "../shared/format";
import { money as say } from "./money_words";

/** Stays that shall stand on one invoice together, by id, with what they are called. */
export const together = signal<ReadonlyMap<string, string>>(new Map());

export function putTogether(id: string, name: string, is: boolean): void {
  const changed = new Map(together.value);
  if (is) changed.set(id, name);
  else changed.delete(id);
  together.value = changed;
}

export const called = (of: { plate: string | null }): string => (of.plate ? plate(of.plate) : say("no_plate"));
