// What is looked at (in the address, so that a link can be sent) and what the server says of it; old figures stay, and say that they are old.
import { signal } from "@preact/signals";
import { call } from "../shared/api";
import { why } from "../shared/i18n/problems";
import type { DwellRow, FigureChoices, FlowRow, OccupancyRow, RatingsRow, RevenueRow } from "../shared/wire";

export type Span = "day" | "week" | "month";
export interface Rows {
  flow: FlowRow[];
  dwell: DwellRow[];
  dwellAll: DwellRow[];
  occupancy: OccupancyRow[];
  revenue: RevenueRow[];
  ratings: RatingsRow[];
  bounds: number[];
}
export type What = "flow" | "dwell" | "occupancy" | "revenue" | "ratings";

export const span = signal<Span>("day");
/** A day of the span, ISO; "" until the server has said what day it is. */
export const day = signal("");
export const only = signal<{ lane: string; lot: string; class: string }>({ lane: "", lot: "", class: "" });
export const choices = signal<FigureChoices | null>(null);
export const rows = signal<Rows | null>(null);
export const asOf = signal<number | null>(null);
export const reading = signal(false);
export const trouble = signal("");

let turn = 0;

const date = (iso: string): Date => new Date(`${iso}T12:00:00Z`);
const iso = (at: Date): string => at.toISOString().slice(0, 10);

export function moved(from: string, days: number): string {
  const at = date(from);
  at.setUTCDate(at.getUTCDate() + days);
  return iso(at);
}

/** First and last day of the span that a day lies in; weeks begin on Monday. */
export function bounds(of: string = day.value, by: Span = span.value): [string, string] {
  if (by === "day") return [of, of];
  const at = date(of);
  if (by === "week") {
    const monday = moved(of, -((at.getUTCDay() + 6) % 7));
    return [monday, moved(monday, 6)];
  }
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0, 12));
  return [`${of.slice(0, 7)}-01`, iso(last)];
}

/** One span on, or back. */
export function step(way: 1 | -1): void {
  const [first, last] = bounds();
  day.value = way > 0 ? moved(last, 1) : moved(first, -1);
}

/** Every period of the span as the server names it, so that an hour without a car has its place. */
export function periods(): string[] {
  const [first, last] = bounds();
  if (span.value === "day") return Array.from({ length: 24 }, (_, hour) => `${first}T${String(hour).padStart(2, "0")}`);
  const found = [];
  for (let one = first; one <= last; one = moved(one, 1)) found.push(one);
  return found;
}

export function question(what: What, whole = false): string {
  const [since, until] = bounds();
  const asked = new URLSearchParams({ since, until, by: whole ? "month" : span.value === "day" && what !== "ratings" ? "hour" : "day" });
  const allowed = what === "occupancy" ? [] : what === "ratings" ? (["lane"] as const) : (["lane", "lot", "class"] as const);
  for (const name of allowed) if (only.value[name]) asked.set(name, only.value[name]);
  if (what === "ratings") asked.set("split", "lane");
  return asked.toString();
}

async function all<T>(what: What, whole = false): Promise<{ rows: T[]; bounds_min?: number[] }> {
  const found: T[] = [];
  let after = "";
  for (;;) {
    const page = await call<{ rows: T[]; next: string | null; bounds_min?: number[] }>(`/figures/${what}?${question(what, whole)}&after=${encodeURIComponent(after)}`);
    found.push(...page.rows);
    if (page.next === null) return page.bounds_min ? { rows: found, bounds_min: page.bounds_min } : { rows: found };
    after = page.next;
  }
}

/** Read what is asked for; an answer that was overtaken by another question is dropped. */
export async function read(): Promise<void> {
  const mine = ++turn;
  reading.value = true;
  try {
    const offered = await call<FigureChoices>("/figures");
    if (mine !== turn) return;
    choices.value = offered;
    if (!day.value) day.value = offered.today;
    const [flow, dwell, dwellAll, occupancy, revenue, ratings] = await Promise.all([
      all<FlowRow>("flow"),
      all<DwellRow>("dwell"),
      all<DwellRow>("dwell", true),
      all<OccupancyRow>("occupancy"),
      all<RevenueRow>("revenue"),
      all<RatingsRow>("ratings"),
    ]);
    if (mine !== turn) return;
    rows.value = {
      flow: flow.rows,
      dwell: dwell.rows,
      dwellAll: dwellAll.rows,
      occupancy: occupancy.rows,
      revenue: revenue.rows,
      ratings: ratings.rows,
      bounds: dwell.bounds_min ?? [],
    };
    asOf.value = Date.now();
    trouble.value = "";
  } catch (failure) {
    if (mine === turn) trouble.value = why(failure);
  } finally {
    if (mine === turn) reading.value = false;
  }
}
