// One part of the page in each of its states: being read, refused, empty, there. Every card stands on this.
import type { ComponentChildren, JSX } from "preact";
import { why } from "../shared/i18n/problems";
import { say } from "./member_words";
import { away, type Source } from "./sources";

interface PartProps<T> {
  of: Source<T>;
  /** What to say where there is nothing; null where there is something. */
  empty?: (value: T) => JSX.Element | null;
  /** What to say to a refusal that has an answer of its own. */
  refused?: (code: string) => JSX.Element | null;
  children: (value: T) => ComponentChildren;
}

export function Part<T>({ of, empty, refused, children }: PartProps<T>): JSX.Element {
  const { value, no } = of;
  if (no.value) return refused?.(no.value.code) ?? <Failed of={of} />;
  if (value.value === null) return away.value ? <p class="soft waiting">{say("offline_first")}</p> : <Bones />;
  return <>{empty?.(value.value) ?? children(value.value)}</>;
}

function Failed<T>({ of }: { of: Source<T> }): JSX.Element {
  return (
    <div role="alert">
      <p class="trouble">{say("part_failed", { why: why(of.no.value) })}</p>
      <button type="button" onClick={() => void of.load()}>
        {say("try_again")}
      </button>
    </div>
  );
}

/** The shape of what is coming; it does not move, so that nobody waits for it with dizziness. */
function Bones(): JSX.Element {
  return (
    <div class="bones" role="status">
      <span class="hidden-visually">{say("loading")}</span>
      <i aria-hidden="true" />
      <i aria-hidden="true" />
    </div>
  );
}

export function Nothing({ word, note }: { word: string; note?: string }): JSX.Element {
  return (
    <div class="nothing">
      <p>{word}</p>
      {note && <p class="soft small">{note}</p>}
    </div>
  );
}

export function Trouble({ of }: { of: string }): JSX.Element {
  return (
    <p class="trouble" role="alert">
      {of && say("not_done", { why: of })}
    </p>
  );
}
