// What this car still owes from an earlier day: paid from here, or disputed. A day and an amount, never a place or a time.
import { signal } from "@preact/signals";
import { call, isCertainNo, newKey } from "../shared/api";
import { ANY, chosen } from "../shared/channels";
import { why } from "../shared/i18n/problems";
import type { MyDebt, Payment, StartPayment } from "../shared/wire";
import { goAway, token } from "./stay";

const LOOK_MS = 4_000;
const KEPT_UNDER = "parking.debt";

export const debts = signal<readonly MyDebt[]>([]);
export const debtTrouble = signal("");
export const debtBusy = signal(false);
/** Where the debt that is being paid can be paid, by its id. */
export const underWay = signal<{ debt: string; url: string | null } | null>(null);

let attempt: { key: string; debt: string; channel: string } | null = null;
let timer = 0;

export async function loadDebts(): Promise<void> {
  clearTimeout(timer);
  const bearer = token.value;
  try {
    const found = await call<MyDebt[]>("/my/debts", { bearer });
    if (bearer !== token.value) return;
    debts.value = found;
    underWay.value ??= recall();
    if (underWay.value && !found.some((one) => one.debt_id === underWay.value?.debt)) follow(null);
    if (underWay.value) timer = setTimeout(() => void loadDebts(), LOOK_MS);
  } catch {
    if (bearer === token.value && underWay.value) timer = setTimeout(() => void loadDebts(), LOOK_MS);
  }
}

export function forgetDebts(): void {
  clearTimeout(timer);
  debts.value = [];
  underWay.value = null;
  debtTrouble.value = "";
  attempt = null;
}

/** Pay an earlier debt; the server closes what was begun on another way before it begins this one. */
export async function payDebt(debt: string): Promise<void> {
  const channel = chosen.value || ANY;
  if (attempt?.debt !== debt || attempt.channel !== channel) attempt = { key: newKey(), debt, channel };
  debtBusy.value = true;
  debtTrouble.value = "";
  try {
    const begun = await call<Payment>(`/my/debts/${encodeURIComponent(debt)}/payments`, {
      bearer: token.value,
      body: { channel } satisfies StartPayment,
      idempotencyKey: attempt.key,
    });
    if (begun.state === "FAILED" || begun.state === "CLOSED") attempt = null;
    else follow({ debt, url: begun.pay_url ?? null });
    if (begun.pay_url) goAway(begun.pay_url);
    void loadDebts();
  } catch (failure) {
    if (isCertainNo(failure)) attempt = null;
    debtTrouble.value = why(failure);
  } finally {
    debtBusy.value = false;
  }
}

/** It is not owed, says the driver; nobody collects it until somebody has decided. */
export async function disputeDebt(debt: string, reason: string): Promise<boolean> {
  debtBusy.value = true;
  debtTrouble.value = "";
  try {
    await call(`/my/debts/${encodeURIComponent(debt)}/dispute`, { bearer: token.value, body: { reason } });
    await loadDebts();
    return true;
  } catch (failure) {
    debtTrouble.value = why(failure);
    return false;
  } finally {
    debtBusy.value = false;
  }
}

function follow(what: { debt: string; url: string | null } | null): void {
  underWay.value = what;
  try {
    if (what) sessionStorage.setItem(KEPT_UNDER, JSON.stringify({ token: token.value, what }));
    else sessionStorage.removeItem(KEPT_UNDER);
  } catch {
    // Then the page asks anew after a reload.
  }
}

function recall(): { debt: string; url: string | null } | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_UNDER) ?? "null") as { token: string; what: { debt: string; url: string | null } } | null;
    return kept?.token === token.value ? kept.what : null;
  } catch {
    return null;
  }
}
