// In place of a list that has nothing: a mark, what there is not, and what will bring it or what to do instead.
import type { ComponentChildren, JSX } from "preact";
import { Mark, type MarkName } from "../shared/marks";

interface Props {
  mark: MarkName;
  word: string;
  note?: string;
  /** What to do about it. */
  children?: ComponentChildren;
}

export function Nothing({ mark, word, note = "", children }: Props): JSX.Element {
  return (
    <div class="nothing">
      <Mark name={mark} size="1.75rem" />
      <p>
        <b>{word}</b>
        {note && <small>{note}</small>}
      </p>
      {children}
    </div>
  );
}
