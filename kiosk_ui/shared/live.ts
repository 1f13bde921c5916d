// The live feed: one snapshot, then deltas by key. A lost line is shown at once and resumed by itself; what was
// known stays on the screen, marked with the moment it was known. Where no websocket gets through, server-sent events do.
import { signal, type Signal } from "@preact/signals";
import type { LiveEvent } from "./wire";

export type Line = "connecting" | "live" | "lost";

interface Frame {
  type: string;
  epoch?: string;
  seq: number;
  values?: Record<string, unknown>;
  events?: LiveEvent[];
}

/** A line that is open or about to be; what it has to say it says to `Ears`. */
interface Wire {
  close(): void;
}

interface Ears {
  opened(): void;
  said(text: string): void;
  ended(): void;
}

const EVENTS_KEPT = 50;
const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 8_000;
const QUIET_MS = 20_000; // after this silence the line is tried: a dead line does not say so itself
const PROBE_MS = 5_000;

export class LiveFeed {
  readonly line: Signal<Line> = signal<Line>("connecting");
  readonly values: Signal<ReadonlyMap<string, unknown>> = signal(new Map());
  readonly events: Signal<readonly LiveEvent[]> = signal([]);
  /** When the values on the screen were last known to be true (milliseconds), or null before the first snapshot. */
  readonly asOf: Signal<number | null> = signal(null);

  private wire: Wire | null = null;
  private byStream = false;
  private epoch: string | null = null;
  private seq = 0;
  private retryMs = RETRY_FIRST_MS;
  private retryTimer = 0;
  private quietTimer = 0;
  private stopped = false;

  /** `topics` as the server names them; `beforeConnect` may veto a connection (a session that has ended), before every attempt. */
  constructor(
    private readonly topics: () => string,
    private readonly beforeConnect: () => Promise<boolean> = async () => true,
  ) {}

  start(): void {
    this.stopped = false;
    addEventListener("online", this.retryNow);
    addEventListener("offline", this.drop);
    document.addEventListener("visibilitychange", this.retryNow);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    removeEventListener("online", this.retryNow);
    removeEventListener("offline", this.drop);
    document.removeEventListener("visibilitychange", this.retryNow);
    clearTimeout(this.retryTimer);
    this.close();
  }

  /** What was true when the page was last open, until the server says what is. */
  seed(values: Iterable<[string, unknown]>, at: number): void {
    if (this.asOf.value !== null) return;
    this.values.value = new Map(values);
    this.asOf.value = at;
  }

  /** Drop everything that was shown; the next start asks for a whole snapshot. */
  forget(): void {
    this.epoch = null;
    this.seq = 0;
    this.values.value = new Map();
    this.events.value = [];
    this.asOf.value = null;
    this.line.value = "connecting";
  }

  private async connect(): Promise<void> {
    clearTimeout(this.retryTimer);
    try {
      if (!(await this.beforeConnect())) return this.retryLater();
    } catch {
      return this.retryLater();
    }
    if (this.stopped || this.wire) return;
    const query = new URLSearchParams({ topics: this.topics() });
    if (this.epoch) {
      query.set("epoch", this.epoch);
      query.set("since", String(this.seq));
    }
    let hasOpened = false;
    const mine: Wire = (this.byStream ? stream : socket)(query, {
      opened: () => {
        hasOpened = true;
        if (this.wire !== mine) return;
        // After a resume the server may have nothing to say: an open line is a live line once there was a snapshot.
        if (this.epoch) this.alive();
        this.watchSilence();
      },
      said: (text) => {
        if (this.wire === mine) this.take(JSON.parse(text) as Frame);
      },
      ended: () => {
        if (!hasOpened) this.byStream = !this.byStream; // a way that does not open gives the other one its turn
        if (this.wire === mine) this.drop();
      },
    });
    this.wire = mine;
  }

  private take(frame: Frame): void {
    if (frame.type === "snapshot") {
      this.epoch = frame.epoch ?? null;
      this.values.value = new Map(Object.entries(frame.values ?? {}).filter(([, value]) => value !== null));
      this.events.value = newestFirst(frame.events ?? []);
    } else if (frame.type === "delta") {
      if (frame.seq <= this.seq) return; // seen before the line was resumed
      const values = new Map(this.values.value);
      for (const [key, value] of Object.entries(frame.values ?? {})) {
        if (value === null) values.delete(key);
        else values.set(key, value);
      }
      this.values.value = values;
      if (frame.events?.length) this.events.value = newestFirst([...[...this.events.value].reverse(), ...frame.events]);
    } else {
      return;
    }
    this.seq = frame.seq;
    this.alive();
    this.watchSilence();
  }

  private alive(): void {
    this.retryMs = RETRY_FIRST_MS;
    this.asOf.value = Date.now();
    this.line.value = "live";
  }

  private readonly drop = (): void => {
    this.close();
    this.line.value = "lost";
    this.retryLater();
  };

  private readonly retryNow = (): void => {
    if (this.stopped || this.wire || document.visibilityState === "hidden") return;
    this.retryMs = RETRY_FIRST_MS;
    void this.connect();
  };

  private retryLater(): void {
    if (this.stopped) return;
    if (this.line.value !== "live") this.line.value = "lost";
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void this.connect(), this.retryMs * (0.75 + Math.random() / 2));
    this.retryMs = Math.min(this.retryMs * 2, RETRY_LONGEST_MS);
  }

  private close(): void {
    clearTimeout(this.quietTimer);
    const wire = this.wire;
    this.wire = null;
    wire?.close();
  }

  private watchSilence(): void {
    clearTimeout(this.quietTimer);
    this.quietTimer = setTimeout(() => void this.probe(), QUIET_MS);
  }

  private async probe(): Promise<void> {
    const wire = this.wire;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PROBE_MS);
    try {
      const reply = await fetch("/healthz", { signal: stop.signal, cache: "no-store" });
      if (this.wire !== wire || !wire) return;
      if (!reply.ok) return this.drop();
      this.asOf.value = Date.now();
      this.watchSilence();
    } catch {
      if (this.wire === wire && wire) this.drop();
    } finally {
      clearTimeout(timer);
    }
  }
}

function socket(query: URLSearchParams, ears: Ears): Wire {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const made = new WebSocket(`${scheme}://${location.host}/api/v1/live?${query.toString()}`);
  made.onopen = () => ears.opened();
  made.onmessage = (message) => ears.said(String(message.data));
  made.onclose = () => ears.ended();
  return made;
}

function stream(query: URLSearchParams, ears: Ears): Wire {
  const made = new EventSource(`/api/v1/live/stream?${query.toString()}`);
  made.onopen = () => ears.opened();
  made.onmessage = (message) => ears.said(String(message.data));
  made.onerror = () => {
    made.close(); // when to try again is for the feed to say
    ears.ended();
  };
  return made;
}

function newestFirst(events: readonly LiveEvent[]): LiveEvent[] {
  // An event that comes twice counts once; of two at the same moment, the one that came later is the newer.
  const byId = new Map(events.map((event, order) => [event.id, { event, order }]));
  const sorted = [...byId.values()].sort((a, b) => Date.parse(b.event.at) - Date.parse(a.event.at) || b.order - a.order);
  return sorted.slice(0, EVENTS_KEPT).map(({ event }) => event);
}

/** The values under one prefix, `zone.` say, as [id, value] in the order of their ids. */
export function under<T>(values: ReadonlyMap<string, unknown>, prefix: string): [string, T][] {
  const found: [string, T][] = [];
  for (const [key, value] of values) if (key.startsWith(prefix)) found.push([key.slice(prefix.length), value as T]);
  return found.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
}
