// Calling a person, seen by whoever presses: pressed, waiting, answered, over. Pressing again while it rings is the same call.
// A phone finds its call again after a reload or a trip to a payment page; a kiosk belongs to whoever stands there, and keeps none.
import { signal } from "@preact/signals";
import { call, isRefused, Problem } from "./api";
import { why } from "./i18n/problems";
import type { MyCall, Press } from "./wire";

const ASK_MS = 2_500;
const OVER_SHOWN_MS = 12_000;

/** Where a page keeps the id of the call that is under way; empty where there is none. */
export interface CallMemory {
  keep(id: string): void;
  recall(): string;
}

const NO_MEMORY: CallMemory = { keep: () => undefined, recall: () => "" };

export class Caller {
  readonly state = signal<MyCall["state"] | null>(null);
  readonly busy = signal(false);
  readonly trouble = signal("");
  /** What the operator told whoever called. */
  readonly said = signal<MyCall["said"]>(null);
  /** The call that is shown was under way when this page came. */
  readonly found = signal(false);
  private id = "";
  private timer = 0;

  /** `base` is /my or /kiosk; `bearer` and `lane` are asked for at every press. */
  constructor(
    private readonly base: string,
    private readonly bearer: () => string,
    private readonly lane: () => string | null = () => null,
    private readonly memory: CallMemory = NO_MEMORY,
  ) {}

  /** The page is here (again): a call that it has kept goes on, with what was said meanwhile. */
  goOn(): void {
    this.forget();
    this.id = this.memory.recall();
    this.found.value = this.id !== "";
    if (this.id) void this.ask();
  }

  async press(): Promise<void> {
    await this.say("/calls", { lane_id: this.lane() } satisfies Press);
  }

  async hangUp(): Promise<void> {
    if (this.id) await this.say(`/calls/${encodeURIComponent(this.id)}/end`);
  }

  /** Nobody is here any more: what was said belongs to nobody. The call itself stays until somebody answers. */
  forget(): void {
    clearTimeout(this.timer);
    this.id = "";
    this.said.value = this.state.value = null;
    this.found.value = false;
    this.trouble.value = "";
  }

  private async say(path: string, body?: Press): Promise<void> {
    this.busy.value = true;
    this.trouble.value = "";
    try {
      this.take(await call<MyCall>(this.base + path, { method: "POST", body, bearer: this.bearer() }));
    } catch (failure) {
      this.trouble.value = why(failure);
    } finally {
      this.busy.value = false;
    }
  }

  private take(said: MyCall): void {
    this.id = said.call_id;
    this.memory.keep(said.call_id);
    this.state.value = said.state;
    this.said.value = said.said;
    clearTimeout(this.timer);
    const over = said.state === "ended";
    this.timer = setTimeout(() => (over ? this.lose() : void this.ask()), over ? OVER_SHOWN_MS : ASK_MS);
  }

  private async ask(): Promise<void> {
    const asked = this.id;
    try {
      const answer = await call<MyCall>(`${this.base}/calls/${encodeURIComponent(asked)}`, { bearer: this.bearer() });
      if (asked === this.id) this.take(answer);
    } catch (failure) {
      if (asked !== this.id) return;
      if (isRefused(failure) || (failure instanceof Problem && failure.status === 404)) return this.lose();
      this.timer = setTimeout(() => void this.ask(), ASK_MS);
    }
  }

  /** Over, and shown for long enough; or the server knows no such call of ours. */
  private lose(): void {
    this.memory.keep("");
    this.forget();
  }
}
