// A modal question. The browser's own <dialog> keeps the focus inside and gives it back, and Esc closes it.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  onClose: () => void;
  onSubmit: () => void;
  children: ComponentChildren;
}

/** The title may be the words of the button that opens it: the dots that promise a question are left out where it is asked. */
export function Dialog({ title, onClose, onSubmit, children }: Props): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const asked = box.current;
    asked?.showModal();
    return () => {
      const now = document.activeElement;
      if (now !== document.body && !asked?.contains(now)) return; // whoever has gone on meanwhile is not called back
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      else document.getElementById("main")?.focus(); // what had opened it is gone with the row that it was about
    };
  }, []);
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onClose={onClose} onClick={(e) => e.target === box.current && onClose()}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <h2 id="dialog-title">{title.replace(/…$/, "")}</h2>
        {children}
      </form>
    </dialog>
  );
}
