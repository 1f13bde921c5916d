// Calls for help and the emergency, as the server has them. The live feed says when to look again; a timer sees to the rest.
import { signal } from "@preact/signals";
import { call } from "../shared/api";
import { setServerTime } from "../shared/tick";
import type { Call, CallPage, EmergencyState, SayToCaller, WithNote, WithReason } from "../shared/wire";
import { keepFresh } from "./fresh";

const LOOK_AGAIN_MS = 10_000;
const NEWS = new Set(["LaneCalled", "LaneCallEnded", "CallChanged", "EmergencyChanged"]);

export const calls = signal<readonly Call[]>([]);
export const emergency = signal<EmergencyState | null>(null);
/** The last look found nobody: what is shown may be old. */
export const unread = signal(false);

export async function look(): Promise<void> {
  try {
    const [page, state] = await Promise.all([call<CallPage>("/calls"), call<EmergencyState>("/emergency")]);
    setServerTime(page.now);
    calls.value = page.items;
    emergency.value = state;
    unread.value = false;
  } catch {
    unread.value = true;
  }
}

/** Look now, at every news, and from time to time; returns how to stop. */
export function keepLooking(): () => void {
  const stop = keepFresh(look, (event) => NEWS.has(event.type), LOOK_AGAIN_MS);
  return () => {
    stop();
    calls.value = [];
    emergency.value = null;
  };
}

const at = (id: string): string => `/calls/${encodeURIComponent(id)}`;

async function done<T>(deed: Promise<T>): Promise<T> {
  try {
    return await deed;
  } finally {
    void look();
  }
}

export const take = (id: string): Promise<Call> => done(call<Call>(`${at(id)}/take`, { method: "POST" }));
export const handBack = (id: string): Promise<Call> => done(call<Call>(`${at(id)}/hand-back`, { method: "POST" }));
export const finish = (id: string, note: string): Promise<Call> =>
  done(call<Call>(`${at(id)}/end`, { body: { note } satisfies WithNote }));
export const tellCaller = (id: string, words: SayToCaller): Promise<Call> => done(call<Call>(`${at(id)}/say`, { body: words }));
export const openFor = (id: string, reason: string, key: string): Promise<unknown> =>
  done(call(`${at(id)}/open`, { body: { reason } satisfies WithReason, idempotencyKey: key }));
export const beginEmergency = (reason: string, key: string): Promise<unknown> =>
  done(call("/emergency/begin", { body: { reason } satisfies WithReason, idempotencyKey: key }));
export const endEmergency = (reason: string, key: string): Promise<unknown> =>
  done(call("/emergency/end", { body: { reason } satisfies WithReason, idempotencyKey: key }));
