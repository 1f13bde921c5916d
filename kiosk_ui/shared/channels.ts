// The ways to pay, and the one that was chosen. Whoever does not care takes "any": the first that works. Another way may be taken at any
// time: the server closes what was begun before, so that nothing is charged twice.
import { signal } from "@preact/signals";
import { call } from "./api";
import { named } from "./i18n";
import { readable } from "./i18n/readable";
import type { Channel } from "./wire";

export const ANY = "any";

export const channels = signal<readonly Channel[]>([]);
export const chosen = signal<string>(ANY);

/** Ask which ways there are; without an answer the choice is simply not offered. */
export async function loadChannels(): Promise<void> {
  try {
    channels.value = await call<Channel[]>("/payments/channels");
  } catch {
    // The page can be paid from all the same.
  }
}

/** A channel as people call it; one that is not offered here any more in readable form. */
export function channelName(name: string): string {
  const found = channels.value.find((one) => one.name === name);
  return found ? named(found) : readable(name);
}

/** The ways that somebody can finish alone on this screen. */
export function alone(inside: boolean): Channel[] {
  return channels.value.filter((one) => !one.attended && (one.method !== "in_app" || inside));
}

/** Something failed on a way: it is no longer the chosen one, and which ones have trouble is asked anew. */
export function chooseAnother(): void {
  chosen.value = ANY;
  void loadChannels();
}
