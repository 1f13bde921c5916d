// Where there is room: our own levels, a way to a bay, the lots next door. Asked again every quarter of a minute; what is
// old is shown as old. Nobody says who he is: a way has a code of its own, kept for as long as the tab lives.
import { signal } from "@preact/signals";
import { call, Problem } from "../shared/api";
import type { AskBay, AskNext, AvailabilityPage, BayWay, BayWayChoices, NextWay, OverflowPage } from "../shared/wire";

const AGAIN_MS = 15_000;
const AWAY_MS = 4_000;
const KEPT_UNDER = "parking.guide";

export type Wish = NonNullable<AskBay["wish"]>;
export type Trouble = "lost" | "busy" | "gone_full";

export const bays = signal<AvailabilityPage | null>(null);
export const nextDoor = signal<OverflowPage | null>(null);
export const away = signal(false);
export const asOf = signal<number | null>(null);
export const choices = signal<BayWayChoices>({ lanes: [], entrances: [] });
export const wish = signal<Wish>("ordinary");
export const lane = signal("");
export const entrance = signal("");
export const way = signal<BayWay | null>(null);
export const trip = signal<NextWay | null>(null);
export const asking = signal<"" | "bay" | "next">("");
export const trouble = signal<Trouble | null>(null);

let timer = 0;
let full: string[] = [];

export function begin(): void {
  const said = new URLSearchParams(location.hash.slice(1));
  lane.value = said.get("lane") ?? "";
  entrance.value = said.get("to") ?? "";
  recall();
  addEventListener("online", () => void refresh());
  addEventListener("offline", () => (away.value = true));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void refresh());
  void askChoices();
  void refresh();
}

async function askChoices(): Promise<void> {
  try {
    const found = await call<BayWayChoices>("/bays/way");
    choices.value = found;
    if (!found.lanes.some((one) => one.id === lane.value)) lane.value = found.lanes[0]?.id ?? "";
    if (!found.entrances.some((one) => one.id === entrance.value)) entrance.value = "";
  } catch {
    setTimeout(() => void askChoices(), AWAY_MS);
  }
}

export async function refresh(): Promise<void> {
  clearTimeout(timer);
  try {
    const [own, others] = await Promise.all([call<AvailabilityPage>("/availability"), call<OverflowPage>("/overflow")]);
    bays.value = own;
    nextDoor.value = others;
    asOf.value = Date.parse(own.at);
    away.value = false;
    timer = setTimeout(() => void refresh(), AGAIN_MS);
  } catch {
    away.value = true;
    timer = setTimeout(() => void refresh(), AWAY_MS);
  }
}

/** A way to a free bay; asked again, the one before is given up. */
export async function toBay(): Promise<void> {
  asking.value = "bay";
  trouble.value = null;
  const body: AskBay = { wish: wish.value, lane: lane.value, entrance: entrance.value, code: way.value?.code ?? "" };
  try {
    way.value = await call<BayWay>("/bays/way", { body });
  } catch (failure) {
    trouble.value = troubleOf(failure);
  } finally {
    asking.value = "";
  }
}

/** A way next door: to the lot that the driver chose, or to the best one. */
export async function toNext(lot = ""): Promise<void> {
  asking.value = "next";
  trouble.value = null;
  const body: AskNext = { code: trip.value?.code ?? "", lot, full };
  try {
    trip.value = await call<NextWay>("/overflow/ways", { body });
    keep();
    void refresh();
  } catch (failure) {
    trouble.value = troubleOf(failure);
    void refresh();
  } finally {
    asking.value = "";
  }
}

/** The lot was full when the driver got there: it is not named to him again. */
export async function wasFull(): Promise<void> {
  const lot = trip.value?.to?.lot;
  if (!lot) return;
  full = [...new Set([...full, lot])];
  await toNext();
}

export function endTrip(): void {
  trip.value = null;
  full = [];
  keep();
}

function troubleOf(failure: unknown): Trouble {
  if (failure instanceof Problem) return failure.status === 409 ? "gone_full" : "busy";
  return "lost";
}

function keep(): void {
  try {
    sessionStorage.setItem(KEPT_UNDER, JSON.stringify({ trip: trip.value, full }));
  } catch {
    // Storage may be forbidden.
  }
}

function recall(): void {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_UNDER) ?? "{}") as { trip?: NextWay | null; full?: string[] };
    trip.value = kept.trip ?? null;
    full = kept.full ?? [];
  } catch {
    // Nothing kept, or storage forbidden.
  }
}
