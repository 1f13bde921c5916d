// How a dialog ends: what went wrong, the way out, and the deed.
import type { ComponentChildren, JSX } from "preact";
import { say } from "./words";

interface Props {
  /** The id by which fields say what is wrong with them. */
  id: string;
  trouble: string;
  busy: boolean;
  danger?: boolean;
  onClose: () => void;
  /** The words on the button that does it. */
  children: ComponentChildren;
}

export function DialogFoot({ id, trouble, busy, danger = false, onClose, children }: Props): JSX.Element {
  return (
    <>
      <p class="trouble" role="alert" id={id}>
        {trouble}
      </p>
      <div class="dialog-foot">
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
        <button type="submit" class={danger ? "main danger" : "main"} disabled={busy}>
          {children}
        </button>
      </div>
    </>
  );
}
