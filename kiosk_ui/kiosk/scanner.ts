// A code scanner types like a very fast keyboard and ends with Enter. A ticket's code proves whose stay it is, so no plate is
// asked for; anything else that it reads is left alone.
import { openTicket } from "./flow";

const FASTEST_TYPIST_MS = 60;
const LONGEST = 2_048;
const TICKET = /[#&]t=([\w.-]+)$/;

export function listenToScanner(): void {
  let read = "";
  let last = 0;
  addEventListener(
    "keydown",
    (event) => {
      const now = performance.now();
      if (now - last > FASTEST_TYPIST_MS) read = "";
      last = now;
      if (event.key.length === 1) read = (read + event.key).slice(-LONGEST);
      if (event.key !== "Enter") return;
      const code = TICKET.exec(read)?.[1];
      read = "";
      if (!code) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // it is no plate, and nothing to press a button with
      void openTicket(code);
    },
    { capture: true },
  );
}
