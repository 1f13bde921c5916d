// Notes at this machine: the conversation with the acceptor, asked for while it lasts. What was put in is the server's to count; leaving
// ends the conversation there, and whoever still has money in it is not left without seeing where it goes.
import { computed, signal } from "@preact/signals";
import { call, isCertainNo, newKey } from "../shared/api";
import { why } from "../shared/i18n/problems";
import type { CashSession, KioskWays, Money } from "../shared/wire";
import { busy, deviceKey, go, payAway, screen, stay, token, touched, trouble } from "./state";

const ASK_MS = 600;

/** What this machine itself takes besides a phone's code: notes, the cards of the terminal beside it. */
export const ways = signal<KioskWays | null>(null);
export const cash = signal<CashSession | null>(null);
/** The coins that came out with the payment that was just made. */
export const change = signal<Money | null>(null);
/** Whether somebody's notes are in the machine, or on their way. */
export const engaged = computed(() => cash.value !== null && (cash.value.state !== "over" || cash.value.owed.amount > 0));

/** Where the conversation goes on when this part of it is over. */
interface Ends {
  paid(): void;
  back(): void;
}

let ends: Ends = { paid: () => undefined, back: () => undefined };
let beginKey = "";
let timer = 0;

export function whenCashEnds(then: Ends): void {
  ends = then;
}

/** Ask what can be paid with here, for this sum; without an answer only the phone is offered. */
export async function loadWays(): Promise<void> {
  const due = stay.value?.state === "open" ? stay.value.bill.due.amount : 0;
  try {
    ways.value = await call<KioskWays>(`/kiosk/ways?due=${due}`, { bearer: deviceKey });
  } catch {
    // The connection bar says so already; what was known stands.
  }
}

export async function payCash(): Promise<void> {
  if (busy.value || !stay.value) return;
  const mine = token.value;
  beginKey ||= newKey();
  cash.value = null;
  go("cash");
  busy.value = true;
  try {
    const body = { stay_token: mine, due: stay.value.bill.due };
    const begun = await call<CashSession>("/kiosk/cash/sessions", { bearer: deviceKey, body, idempotencyKey: beginKey });
    if (mine !== token.value) return void cancel(begun.session_id);
    take(begun);
  } catch (failure) {
    if (mine !== token.value) return;
    if (isCertainNo(failure)) beginKey = "";
    trouble.value = why(failure);
    void loadWays();
  } finally {
    if (mine === token.value) busy.value = false;
  }
}

function take(news: CashSession): void {
  const before = cash.value;
  if (!before || before.state !== news.state || before.inserted.amount !== news.inserted.amount || before.given.amount !== news.given.amount) touched();
  cash.value = news;
  clearTimeout(timer);
  if (news.state !== "over") timer = setTimeout(() => void ask(news.session_id), ASK_MS);
  else over(news);
}

function over(news: CashSession): void {
  beginKey = "";
  if (news.owed.amount > 0) return; // the slip stays in sight
  if (news.why === "paid") return finish();
  if (news.given.amount === 0) backFromCash();
}

async function ask(id: string): Promise<void> {
  try {
    const news = await call<CashSession>(`/kiosk/cash/sessions/${encodeURIComponent(id)}`, { bearer: deviceKey });
    if (cash.value?.session_id !== id) return;
    payAway.value = false;
    take(news);
  } catch {
    if (cash.value?.session_id !== id) return;
    payAway.value = true;
    timer = setTimeout(() => void ask(id), 2 * ASK_MS);
  }
}

async function cancel(id: string): Promise<void> {
  try {
    const news = await call<CashSession>(`/kiosk/cash/sessions/${encodeURIComponent(id)}/cancel`, { method: "POST", bearer: deviceKey, idempotencyKey: newKey() });
    if (cash.value?.session_id === id) take(news);
  } catch {
    // Nobody asks for it any more then, and the server ends it by itself.
  }
}

/** No more notes: what was put in comes back. */
export function cancelCash(): void {
  touched();
  if (cash.value) void cancel(cash.value.session_id);
  else backFromCash();
}

/** The slip was seen, or what came back was taken. */
export function seen(): void {
  if (cash.value?.why === "paid") finish();
  else backFromCash();
}

function finish(): void {
  change.value = cash.value && cash.value.given.amount > 0 ? cash.value.given : null;
  stopAsking();
  ends.paid();
}

function backFromCash(): void {
  stopAsking();
  if (screen.value === "cash") ends.back();
}

function stopAsking(): void {
  clearTimeout(timer);
  cash.value = null;
  payAway.value = false;
}

/** Whoever stood here has gone: the conversation ends, and nothing of it is kept on this page. */
export function forgetCash(): void {
  const known = cash.value;
  stopAsking();
  beginKey = "";
  change.value = null;
  if (known && known.state === "open") void cancel(known.session_id);
}
