// The invoice of what was paid here: asked for once (one key, however often it is tried), then looked at until it is there.
import { signal } from "@preact/signals";
import { call, download, isCertainNo, newKey } from "../shared/api";
import { why } from "../shared/i18n/problems";
import type { AskMine, Invoice, Invoices } from "../shared/wire";
import { token } from "./stay";

const KEPT_UNDER = "parking.invoice";
const LOOK_MS = 3_000;

export const offer = signal<Invoices | null>(null);
export const invoices = signal<readonly Invoice[]>([]);
export const asking = signal(false);
export const askTrouble = signal("");

let attempt: { key: string; said: string } | null = null;
let timer = 0;

const isOver = (one: Invoice): boolean => one.has_pdf || one.state === "FAILED" || one.state === "DROPPED";

/** What can be had now; the one that was asked for from here is shown by its own id, whatever the code of the stay may see. */
export async function loadInvoices(): Promise<void> {
  clearTimeout(timer);
  const bearer = token.value;
  try {
    const found = await call<Invoices>("/my/invoices", { bearer });
    const id = asked();
    const mine = id && !found.invoices.some((one) => one.invoice_id === id) ? [await call<Invoice>(`/my/invoices/${id}`, { bearer })] : [];
    if (bearer !== token.value) return;
    offer.value = found;
    invoices.value = [...found.invoices, ...mine];
    if (invoices.value.some((one) => !isOver(one))) timer = setTimeout(() => void loadInvoices(), LOOK_MS);
  } catch {
    timer = setTimeout(() => void loadInvoices(), 5 * LOOK_MS);
  }
}

export function forgetInvoices(): void {
  clearTimeout(timer);
  offer.value = null;
  invoices.value = [];
  askTrouble.value = "";
  attempt = null;
}

export async function ask(buyer: AskMine["buyer"]): Promise<void> {
  const body: AskMine = { buyer, tickets: [] };
  const said = JSON.stringify(body);
  if (attempt?.said !== said) attempt = { key: newKey(), said };
  asking.value = true;
  askTrouble.value = "";
  try {
    const made = await call<Invoice>("/my/invoices", { bearer: token.value, body, idempotencyKey: attempt.key });
    attempt = null;
    keep(made.invoice_id);
    await loadInvoices();
  } catch (failure) {
    if (isCertainNo(failure)) attempt = null;
    askTrouble.value = why(failure);
  } finally {
    asking.value = false;
  }
}

export async function fetchPdf(invoice: Invoice): Promise<void> {
  try {
    await download(`/my/invoices/${invoice.invoice_id}/pdf`, token.value, `invoice-${invoice.number ?? ""}.pdf`);
  } catch (failure) {
    askTrouble.value = why(failure);
  }
}

function keep(id: string): void {
  try {
    sessionStorage.setItem(KEPT_UNDER, JSON.stringify({ token: token.value, id }));
  } catch {
    // Then the page forgets on reload.
  }
}

function asked(): string {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_UNDER) ?? "null") as { token: string; id: string } | null;
    return kept?.token === token.value ? kept.id : "";
  } catch {
    return "";
  }
}
