// What later stays of this car are charged to: agreed to by its driver, made on the payment company's own page, ended here at any time.
import { signal } from "@preact/signals";
import { call, isCertainNo, newKey } from "../shared/api";
import { why } from "../shared/i18n/problems";
import type { Cards, SaveCard } from "../shared/wire";
import { goAway, token } from "./stay";

const LOOK_MS = 4_000;

export const cards = signal<Cards | null>(null);
export const saving = signal(false);
export const cardTrouble = signal("");
/** Said once it has ended. */
export const cardEnded = signal(false);

let attempt: { key: string; channel: string } | null = null;
let timer = 0;

/** Read what stands; a code from a kiosk may not, and then nothing is offered. */
export async function loadCards(): Promise<void> {
  clearTimeout(timer);
  const bearer = token.value;
  try {
    const found = await call<Cards>("/my/cards", { bearer });
    if (bearer !== token.value) return;
    cards.value = found;
    if (!found.stands && found.tries.some((one) => one.state === "open")) timer = setTimeout(() => void loadCards(), LOOK_MS);
  } catch {
    if (bearer === token.value) cards.value = null;
  }
}

export function forgetCards(): void {
  clearTimeout(timer);
  cards.value = null;
  cardTrouble.value = "";
  cardEnded.value = false;
  attempt = null;
}

/** The driver has said yes; the card itself is typed on the payment company's page, never here. */
export async function save(channel: string): Promise<void> {
  if (attempt?.channel !== channel) attempt = { key: newKey(), channel };
  saving.value = true;
  cardTrouble.value = "";
  cardEnded.value = false;
  try {
    const begun = await call<Cards["tries"][number]>("/my/cards", {
      bearer: token.value,
      body: { channel, agree: true } satisfies SaveCard,
      idempotencyKey: attempt.key,
    });
    attempt = null;
    if (begun.page_url && begun.state === "open") goAway(begun.page_url);
    else await loadCards();
  } catch (failure) {
    if (isCertainNo(failure)) attempt = null;
    cardTrouble.value = why(failure);
  } finally {
    saving.value = false;
  }
}

export async function end(agreementId: string): Promise<void> {
  saving.value = true;
  cardTrouble.value = "";
  try {
    await call(`/my/cards/${encodeURIComponent(agreementId)}`, { method: "DELETE", bearer: token.value });
    cardEnded.value = true;
    await loadCards();
  } catch (failure) {
    cardTrouble.value = why(failure);
  } finally {
    saving.value = false;
  }
}
