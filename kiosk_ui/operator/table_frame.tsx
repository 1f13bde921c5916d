// A table may be wider than a narrow screen or than letters of twice the size leave room for: it scrolls in a frame, by keys as well.
import type { ComponentChildren, JSX } from "preact";

/** `name` is what a screen reader calls the frame, `as` its class beside `table-scroll`. */
export function TableFrame({ name, as, children }: { name: string; as: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class={`table-scroll ${as}`} tabIndex={0} role="group" aria-label={name}>
      {children}
    </div>
  );
}
