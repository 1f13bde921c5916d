// One clock for the whole page: a signal that moves once a second, and knows how far the server's clock is from ours.
import { signal } from "@preact/signals";

/** Milliseconds by the server's clock, as near as we know it. */
export const now = signal(Date.now());

let ahead = 0;

/** The server said that it is `at`; countdowns follow it, not the device's own clock. */
export function setServerTime(at: string): void {
  const said = Date.parse(at);
  if (!Number.isFinite(said)) return;
  ahead = said - Date.now();
  now.value = said;
}

setInterval(() => (now.value = Date.now() + ahead), 1_000);
