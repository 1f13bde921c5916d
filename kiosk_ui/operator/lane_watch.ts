// One lane's last vehicles as the server has them: read again at every word of that lane; what is shown of them, and whether in clear.
import { computed, signal } from "@preact/signals";
import { call } from "../shared/api";
import { setServerTime } from "../shared/tick";
import type { LaneVisit, LaneVisits } from "../shared/wire";
import { calls } from "./help";
import { keepFresh } from "./fresh";

const LOOK_AGAIN_MS = 30_000;

export const lane = signal("");
export const visits = signal<LaneVisits | null>(null);
/** The last look found nobody: what is shown may be old. */
export const unread = signal(false);
/** By right, and only while somebody asks for it: every plate, each look on record. */
export const clear = signal(false);
/** The picture of each new vehicle is shown, until somebody says otherwise. */
export const watching = signal(false);
/** The vehicle that is looked at; empty: whichever came last. */
export const picked = signal("");

export const shown = computed<LaneVisit | null>(() => {
  const all = (visits.value?.items ?? []) as LaneVisit[];
  return all.find((one) => one.visit_id === picked.value) ?? all[0] ?? null;
});

/** Whoever has taken a vehicle's call sees its picture without asking once more. */
export const mine = computed(() => calls.value.some((one) => one.mine && one.visit_id !== null && one.visit_id === shown.value?.visit_id));

export async function look(): Promise<void> {
  const asked = lane.value;
  try {
    const found = await call<LaneVisits>(`/lanes/${encodeURIComponent(asked)}/visits${clear.value ? "?clear=true" : ""}`);
    if (lane.value !== asked) return;
    setServerTime(found.now);
    visits.value = found;
    unread.value = false;
  } catch {
    if (lane.value === asked) unread.value = true;
  }
}

/** Watch a lane; returns how to stop. */
export function keepWatch(id: string): () => void {
  lane.value = id;
  visits.value = null;
  unread.value = false;
  clear.value = false;
  picked.value = "";
  const stop = keepFresh(look, (event) => event.lane_id === id, LOOK_AGAIN_MS);
  return () => {
    stop();
    lane.value = "";
    watching.value = false;
  };
}

export function showClear(yes: boolean): void {
  clear.value = yes;
  void look();
}

/** The vehicle before or after the one that is looked at. */
export function step(by: 1 | -1): void {
  const all = visits.value?.items ?? [];
  const at = all.findIndex((one) => one.visit_id === shown.value?.visit_id);
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (next) pick(next.visit_id);
}

/** Look at a vehicle; the newest of all stays the newest, whoever comes. */
export function pick(id: string): void {
  picked.value = id === visits.value?.items[0]?.visit_id ? "" : id;
}
