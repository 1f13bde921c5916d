// What both halves of the conversation with one person, the phone's and the notes', look at and change: the screen, the stay, and the
// patience that is left.
import { signal } from "@preact/signals";
import { LiveFeed } from "../shared/live";
import type { Car, MyStay, Payment } from "../shared/wire";

export type Screen = "start" | "plate" | "missing" | "fee" | "pay" | "cash" | "done" | "find";

/** Seconds without a touch after which a screen is given up. While paying the person looks at a phone, not at us. */
const PATIENCE_S: Readonly<Record<Screen, number>> = { start: 0, plate: 60, missing: 45, fee: 90, pay: 240, cash: 120, done: 20, find: 120 };
export const WARN_S = 15;

/** What a machine's address says of it. */
export const hash = new URLSearchParams(location.hash.slice(1));
/** What this machine shows the server. */
export const deviceKey = hash.get("k") ?? "";
/** On a developer's screen the QR codes are links too; a machine's address does not ask for it. */
export const demo = hash.has("demo");

export const feed = new LiveFeed(() => "zone");
export const screen = signal<Screen>("start");
export const typed = signal("");
export const busy = signal(false);
export const trouble = signal("");
export const stay = signal<MyStay | null>(null);
export const token = signal("");
export const payment = signal<Payment | null>(null);
export const car = signal<Car | null>(null);
export const stepFree = signal(false);
/** The code of the ticket that was scanned here: it proves whose car it is, a plate does not. */
export const ownCode = signal("");
/** The channel of the payment that is under way. */
export const payingBy = signal("");
export const payAway = signal(false);
export const enrolled = signal(deviceKey !== "");
/** Seconds left on this screen, or null where nothing counts. */
export const left = signal<number | null>(null);
/** Whether what the screen asks is also said aloud. */
export const voice = signal(true);

let deadline = 0;

/** Whether the page asks if anybody is still there. */
export function asking(): boolean {
  return left.value !== null && left.value <= WARN_S && screen.value !== "done" && screen.value !== "start";
}

export function touched(): void {
  const patience = PATIENCE_S[screen.value];
  deadline = Date.now() + patience * 1_000;
  left.value = patience || null;
}

/** Seconds until this screen is given up. */
export const secondsLeft = (): number => Math.ceil((deadline - Date.now()) / 1_000);

export function go(to: Screen): void {
  screen.value = to;
  trouble.value = "";
  touched();
}
