// The bays as they are believed: read whole when the map opens and whenever the line is back, kept true by the live feed between.
// A change is noted at once and told once a frame, so that two thousand changes cost one drawing.
import { effect, signal } from "@preact/signals";
import { call } from "../shared/api";
import { LiveFeed } from "../shared/live";
import type { BayRow, BayValue } from "../shared/wire";

/** What is drawn of a bay: what is believed of it, or that nobody may use it. */
export type BayState = "free" | "taken" | "unknown" | "out";
export const STATES: readonly BayState[] = ["free", "taken", "unknown", "out"];
export type Tally = Readonly<Record<BayState, number>>;

const READ_AGAIN_MS = 60_000; // what the feed does not tell: a bay that was coned off, why one is not believed
const ASK_WHY_MS = 1_500;
const TELL_MS = 500; // words change twice a second at most; the drawing follows every frame

const bays = new Map<string, BayRow>();
export const bayFeed = new LiveFeed(() => "bay");
/** Counts up when the words about bays should be written anew. */
export const told = signal(0);
/** null: never read; else when the whole of it was last read. */
export const readAt = signal<number | null>(null);
export const failed = signal(false);

let watchers: ((ids: ReadonlySet<string>) => void)[] = [];
let changed = new Set<string>();
let frame = 0;
let words = 0;
let whyTimer = 0;
let reading = false;

export const bay = (id: string): BayRow | undefined => bays.get(id);
export const everyBay = (): Iterable<BayRow> => bays.values();
export const stateOf = (row: BayRow): BayState => (row.out_of_service || row.coned_off ? "out" : row.state);

/** Call with the ids that changed, before the next frame; returns how to stop. */
export function onBays(watcher: (ids: ReadonlySet<string>) => void): () => void {
  watchers.push(watcher);
  return () => (watchers = watchers.filter((one) => one !== watcher));
}

function note(id: string): void {
  changed.add(id);
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const ids = changed;
    changed = new Set();
    for (const watcher of watchers) watcher(ids);
  });
  words ||= setTimeout(() => {
    words = 0;
    told.value += 1;
  }, TELL_MS);
}

function hear(id: string, value: BayValue): void {
  const row = bays.get(id);
  if (!row) return;
  const { state, source, at } = value;
  if (row.state === state && row.since === at) return;
  bays.set(id, { ...row, state, source, since: at, fault: null });
  note(id);
  if (state === "unknown") whyTimer ||= setTimeout(() => ((whyTimer = 0), void readBays()), ASK_WHY_MS);
}

/** Hear what differs between two readings of the feed. */
function hearNews(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): void {
  for (const [key, value] of after) if (before.get(key) !== value) hear(key.slice("bay.".length), value as BayValue);
}

/** Read every bay; what the feed says while the answer is on its way is newer than the answer. */
export async function readBays(): Promise<void> {
  if (reading) return;
  reading = true;
  const before = bayFeed.values.value;
  try {
    for (const row of await call<BayRow[]>("/bays")) {
      const known = bays.get(row.bay);
      bays.set(row.bay, row);
      if (!known || stateOf(known) !== stateOf(row) || known.fault !== row.fault) note(row.bay);
    }
    hearNews(before, bayFeed.values.value);
    readAt.value = Date.now();
    told.value += 1;
    failed.value = false;
  } catch {
    failed.value = true;
  } finally {
    reading = false;
  }
}

/** Follow the bays while the map is open; returns how to stop. */
export function followBays(): () => void {
  let heard = bayFeed.values.value;
  const timer = setInterval(() => void readBays(), READ_AGAIN_MS);
  const stops = [
    effect(() => {
      const values = bayFeed.values.value;
      const before = heard;
      heard = values;
      if (readAt.peek() !== null) hearNews(before, values);
    }),
    effect(() => {
      if (bayFeed.line.value === "live") void readBays();
    }),
  ];
  bayFeed.start();
  void readBays();
  return () => {
    clearInterval(timer);
    clearTimeout(whyTimer);
    whyTimer = 0;
    for (const stop of stops) stop();
    bayFeed.stop();
    bayFeed.forget();
    bays.clear();
    readAt.value = null;
    failed.value = false;
  };
}

/** How many bays stand how, by what `of` says of each; a bay of which it says nothing is left out. */
export function tally(of: (row: BayRow) => string | undefined): Map<string, Tally> {
  const found = new Map<string, Record<BayState, number>>();
  for (const row of bays.values()) {
    const key = of(row);
    if (key === undefined) continue;
    let counts = found.get(key);
    if (!counts) found.set(key, (counts = { free: 0, taken: 0, unknown: 0, out: 0 }));
    counts[stateOf(row)] += 1;
  }
  return found;
}
